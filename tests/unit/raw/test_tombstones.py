"""Tombstones beside the captures of a day."""

from dataclasses import replace
from datetime import date

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


def test_all_of_an_archive_are_found_with_their_place(tmp_path):
    folder = tmp_path / "edge_stat" / "2026-11-20"
    folder.mkdir(parents=True)
    tombstones.add(folder, ONE)
    assert [*tombstones.every(tmp_path)] == [("edge_stat", str(date(2026, 11, 20)), ONE)]


def test_a_damaged_note_is_not_replaced(tmp_path):
    (tmp_path / ERASED).write_text("{}")
    with pytest.raises(ValueError, match="changed"):
        tombstones.add(tmp_path, ONE)
    assert tombstones.erased_names(tmp_path) == frozenset()
