"""Folders of a home that cannot be used."""

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


def test_a_folder_that_this_user_cannot_write_is_given_back(home, monkeypatch):
    path = home.raw / "edge_stat"
    path.mkdir(parents=True)
    monkeypatch.setattr("os.access", lambda where, _mode: where != path)
    (fault,) = folders.faults(home)
    assert fault.path == path
    assert "chown" in fault.remedy
