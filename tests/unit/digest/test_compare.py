"""An archive held against a fingerprint: what is gone, changed and added is named."""

import shutil

import pytest

from resources.digest.compare import compare, findings_of
from resources.digest.fingerprint import digest, keep_leaves
from resources.home.layout import Home
from resources.raw.captures import MANIFEST
from tests.support.restated_captures import FIRST, SECOND, THIRD, capture

ROWS = {("a.example", "one"): (1.0, 2.0)}


@pytest.fixture
def home(tmp_path):
    found = Home(tmp_path)
    capture(found, FIRST, ROWS)
    capture(found, SECOND, {("a.example", "one"): (1.0, 3.0)})
    return found


@pytest.fixture
def made(home):
    found, leaves = digest(home, SECOND)
    keep_leaves(home, found, leaves)
    return found


def forget(home):
    shutil.rmtree(home.root / "digests")


def test_an_unchanged_archive_is_proven_with_and_without_the_kept_list(home, made):
    assert compare(home, made).is_proven
    forget(home)
    assert compare(home, made).is_proven
    assert [*findings_of(home, compare(home, made))] == []


def test_later_captures_are_additions(home, made):
    later = capture(home, THIRD, {("a.example", "one"): (1.0, 4.0)})
    for _ in range(2):
        compared = compare(home, made)
        assert compared.is_proven
        assert [leaf.capture for leaf in compared.added] == [later.name.text]
        shutil.rmtree(home.root / "digests", ignore_errors=True)


def test_what_is_gone_is_named(home, made):
    folder = next(home.raw.rglob(MANIFEST)).parent
    shutil.rmtree(folder)
    compared = compare(home, made)
    assert not compared.is_proven
    (finding,) = findings_of(home, compared)
    assert (finding.kind.value, finding.subject.parent) == ("missing", folder)


def test_what_is_changed_is_named(home, made):
    path = next(home.raw.rglob(MANIFEST))
    path.write_bytes(path.read_bytes() + b"\0")
    compared = compare(home, made)
    assert not compared.is_proven
    (finding,) = findings_of(home, compared)
    assert (finding.kind.value, finding.subject) == ("damaged", path)


def test_without_the_list_a_loss_is_told_and_not_named(home, made):
    forget(home)
    shutil.rmtree(next(home.raw.rglob(MANIFEST)).parent)
    compared = compare(home, made)
    assert not compared.is_proven
    assert "covers 2 captures, 1 of its range" in compared.summary
    assert [f.kind.value for f in findings_of(home, compared)] == ["mismatch"]
