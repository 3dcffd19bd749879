"""The error of invalid settings."""

import pytest

from resources.config import SettingsError, load
from resources.config.loader import FILE
from resources.errors import LivestatsError


def test_an_invalid_setting_is_a_message_for_the_user_and_a_value_error(tmp_path):
    (tmp_path / FILE).write_text("[api]\nworkers = 0\n")
    with pytest.raises(LivestatsError, match="api.workers = 0: at least 1") as caught:
        load({}, tmp_path)
    assert isinstance(caught.value, SettingsError)
    assert isinstance(caught.value, ValueError)
