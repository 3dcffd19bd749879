"""Findings of verify: how a file can be repaired."""

from datetime import date
from pathlib import Path

import pytest

from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.findings import Severity
from resources.verify.findings import FindingKind, Place, Repair, leftover, unverified


@pytest.fixture
def place(tmp_path):
    def make(day, name="edge_stat"):
        environ = {
            "LIVESTATS_HOME": str(tmp_path / "home"),
            "LIVESTATS_NOW": "2026-11-22T12:00:00+08:00",
        }
        return Place(Archive.open(environ, tmp_path), DATASETS[name], day)

    return make


def test_a_day_that_the_api_still_has_is_captured_again(place):
    repair, remedy = place(date(2026, 11, 20)).capture_again(Path("capture"))
    assert repair is Repair.CAPTURE
    assert "move capture out of the home" in remedy
    assert "--from 2026-11-20 --to 2026-11-20 --dataset edge_stat" in remedy


def test_a_day_that_the_api_has_forgotten_and_a_list_of_the_past_need_a_backup(place):
    forgotten, remedy = place(date(2024, 11, 20)).capture_again(None)
    assert forgotten is Repair.RESTORE
    assert "without a backup what it said is lost" in remedy
    assert place(date(2026, 11, 20), "domain").capture_again(None)[0] is Repair.RESTORE


def test_leftovers_are_harmless_and_damage_is_not(place):
    one = place(date(2026, 11, 20))
    left = one.finding(FindingKind.LEFTOVER, Path("x"), "a run was killed", leftover())
    damaged = one.finding(FindingKind.DAMAGED, Path("x"), "has changed", one.replay())
    assert (left.is_harmless, damaged.is_harmless) == (True, False)
    assert left.severity is Severity.WARNING


def test_what_could_not_be_looked_at_is_not_called_damaged():
    found = unverified(Path("x"), PermissionError(13, "Permission denied", "x"))
    assert found.is_unverified
    assert "leave it where it is" in found.remedy
