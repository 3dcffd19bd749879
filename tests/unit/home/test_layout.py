"""The home: made on the first run, refused where it does not fit, never half changed."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.config import Settings, SettingsError
from resources.fs import atomic, sealed
from resources.home.layout import FORMAT, Home, first_day
from tests.support.archives import contents

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
USUAL = Settings()
IDENTITY = {"format": 1, "time_zone": "Asia/Shanghai", "first_day": "2025-01-02"}
PREPARE = """
import sys
from datetime import datetime
from pathlib import Path
from resources.home.layout import Home
from resources.config import Settings
print("ready", flush=True)
sys.stdin.readline()
now = datetime.fromisoformat(sys.argv[2])
Home(Path(sys.argv[1])).prepare(Settings(), now)
"""


@pytest.fixture
def root(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def home(root):
    return Home(root)


def refused(call, *args):
    with pytest.raises(SettingsError) as caught:
        call(*args)
    return str(caught.value)


def identified(root, facts):
    """A home whose identity file holds these facts, as livestats writes it."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "archive.json").write_bytes(sealed.seal(facts))
    return Home(root)


# Making it ---------------------------------------------------------------------------------------


def test_nothing_is_created_before_it_is_prepared(home, root):
    assert home.identity is None
    home.check(USUAL)
    home.first_day(USUAL, NOW)
    for path in (home.raw, home.lake, home.warehouse, home.served, home.budget, home.dagster):
        assert path.is_relative_to(root)
    assert not root.exists()


def test_preparing_makes_the_folders_and_says_what_can_never_change(home):
    home.prepare(USUAL, NOW)
    for folder in (home.raw, home.lake, home.warehouse.parent, home.served.parent, home.dagster):
        assert folder.is_dir()
    assert len(home.id) == 24
    assert home.identity == {
        "id": home.id,
        "format": 1,  # of homes in which every dataset is as livestats has it
        "time_zone": "Asia/Shanghai",
        "first_day": "2025-11-22",
        "created_at": "2026-11-22T04:00:00+00:00",
    }


def test_preparing_again_changes_nothing(home, root):
    home.prepare(USUAL, NOW)
    before = contents(root)
    home.prepare(USUAL, NOW)
    Home(root).prepare(replace(USUAL, first_day=date(2026, 5, 5)), NOW.replace(year=2027))
    assert contents(root) == before


def test_folders_that_went_missing_are_made_again(home, root):
    home.prepare(USUAL, NOW)
    home.lake.rmdir()
    Home(root).prepare(USUAL, NOW)
    assert home.lake.is_dir()


def test_two_first_runs_at_once_agree_on_one_identity(root):
    moments = [f"2026-11-{day}T12:00:00+08:00" for day in (20, 21, 22)]
    environ = {**os.environ, "PYTHONPATH": str(Path(atomic.__file__).parents[2])}
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", PREPARE, str(root), moment],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environ,
        )
        for moment in moments
    ]
    assert [run.stdout.readline() for run in runs] == ["ready\n"] * 3
    for run in runs:
        run.communicate("\n")
    assert [run.returncode for run in runs] == [0, 0, 0]
    assert Home(root).identity["created_at"] in moments
    assert [p.name for p in root.iterdir() if p.is_file()] == ["archive.json"]


def test_whoever_comes_second_does_not_overwrite_the_first(root):
    """Both looked while there was nothing; the second had another first day in mind."""
    one, two = Home(root), Home(root)
    assert one.identity is None
    assert two.identity is None
    one.prepare(replace(USUAL, first_day=date(2026, 1, 1)), NOW)
    before = contents(root)
    two.prepare(replace(USUAL, first_day=date(2026, 2, 2)), NOW)
    assert contents(root) == before
    assert two.identity["first_day"] == "2026-01-01"


def test_what_a_killed_first_run_left_is_removed(root):
    root.mkdir()
    atomic.temp_path(root / "archive.json").write_text("{")
    Home(root).prepare(USUAL, NOW)
    assert [p.name for p in root.iterdir() if p.is_file()] == ["archive.json"]


# What does not fit -------------------------------------------------------------------------------


def test_the_zone_is_fixed_once_the_first_day_may_have_been_captured(home, root):
    home.prepare(USUAL, NOW)
    other = replace(USUAL, time_zone="UTC")
    before = contents(root)
    for call in (Home(root).check, lambda s: Home(root).prepare(s, NOW)):
        said = refused(call, other)
        assert "Asia/Shanghai" in said
        assert "UTC" in said
        assert "archive.time_zone" in said
    assert contents(root) == before


@pytest.mark.parametrize(
    "facts",
    [{**IDENTITY, "format": FORMAT + 1}, {"format": 99, "zones": ["UTC"]}],
    ids=["the next format", "a format that tells other things"],
)
def test_a_home_of_a_newer_livestats_is_refused_and_left_alone(facts, root):
    identified(root, facts)
    for call in (
        lambda: Home(root).prepare(USUAL, NOW),
        lambda: Home(root).check(USUAL),
        lambda: Home(root).first_day(USUAL, NOW),
    ):
        said = refused(call)
        assert "newer livestats" in said
        assert "Update livestats" in said
    assert [p.name for p in root.iterdir()] == ["archive.json"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "5",
        "[" * 100_000,
        "\xff",
        "{}",
        json.dumps({**IDENTITY, "first_day": "soon"}),
        json.dumps({**IDENTITY, "first_day": 20250102}),
        json.dumps({**IDENTITY, "time_zone": "Mars/Olympus"}),
        json.dumps({**IDENTITY, "time_zone": "Asia"}),
        json.dumps({**IDENTITY, "time_zone": 8}),
        json.dumps({**IDENTITY, "format": "first"}),
        json.dumps({**IDENTITY, "format": None}),
        json.dumps({"format": FORMAT, "time_zone": "UTC"}),
        json.dumps({**IDENTITY, "created_at": "x"}),
    ],
)
def test_a_damaged_identity_is_named_with_what_it_should_hold(text, root):
    root.mkdir()
    (root / "archive.json").write_text(text, "latin-1")
    said = refused(Home(root).prepare, USUAL, NOW)
    assert str(root / "archive.json") in said
    assert "first_day, format, time_zone" in said
    assert [p.name for p in root.iterdir()] == ["archive.json"]


