"""The folder of a backup."""

import pytest

from pipelines.backup import target
from resources.config import Settings
from resources.home.layout import Home
from tests.support.archives import NOW


@pytest.fixture
def home(tmp_path):
    found = Home(tmp_path / "home")
    found.prepare(Settings(), NOW)
    return found


def test_a_new_folder_is_marked_and_used_again(home, tmp_path):
    for _ in range(2):
        with target.opened(home, tmp_path / "copy") as found:
            assert (found.root / target.MARKER).is_file()


def test_only_one_process_writes_it(home, tmp_path):
    with (
        target.opened(home, tmp_path / "copy"),
        pytest.raises(target.Unsuitable, match="Another backup is at work"),
        target.opened(home, tmp_path / "copy"),
    ):
        pass


@pytest.mark.parametrize("place", ["home", "home/inside", "."])
def test_a_backup_lies_apart_from_its_home(home, tmp_path, place):
    with (
        pytest.raises(target.Unsuitable, match="must lie apart"),
        target.opened(home, tmp_path / place),
    ):
        pass


def test_a_folder_of_something_else_is_left_alone(home, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    with (
        pytest.raises(target.Unsuitable, match="holds something else"),
        target.opened(home, tmp_path / "mine"),
    ):
        pass
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["file"]
