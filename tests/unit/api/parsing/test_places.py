"""Splits by place: of the node and of the client, and provinces, which one country has only."""

import json
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from resources.api.catalog import DATASETS, ENDPOINTS
from resources.api.catalog.model import SPLITS, DomainRole
from resources.api.parsing.parse import join, read_page
from resources.api.request_plan import Domain, Inventory, requests_for
from tests.support.each import each

EDGE = "DescribeLiveEdgeStatData"
KNOWN = Inventory(domains=tuple(Domain(f"{n}.example", DomainRole.PULL) for n in "ab"))
PLACES = ("Area", "Country", "Province", "UserArea", "UserCountry", "UserProvince")


@each("action", [a for a, e in ENDPOINTS.items() if "DetailField" in e.parameter])
def test_every_documented_split_is_known(action):
    unasked = {"Group"}  # of relays: no action lists the groups
    assert {*ENDPOINTS[action].parameter["DetailField"].allowed} - unasked <= {*SPLITS}


def split_by(*names):
    columns = tuple(SPLITS[name].column for name in names)
    return replace(DATASETS["edge_stat"], split=names, key=(*columns, "slot_start_at"))


def answer(items, whole):
    """An answer whose plain list has `whole` requests, and its split list those of `items`."""

    def slots(requests):
        zero = dict.fromkeys(("UpBandwidth", "DownBandwidth", "UpTraffic", "DownTraffic"), 0.0)
        return [{"TimeStamp": "2025-03-01T00:00:00+08:00", **zero, "Request": requests}]

    totals = dict.fromkeys(("TotalUpTraffic", "TotalDownTraffic"), 0.0)
    peaks = dict.fromkeys(("PeakUpBandwidth", "PeakDownBandwidth"), 0.0)
    result = {
        "EdgeStatDataList": slots(whole),
        "EdgeStatDetailDataList": [
            {**labels, "EdgeStatDataList": slots(n), **totals, **peaks, "TotalRequest": n}
            for labels, n in items
        ],
        **totals,
        **peaks,
        "TotalRequest": whole,
        "Aggregation": 300,
    }
    return json.dumps({"ResponseMetadata": {"Action": EDGE}, "Result": result}).encode()


def read(dataset, body):
    (request,) = requests_for(dataset, date(2025, 3, 1), ZoneInfo("Asia/Shanghai"), KNOWN)
    return request, join(dataset, request, [read_page(dataset, request, body)])


@pytest.mark.parametrize("place", PLACES)
def test_rows_carry_the_place_that_they_are_of(place):
    dataset = split_by("Domain", place)
    request, rows = read(dataset, answer([({"Domain": "a.example", place: "CN"}, 7.0)], 7.0))
    assert request.payload["DetailField"] == ["Domain", place]
    (row,) = rows.table.to_pylist()
    assert (row["domain"], row[SPLITS[place].column], row["requests"]) == ("a.example", "CN", 7.0)
    assert dataset.column[SPLITS[place].column].field == place


@pytest.mark.parametrize("place", ["Province", "UserProvince"])
def test_provinces_may_be_less_than_the_whole(place):
    some = [({"Domain": "a.example", place: "11"}, 7.0)]
    assert read(split_by("Domain", place), answer(some, 9.0))[1].disagreeing == ()
    assert read(split_by("Domain", place), answer([], 9.0))[1].table.num_rows == 0


def test_countries_may_not():
    some = [({"Domain": "a.example", "Country": "CN"}, 7.0)]
    assert "TotalRequest" in read(split_by("Domain", "Country"), answer(some, 9.0))[1].disagreeing