@settings(deadline=None)
@given(data=st.data())
def test_any_flipped_bit_of_the_identity_is_found(data, tmp_path_factory):
    root = tmp_path_factory.mktemp("home")
    identified(root, {**IDENTITY, "created_at": "2026-11-22T04:00:00+00:00"})
    before = (root / "archive.json").read_bytes()
    at, bit = data.draw(st.integers(0, len(before) - 1)), data.draw(st.integers(0, 7))
    (root / "archive.json").write_bytes(
        before[:at] + bytes([before[at] ^ 1 << bit]) + before[at + 1 :]
    )
    assert "archive.json is damaged" in refused(Home(root).check, USUAL)


def test_an_identity_written_by_hand_is_completed(root):
    root.mkdir()
    (root / "archive.json").write_text(json.dumps(IDENTITY))
    Home(root).check(USUAL)
    Home(root).prepare(USUAL, NOW)
    found = Home(root).identity
    assert {name: found[name] for name in IDENTITY} == IDENTITY
    assert sealed.unseal((root / "archive.json").read_bytes()) == found


def test_an_identity_that_cannot_be_read_is_named(root, monkeypatch):
    def denied(path):
        raise PermissionError(13, "Permission denied", str(path))

    identified(root, IDENTITY)
    monkeypatch.setattr(Path, "read_bytes", denied)
    assert "archive.json" in refused(Home(root).check, USUAL)


# What cannot be written --------------------------------------------------------------------------


def test_a_file_in_the_place_of_the_home_is_named(root):
    root.write_text("mine")
    said = refused(Home(root).prepare, USUAL, NOW)
    assert str(root) in said
    assert "LIVESTATS_HOME" in said
    assert root.read_text() == "mine"


def test_a_file_in_the_place_of_a_folder_is_named(root):
    root.mkdir()
    (root / "raw").write_text("mine")
    assert "LIVESTATS_HOME" in refused(Home(root).prepare, USUAL, NOW)
    assert (root / "raw").read_text() == "mine"


@pytest.mark.parametrize(
    ("where", "error"),
    [
        ("mkdir", PermissionError(13, "Permission denied")),
        ("mkdir", OSError(30, "Read-only file system")),
        ("write_bytes", OSError(28, "No space left on device")),
    ],
)
def test_a_home_that_cannot_be_written_is_refused_with_the_reason(where, error, root, monkeypatch):
    def fails(*_args, **_options):
        raise error

    root.mkdir()
    monkeypatch.setattr(Path, where, fails)
    said = refused(Home(root).prepare, USUAL, NOW)
    assert error.strerror in said
    assert "Free space or fix its permissions" in said
    assert not (root / "archive.json").exists()


# The first day -----------------------------------------------------------------------------------


def test_the_archive_begins_as_far_back_as_the_api_remembered_at_the_first_run(home, root):
    assert home.first_day(USUAL, NOW) == date(2025, 11, 22)
    home.prepare(USUAL, NOW)
    later = NOW.replace(year=2028)
    assert Home(root).first_day(USUAL, later) == date(2025, 11, 22)
    named = replace(USUAL, first_day=date(2026, 1, 1))
    assert Home(root).first_day(named, later) == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("now", "first"),
    [
        ("2026-11-22T00:00:00+08:00", date(2025, 11, 22)),
        ("2026-11-22T23:59:59+08:00", date(2025, 11, 22)),
        ("2026-11-21T23:59:59+08:00", date(2025, 11, 21)),
        ("2028-02-29T12:00:00+08:00", date(2027, 3, 1)),
    ],
)
def test_the_first_day_is_still_whole_in_the_reach_of_the_api(now, first):
    """366 days back the day has begun already: part of it is forgotten."""
    moment = datetime.fromisoformat(now)
    assert first_day(USUAL, moment) == first


# Versions that do not know incomplete days ---------------------------------------------------------


@pytest.mark.parametrize("before", [1, 2])
def test_the_first_capture_raises_the_format_and_keeps_everything_else(root, before):
    kept = {"created_at": "2026-01-02T03:04:05+00:00", "gone_domains": ["a.example.com"]}
    home = identified(root, {**IDENTITY, **kept, "format": before})
    home.raise_format()
    found = Home(root).identity
    assert found["format"] == 3
    assert {k: found[k] for k in (*kept, "time_zone", "first_day")} == {
        **kept,
        **{k: IDENTITY[k] for k in ("time_zone", "first_day")},
    }


def test_opening_a_home_does_not_raise_its_format(root):
    home = identified(root, IDENTITY)
    home.prepare(USUAL, NOW)
    home.set_gone_domains(["a.example.com"])
    assert Home(root).identity["format"] == 1


def test_a_raised_format_is_written_once_and_stays(root):
    home = Home(root)
    home.prepare(USUAL, NOW)
    home.raise_format()
    before = contents(root)
    home.raise_format()
    Home(root).prepare(USUAL, NOW)
    assert contents(root) == before
    home.set_gone_domains(["a.example.com"])
    assert Home(root).identity["format"] == 3
