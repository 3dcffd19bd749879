"""Carriers and regions that a captured day was not asked for, by their lists and the requests."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from resources.api.catalog import DATASETS
from resources.ledger.listed_values import (
    LISTED_WITHIN,
    asked_values,
    lacks_values,
    listed_values,
    lists_of,
    never_asked,
)
from tests.support.lake_files import store

TRAFFIC, ISP, REGION = DATASETS["source_traffic"], DATASETS["isp"], DATASETS["region"]
STREAMS = DATASETS["batch_stream_traffic"]
DRAWN = replace(STREAMS, drawn={"ISPList": "isps", "RegionList": "countries"})
DAY = date(2026, 11, 20)


def asking(*lists):
    requests = [{"payload": {"DomainList": ["a"], "ISPList": [*one]}} for one in lists]
    return asked_values(TRAFFIC, {"requests": requests})


def listing(lake, day, *names):
    store(lake, ISP, day, [{"isp": name} for name in names])


@pytest.mark.parametrize(
    ("lists", "asked"),
    [
        ([["telecom", "unicom"]], ["carrier telecom", "carrier unicom"]),
        ([["telecom", "unicom"], ["Telecom"]], ["carrier telecom"]),
        ([], []),
    ],
    ids=["one list", "a domain that was asked for another list", "no request"],
)
def test_a_carrier_counts_as_asked_if_every_request_names_it(lists, asked):
    assert asking(*lists) == asked


def test_only_datasets_that_take_a_list_are_compared():
    assert lists_of(TRAFFIC) == ("isps",)
    assert lists_of(STREAMS) == ()
    assert asked_values(STREAMS, {"requests": [{"payload": {}}]}) == []
    assert lists_of(DRAWN) == ("isps", "countries")


def test_a_value_of_a_cut_counts_as_asked_if_it_was_about_every_item():
    """A domain that came later was asked for a value that its elders were not asked for."""

    def about(isp, *domains):
        region = {"Area": "CN", "Country": "CN"}
        return {
            "payload": {"DomainList": [*domains], "ISPList": [isp], "RegionList": [region]},
            "items": [*domains],
        }

    requests = [about("telecom", "a"), about("Telecom", "b"), about("mobile", "b")]
    manifest = {"requests": requests, "lacking": [about("unicom", "a", "b")]}
    assert asked_values(DRAWN, manifest) == ["carrier telecom", "carrier unicom", "region cn/cn"]


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
    listed = {"carrier telecom": DAY, "carrier mobile": first_listed}
    assert never_asked(listed, ["carrier telecom"], DAY) == lacking
    assert lacks_values(lacking) is bool(lacking)


def test_the_newest_list_counts_with_the_day_on_which_each_was_first_listed(tmp_path):
    listing(tmp_path, DAY, "telecom", "gone")
    listing(tmp_path, DAY + timedelta(days=2), "Telecom", "mobile")
    later = DAY + timedelta(days=2)
    found = {"carrier telecom": DAY, "carrier mobile": later}
    assert listed_values(tmp_path, "isps") == found


def test_regions_are_named_down_to_the_level_that_is_taken(tmp_path):
    codes = [("CN", "CN", "sh"), ("CN", "CN", "bj"), ("AP", "SG", " ")]
    rows = [
        {"area_code": area, "country_code": country, "province_code": province}
        for area, country, province in codes
    ]
    store(tmp_path, REGION, DAY, rows)
    named = {source: [*listed_values(tmp_path, source)] for source in ("areas", "countries")}
    assert named == {
        "areas": ["region CN", "region AP"],
        "countries": ["region CN/CN", "region AP/SG"],
    }
    assert [*listed_values(tmp_path, "provinces")] == ["region CN/CN/sh", "region CN/CN/bj"]
    assert lacks_values(["region CN/CN"])
