"""Folders of a home that cannot be used."""

import os
import stat
import subprocess

import pytest

from resources.config import Settings
from resources.home import folders
from resources.home.layout import Home
from tests.support.archives import NOW


@pytest.fixture
def home(tmp_path):
    found = Home(tmp_path)
    found.prepare(Settings(), NOW)
    return found


def test_a_home_as_it_was_prepared_has_no_fault(home):
    assert [*folders.faults(home)] == []
    assert folders.unusable(home, ["edge_stat"]) == {}
    assert folders.unreadable(home, ["edge_stat"]) == set()


def test_a_file_in_the_place_of_a_folder_is_named_with_what_to_do(home):
    path = home.raw / "edge_stat"
    path.parent.mkdir(exist_ok=True)
    path.touch()
    found = folders.unusable(home, ["edge_stat", "top_play"])
    assert [*found] == ["edge_stat"]
    assert "a folder belongs there" in str(found["edge_stat"])
    assert [fault.path for fault in folders.faults(home)] == [path]


@pytest.mark.parametrize(
    "place", ["raw/edge_stat/2026-11-20", "lake/edge_stat/day=2026-11-20", "logs/2026-11-20"]
)
def test_so_is_one_in_the_place_of_a_day(home, place):
    path = home.root / place
    path.parent.mkdir(parents=True)
    path.touch()
    (path.parent / "notes.txt").touch()
    (fault,) = folders.faults(home)
    assert fault.path == path
    assert (
        str(fault) == f"{path} is a file, and a folder belongs there. Move {path} out of the home."
    )


@pytest.mark.parametrize("place", ["raw/edge_stat", "logs", "logs/2026-11-20"])
def test_a_folder_that_this_user_cannot_write_is_given_back(place, home, monkeypatch):
    path = home.root / place
    path.mkdir(parents=True)
    monkeypatch.setattr("os.access", lambda where, _mode: where != path)
    (fault,) = folders.faults(home)
    assert fault.path == path
    assert "chown" in fault.remedy


# Open to others -----------------------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_new_home_is_closed_to_others_whatever_the_umask(umask, tmp_path):
    home, before = Home(tmp_path / "home"), os.umask(umask)
    try:
        home.prepare(Settings(), NOW)
    finally:
        os.umask(before)
    assert [*folders.open_to_others(home)] == []
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in home.folders()}
    assert modes.pop(home.locks) == modes.pop(home.budget) == 0o700
    assert set(modes.values()) == {0o750 & ~umask}


@pytest.mark.parametrize(
    ("name", "mode", "who"),
    [
        (".", 0o755, "every user"),
        (".", 0o2771, "every user"),
        (".", 0o770, "the group"),
        ("locks", 0o755, "every user"),
        ("locks", 0o750, "the group"),
        ("state/budget", 0o711, "every user"),
    ],
)
def test_a_folder_that_is_too_open_is_named_with_a_command_that_closes_it(
    name, mode, who, tmp_path
):
    home = Home(tmp_path / "a home's")
    home.prepare(Settings(), NOW)
    path = home.root / name
    path.chmod(mode)
    (fault,) = folders.open_to_others(home)
    assert fault.path == path
    assert f"open to {who}" in fault.text
    command = fault.remedy.split("`")[1]
    subprocess.run(command, shell=True, check=True)
    assert [*folders.open_to_others(home)] == []


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o2750])
def test_a_group_may_read_by_choice(mode, tmp_path):
    home = Home(tmp_path / "home")
    home.prepare(Settings(), NOW)
    home.root.chmod(mode)
    assert [*folders.open_to_others(home)] == []
