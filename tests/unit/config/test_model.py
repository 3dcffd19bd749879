"""Settings: what a value may be, and what follows from it for datasets."""

import math

import pytest

from resources.api.catalog import DATASETS
from resources.config import DatasetOverrides, Settings, SettingsError
from resources.config.model import general

EDGE = DATASETS["edge_stat"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"time_zone": "Europe/Berlin"}, "changes its offset in summer"),
        ({"time_zone": "Nowhere"}, "is no known zone"),
        ({"vendor": "aliyun"}, "one of volcengine, byteplus"),
        ({"calls_per_second": math.nan}, "above 0 is needed"),
        ({"quota_factor": 0.0}, "1 is the documented quota"),
        ({"expiry_warning_days": 367}, "0 to 366 is possible"),
        ({"language": "de"}, "one of en, zh"),
        ({"personal_data": "hide"}, "one of keep, mask, omit"),
        ({"datasets_off": ("edge_stats",)}, "datasets.off"),
    ],
)
def test_a_value_that_cannot_be_followed_is_refused_with_what_could(given, said):
    with pytest.raises(SettingsError, match=said):
        Settings(**given)


def test_a_day_must_begin_with_a_whole_slot():
    own = {"stream_count": DatasetOverrides(bucket_seconds=3600)}
    Settings(own=own, time_zone="Asia/Shanghai")
    with pytest.raises(SettingsError, match="a day does not begin with such a slot"):
        Settings(own=own, time_zone="Asia/Kolkata")


def test_settings_of_one_dataset_change_that_one_alone():
    settings = Settings(own={"stream_count": DatasetOverrides(bucket_seconds=3600)})
    assert settings.of(DATASETS["stream_count"]).bucket_s == 3600
    assert settings.of(EDGE) is EDGE


def test_what_is_off_or_not_offered_is_not_captured():
    settings = Settings(datasets_off=("edge_stat",), vendor="byteplus")
    assert settings.not_offered
    assert {"edge_stat", *settings.not_offered}.isdisjoint(settings.datasets)


def test_a_dataset_is_limited_by_its_own_patterns():
    settings = Settings(own={"edge_stat": DatasetOverrides(domains=("pull-1.*",))})
    assert settings.narrowed("edge_stat") == "domains pull-1.*"
    assert settings.narrowed("play_status_code") == ""


def test_every_general_setting_says_where_it_stands_and_what_it_means():
    assert [known.name for known in general() if not known.metadata["meaning"]] == []
    assert len({known.metadata["where"] for known in general()}) == len(general())
