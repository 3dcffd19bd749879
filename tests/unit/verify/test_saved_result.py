"""What the last verification found, as the alarms read it."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from resources.home.layout import Home
from resources.verify import saved_result
from resources.verify.findings import FileFinding, FindingKind, Repair

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def finding(home, name, kind=FindingKind.DAMAGED, day=date(2026, 11, 20)):
    return FileFinding(
        kind=kind, subject=home.root / name, text="has changed", repair=Repair.REPLAY,
        remedy="do", dataset="edge_stat", day=day,
    )  # fmt: skip


def write(home, *found, is_whole=True):
    """Save what a verification found; one of a part looked at edge_stat of 2026-11-20 only."""
    look = SimpleNamespace(
        archive=SimpleNamespace(home=home, now=lambda: NOW),
        is_whole=is_whole,
        datasets=[SimpleNamespace(name="edge_stat")],
        is_chosen=lambda day: day == date(2026, 11, 20),
    )
    saved_result.write(look, found)
    return saved_result.read(home)


def test_before_any_verification_nothing_is_known(home):
    assert saved_result.read(home) == saved_result.SavedResult()


def test_damage_is_kept_with_its_path_below_the_home_and_the_time(home):
    found = write(home, finding(home, "a"), finding(home, "b", FindingKind.BEHIND))
    assert [(one.path, one.day) for one in found.wrong] == [("a", date(2026, 11, 20))]
    assert found.at == NOW


def test_a_part_replaces_what_it_looked_at_and_nothing_else(home):
    write(home, finding(home, "a"), finding(home, "b", day=date(2026, 11, 21)))
    found = write(home, is_whole=False)
    assert [one.path for one in found.wrong] == ["b"]


def test_a_damaged_note_is_as_good_as_none(home):
    write(home, finding(home, "a"))
    (home.state / "verified.json").write_bytes(b"{")
    assert saved_result.read(home).wrong == ()
