"""The fingerprint: every byte of every manifest, day and place counts, and its text says all."""

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from resources.digest.fingerprint import (
    DigestError,
    Fingerprint,
    digest,
    keep_leaves,
    kept_leaves,
)
from resources.home.layout import Home
from resources.raw.captures import MANIFEST
from tests.support.restated_captures import DAY, FIRST, SECOND, THIRD, TRAFFIC, capture

ROWS = {("a.example", "one"): (1.0, 2.0)}


@pytest.fixture
def home(tmp_path):
    found = Home(tmp_path)
    capture(found, FIRST, ROWS)
    capture(found, SECOND, {("a.example", "one"): (1.0, 3.0)})
    return found


def test_the_text_carries_range_time_count_and_root(home):
    made, leaves = digest(home, THIRD, DAY, DAY)
    assert made.count == len(leaves) == 2
    assert made.text.startswith(f"livestats1:{DAY}..{DAY}:20261123T002000000000Z:2:")
    assert Fingerprint.parse(made.text) == made
    whole, _ = digest(home, THIRD)
    assert ":all:" in whole.text
    assert Fingerprint.parse(f" {whole.text}\n") == whole


@pytest.mark.parametrize(
    "text", ["", "livestats1:all", "livestats1:all:20261399T002000000000Z:2:" + "0" * 64]
)
def test_what_is_no_fingerprint_is_refused(text):
    with pytest.raises(DigestError, match="no fingerprint"):
        Fingerprint.parse(text)


def test_later_captures_and_other_days_do_not_count(home):
    made, _ = digest(home, SECOND - timedelta(seconds=1))
    assert made.count == 1
    assert digest(home, THIRD, DAY + timedelta(days=1), DAY + timedelta(days=1))[0].count == 0


def test_each_byte_counts(home):
    made, _ = digest(home, THIRD)
    assert digest(home, THIRD)[0] == made
    path = next(home.raw.rglob(MANIFEST))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert digest(home, THIRD)[0].root != made.root


def test_a_capture_under_another_day_gives_another_root(home):
    made, _ = digest(home, THIRD)
    folder = home.raw / TRAFFIC.name
    shutil.move(folder / str(DAY), folder / str(DAY + timedelta(days=1)))
    assert digest(home, THIRD)[0].root != made.root


def test_kept_leaves_count_only_with_the_root_of_the_fingerprint(home):
    made, leaves = digest(home, THIRD)
    keep_leaves(home, made, leaves)
    assert kept_leaves(home, made) == leaves
    keep_leaves(home, made, leaves[:1])
    assert kept_leaves(home, made) is None
    assert kept_leaves(home, replace(made, root="0" * 64)) is None


def test_a_clock_that_was_set_back_leaves_nothing_out(home):
    made, _ = digest(home, FIRST, is_now=True)
    assert (made.count, made.until) == (2, SECOND)
