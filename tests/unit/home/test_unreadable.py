"""What is told of an identity file that cannot be read."""

from pathlib import Path

import pytest

from resources.home import unreadable
from resources.home.layout import Home

FILE = Path("/srv/home/archive.json")


def test_damage_is_told_with_what_mends_it():
    error = unreadable.of(FILE, ValueError("it has changed"))
    assert str(error) == f"{FILE} is damaged (it has changed). {unreadable.RESTORE}"
    assert "first_day, format, time_zone, and no sha256" in str(error)


def test_what_cannot_be_looked_at_is_not_called_damaged():
    error = unreadable.of(FILE, PermissionError(13, "Permission denied", str(FILE)))
    assert "cannot be read: Permission denied" in str(error)
    assert "leave it as it is" in str(error)


ENDLESS = '{"format": 1e999, "first_day": "2026-11-18", "time_zone": "UTC"}'


@pytest.mark.parametrize("text", ["{}", "[", "[" * 100_000, '{"format": 1}', ENDLESS])
def test_a_home_with_such_a_file_says_so(tmp_path, text):
    (tmp_path / "archive.json").write_text(text)
    with pytest.raises(unreadable.UnreadableIdentity):
        _ = Home(tmp_path).identity
