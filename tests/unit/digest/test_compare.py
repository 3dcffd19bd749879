"""An archive held against a fingerprint: what is gone, changed and added is named."""

import shutil
from dataclasses import replace

import pytest

from resources.digest.compare import compare, findings_of
from resources.digest.fingerprint import digest, keep_leaves
from resources.erasure import days
from resources.home.layout import Home
from resources.raw import tombstones
from resources.raw.captures import MANIFEST
from resources.raw.erasures import Erasure, Erasures, ItemKind, PlainItem
from tests.support.restated_captures import DAY, FIRST, SECOND, THIRD, TRAFFIC, capture

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


def erase(home, stream="one"):
    """Erase a stream from both captures, as `livestats erase` does."""
    item = PlainItem.parse(ItemKind.STREAM, f"a.example/live/{stream}")
    erasure = Erasure.begin(item, "2026-11-25T00:00:00+00:00", DAY)
    Erasures.of(home.raw).with_(erasure).write(home.raw)
    return days.erase(home.raw / TRAFFIC.name / str(DAY), TRAFFIC, DAY, item, erasure)


@pytest.mark.parametrize("is_kept", [True, False], ids=["with the list", "without"])
def test_what_was_erased_is_told_apart_from_what_is_gone(home, made, is_kept):
    later = capture(home, THIRD, {("b.example", "two"): (1.0, 4.0)})
    if not is_kept:
        forget(home)
    stones = erase(home)
    compared = compare(home, made)
    assert not compared.is_proven
    assert [stone for _, stone in compared.erased] == stones
    assert (compared.gone, compared.changed) == ((), ())
    assert [leaf.capture for leaf in compared.added] == [later.name.text]
    assert "0 of 2 captures have the manifest" in compared.summary
    assert "2 erased with a tombstone" in compared.summary
    found = [*findings_of(home, compared)]
    assert [(f.kind.value, f.day, f.is_harmless) for f in found] == [("erased", DAY, False)] * 2
    assert compare(home, digest(home, THIRD)[0]).is_proven


def test_a_fingerprint_between_two_erasures_is_told_without_its_list(home):
    capture(home, THIRD, {("a.example", "one"): (1.0, 4.0), ("a.example", "two"): (1.0, 4.0)})
    first, _ = digest(home, THIRD)
    erase(home)
    between, _ = digest(home, THIRD)
    erase(home, "two")
    assert [len(compare(home, one).erased) for one in (first, between)] == [3, 1]


def test_a_tombstone_of_another_manifest_excuses_nothing(home, made):
    stones = erase(home)
    folder = home.raw / TRAFFIC.name / str(DAY)
    tombstones.write(folder, [replace(stones[0], sha256="0" * 64), stones[1]])
    compared = compare(home, made)
    assert [leaf.capture for leaf in compared.gone] == [stones[0].capture]
    assert len(compared.erased) == 1
