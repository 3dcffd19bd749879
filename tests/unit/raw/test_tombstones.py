"""Tombstones beside the captures of a day."""

from dataclasses import replace

import pytest

from resources.raw import tombstones
from resources.raw.tombstones import ERASED, Tombstone

ONE = Tombstone(erasure="1", kind="domain", at="", capture="a", sha256="0", became="b", rows=1)


def test_that_of_the_same_capture_and_erasure_is_written_anew(tmp_path):
    tombstones.add(tmp_path, ONE)
    tombstones.add(tmp_path, replace(ONE, became="c"))
    tombstones.add(tmp_path, replace(ONE, capture="b", erasure="2"))
    assert [one.became for one in tombstones.of_day(tmp_path)] == ["c", "b"]
    assert tombstones.erased_names(tmp_path) == {"a", "b"}


def test_a_damaged_note_is_not_replaced(tmp_path):
    (tmp_path / ERASED).write_text("{}")
    with pytest.raises(ValueError, match="changed"):
        tombstones.add(tmp_path, ONE)
    assert tombstones.erased_names(tmp_path) == frozenset()


def test_what_is_left_of_a_capture_is_what_the_last_erasure_made_of_it(tmp_path):
    assert tombstones.left_of(tmp_path, "a") == tmp_path / "a"
    tombstones.add(tmp_path, ONE)
    tombstones.add(tmp_path, replace(ONE, capture="b", became="c", erasure="2"))
    assert {tombstones.left_of(tmp_path, one).name for one in "abc"} == {"c"}
