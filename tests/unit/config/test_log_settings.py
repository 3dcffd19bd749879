"""What becomes of log files: a value that cannot be followed is refused before anything is asked."""

import pytest

from resources.config import Settings
from resources.config.errors import SettingsError
from resources.config.log_settings import LOG_FILES


@pytest.mark.parametrize("value", LOG_FILES)
def test_each_value_is_possible_while_the_list_is_captured(value):
    assert Settings(log_files=value).log_files == value


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"log_files": "keep", "datasets_off": ("log_file",)}, "needs their list: take log_file"),
        ({"log_files": "parse", "datasets_off": ("log_file",)}, "needs their list"),
        ({"log_files": "yes"}, "logs.files = 'yes': one of list, keep, parse"),
    ],
)
def test_any_other_is_refused_with_what_could_be(given, said):
    with pytest.raises(SettingsError, match=said):
        Settings(**given)


def test_the_list_alone_needs_nothing():
    assert Settings(log_files="list", datasets_off=("log_file",)).log_files == "list"
