"""Carriers that a captured day was not asked for, by the lists of carriers and the capture's requests."""

from datetime import date, timedelta

import pytest

from resources.api.catalog import DATASETS
from resources.ledger.carriers import (
    LISTED_WITHIN,
    asked_carriers,
    is_split_by_carrier,
    lacks_carriers,
    listed_carriers,
    never_asked,
)
from tests.support.lake_files import store

TRAFFIC, ISP = DATASETS["source_traffic"], DATASETS["isp"]
DAY = date(2026, 11, 20)


def asking(*lists):
    requests = [{"payload": {"DomainList": ["a"], "ISPList": [*one]}} for one in lists]
    return asked_carriers(TRAFFIC, {"requests": requests})


def listing(lake, day, *names):
    store(lake, ISP, day, [{"isp": name} for name in names])


@pytest.mark.parametrize(
    ("lists", "asked"),
    [
        ([["telecom", "unicom"]], ["telecom", "unicom"]),
        ([["telecom", "unicom"], ["Telecom"]], ["telecom"]),
        ([], []),
    ],
    ids=["one list", "a domain that was asked for another list", "no request"],
)
def test_a_carrier_counts_as_asked_if_every_request_names_it(lists, asked):
    assert asking(*lists) == asked


def test_only_datasets_that_take_the_listed_carriers_are_compared():
    assert is_split_by_carrier(TRAFFIC)
    assert not is_split_by_carrier(DATASETS["batch_stream_traffic"])
    assert asked_carriers(DATASETS["batch_stream_traffic"], {"requests": [{"payload": {}}]}) == []


@pytest.mark.parametrize(
    ("first_listed", "lacking"),
    [
        (DAY - timedelta(days=9), ["carrier mobile"]),
        (DAY + timedelta(days=1), ["carrier mobile"]),
        (DAY + LISTED_WITHIN, ["carrier mobile"]),
        (DAY + LISTED_WITHIN + timedelta(days=1), []),
    ],
    ids=["before, and not that day", "the next day", "within the month", "a new one"],
)
def test_a_carrier_that_is_listed_soon_after_was_there(first_listed, lacking):
    listed = {"telecom": DAY, "mobile": first_listed}
    assert never_asked(listed, ["telecom"], DAY) == lacking
    assert lacks_carriers(lacking) is bool(lacking)


def test_the_newest_list_counts_with_the_day_on_which_each_was_first_listed(tmp_path):
    listing(tmp_path, DAY, "telecom", "gone")
    listing(tmp_path, DAY + timedelta(days=2), "Telecom", "mobile")
    assert listed_carriers(tmp_path) == {"Telecom": DAY, "mobile": DAY + timedelta(days=2)}
