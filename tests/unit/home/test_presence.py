"""A home that is moved, deleted or unmounted under a running process is not made again."""

import shutil

import pytest

from resources.config import Settings
from resources.home import presence
from resources.home.layout import Home
from tests.support.archives import NOW


@pytest.fixture
def home(tmp_path):
    found = Home(tmp_path / "home")
    found.prepare(Settings(), NOW)
    return found


def moved(home):
    home.root.rename(home.root.with_name("elsewhere"))


def deleted(home):
    shutil.rmtree(home.root)


def unmounted(home):
    """What is left is the folder that it was mounted on."""
    moved(home)
    home.root.mkdir()


def replaced(home):
    """By another one, which is whole."""
    moved(home)
    Home(home.root).prepare(Settings(), NOW)


@pytest.mark.parametrize("change", [moved, deleted, unmounted, replaced])
def test_a_home_that_is_no_longer_in_its_place_is_noticed(home, change):
    presence.check(home)
    change(home)
    with pytest.raises(presence.HomeGone, match=r"moved, deleted or unmounted.*archive\.home"):
        presence.check(home)


def test_so_it_is_after_the_process_itself_has_changed_the_identity_file(home):
    home.set_gone_domains(["gone.example"])
    moved(home)
    with pytest.raises(presence.HomeGone):
        presence.check(home)


def test_back_in_its_place_it_is_as_before(home):
    moved(home)
    home.root.with_name("elsewhere").rename(home.root)
    presence.check(home)


def test_nothing_is_known_of_a_home_that_was_never_made(tmp_path):
    presence.check(Home(tmp_path / "home"))


def test_an_identity_file_that_cannot_be_read_is_not_a_home_that_is_gone(home):
    assert home.id
    home.identity_file.write_bytes(b"{")
    presence.check(home)
