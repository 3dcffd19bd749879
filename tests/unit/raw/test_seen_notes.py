"""When a capture was last found to be what the API says."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api.catalog import DATASETS
from resources.raw import captures, seen_notes
from resources.raw.capture_writer import CaptureWriter

on_disk = settings(deadline=None, max_examples=40)  # each example waits for the disk

NOW = datetime(2026, 11, 22, 4, 0, 0, 123456, tzinfo=UTC)
DAY = date(2026, 11, 21)


@pytest.fixture
def folder(tmp_path):
    """Where the captures of one day stand."""
    return tmp_path / "raw" / "stream_count" / DAY.isoformat()


def captured(folder, *, now=NOW, after=None):
    folder.mkdir(parents=True, exist_ok=True)
    writer = CaptureWriter(folder, DATASETS["stream_count"], DAY)
    return writer.commit(writer.seal(now, 3, after, {"outside": 0}))


def test_a_day_without_a_capture_was_never_seen(folder):
    assert seen_notes.last_seen(folder) is None
    assert seen_notes.seen(folder) == []


def test_a_day_was_last_seen_when_it_was_captured_or_found_the_same(folder):
    capture = captured(folder)
    assert seen_notes.last_seen(folder) == NOW
    for days in (1, 2):
        seen_notes.note_seen(folder, capture.name, NOW + timedelta(days=days))
    assert seen_notes.last_seen(folder) == (NOW + timedelta(days=2)).replace(microsecond=0)
    assert captures.captures_in(folder) == [capture.name]


def test_a_revision_is_newer_than_notes_about_the_capture_before_it(folder):
    first = captured(folder)
    seen_notes.note_seen(folder, first.name, NOW + timedelta(days=1))
    captured(folder, now=NOW + timedelta(days=2), after=first.name)
    assert seen_notes.last_seen(folder) == NOW + timedelta(days=2)


def test_a_note_made_by_a_clock_set_back_changes_nothing(folder):
    capture = captured(folder)
    seen_notes.note_seen(folder, capture.name, NOW - timedelta(days=9))
    assert seen_notes.last_seen(folder) == NOW


@on_disk
@given(data=st.data())
def test_notes_that_are_damaged_or_half_written_break_nothing(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("notes")
    capture = captured(folder)
    seen_notes.note_seen(folder, capture.name, NOW + timedelta(days=1))
    path: Path = folder / seen_notes.SEEN
    whole = path.read_bytes()
    left = data.draw(st.integers(0, len(whole) - 1), "left")
    path.write_bytes(whole[:left] + data.draw(st.binary(max_size=3), "then"))
    assert seen_notes.last_seen(folder) in (NOW, (NOW + timedelta(days=1)).replace(microsecond=0))
    seen_notes.note_seen(folder, capture.name, NOW + timedelta(days=2))
    assert seen_notes.last_seen(folder) == (NOW + timedelta(days=2)).replace(microsecond=0)
