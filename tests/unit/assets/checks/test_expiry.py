"""The check that warns before the API forgets a day."""

from datetime import date

import dagster as dg
import pytest

from assets import warehouse
from assets.checks import expiry
from resources.api.catalog import DATASETS
from resources.archive import Archive

NOON = "2026-11-22T12:00:00+08:00"


@pytest.fixture
def archive_from(tmp_path):
    """A published archive without days from a first day on, at noon of 2026-11-22."""

    def opened(first_day):
        archive = Archive.open(
            {
                "LIVESTATS_HOME": str(tmp_path / "home"),
                "LIVESTATS_NOW": NOON,
                "LIVESTATS_FIRST_DAY": first_day,
            },
            tmp_path,
        )
        archive.publish()
        return archive

    return opened


def test_a_day_that_is_soon_forgotten_is_a_warning_that_names_it(archive_from):
    """366 days after 28 November 2025 is 29 November 2026: within the week."""
    found = expiry.result(archive_from("2025-11-28"))
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.WARN
    assert found.metadata["edge_stat"].text == "2025-11-28"


def test_pushes_are_warned_of_by_their_own_93_days(archive_from):
    found = expiry.result(archive_from("2026-08-25"))
    days = found.metadata["push_stream_info"].text.split(", ")
    assert date.fromisoformat(days[0]) == date(2026, 8, 25)
    assert "edge_stat" not in found.metadata


def test_missing_days_that_stay_for_long_are_no_warning(archive_from):
    found = expiry.result(archive_from("2026-11-01"))
    assert found.passed
    assert found.metadata["expiring_days"].value == 0


def test_the_served_copy_carries_the_check():
    served = warehouse.table_assets([*DATASETS])[-1]
    assert expiry.CHECK in {spec.name for spec in served.check_specs}
