"""Settings of calls and of what an answer means."""

import math

import pytest

from resources.config import Settings, SettingsError


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("workers", 0, "api.workers"),
        ("calls_per_second", 0.0, "api.calls_per_second"),
        ("calls_per_second", math.nan, "api.calls_per_second"),
        ("quota_factor", 0.001, "api.quota_factor"),
        ("quota_factor", math.inf, "api.quota_factor"),
        ("missing_result", "null", "unanswered, nothing"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_place(name, value, place):
    with pytest.raises(SettingsError, match=place):
        Settings(**{name: value})


def test_by_default_an_answer_without_a_result_is_none():
    assert Settings().missing_result == "unanswered"
