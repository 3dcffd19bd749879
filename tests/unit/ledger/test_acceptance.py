"""Notes of people who accept a suspect day."""

from datetime import UTC, datetime

import pytest

from resources.ledger import acceptance

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


def test_a_note_is_about_one_capture_and_stays(tmp_path):
    acceptance.accept(tmp_path, "one", NOW, "me", "nothing was pushed")
    acceptance.accept(tmp_path, "two", NOW, "you", "still nothing")
    assert acceptance.is_accepted(tmp_path, "one")
    assert not acceptance.is_accepted(tmp_path, "three")
    assert [note["by"] for note in acceptance.accepted(tmp_path)] == ["me", "you"]


def test_a_damaged_note_accepts_nothing_and_is_never_replaced(tmp_path):
    acceptance.accept(tmp_path, "one", NOW, "me", "why")
    path = tmp_path / acceptance.ACCEPTED
    path.write_bytes(path.read_bytes().replace(b"me", b"mi"))
    damaged = path.read_bytes()
    assert not acceptance.is_accepted(tmp_path, "one")
    with pytest.raises(ValueError, match="."):
        acceptance.accept(tmp_path, "two", NOW, "me", "why")
    assert path.read_bytes() == damaged


def test_a_day_without_captures_has_no_notes(tmp_path):
    assert acceptance.accepted(tmp_path / "none") == []
