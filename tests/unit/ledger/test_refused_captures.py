"""The note that a capture's answers are refused."""

import pytest

from resources.ledger import refused_captures
from resources.ledger.refused_captures import REFUSED, clear, note, reason_of


def test_it_is_about_one_capture_and_goes_when_that_is_read(tmp_path):
    assert reason_of(tmp_path, "a") == ""
    note(tmp_path, "a", "of another day")
    assert [reason_of(tmp_path, name) for name in "ab"] == ["of another day", ""]
    clear(tmp_path)
    clear(tmp_path)
    assert reason_of(tmp_path, "a") == ""


def test_the_same_is_written_once(tmp_path, monkeypatch):
    note(tmp_path, "a", "of another day")
    monkeypatch.setattr(refused_captures.atomic, "write_atomically", pytest.fail)
    note(tmp_path, "a", "of another day")


def test_a_damaged_note_says_nothing(tmp_path):
    note(tmp_path, "a", "of another day")
    (tmp_path / REFUSED).write_bytes(b"{}")
    assert reason_of(tmp_path, "a") == ""
