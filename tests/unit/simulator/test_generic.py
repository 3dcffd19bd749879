"""An endpoint that the world has not been taught is answered from its entry alone."""

from dataclasses import replace
from datetime import timedelta

from resources.api.catalog import ENDPOINTS
from resources.api.catalog.model import ColumnType, Field, ListLevel, ResponseTotal, RowLayout
from resources.simulator import AnswerOptions
from resources.simulator.api import Api
from tests.support.small_world import DAY, NOW, PULLS, world

KNOWN = ENDPOINTS["DescribeLiveSourceTrafficData"]
FIELDS = (
    Field(name="TimeStamp", kind=ColumnType.INSTANT),
    Field(name="Flow", kind=ColumnType.FLOAT),
    Field(name="Hits", kind=ColumnType.INTEGER),
    Field(name="Label", kind=ColumnType.TEXT),
    Field(name="Is", kind=ColumnType.BOOLEAN),
    Field(name="On", kind=ColumnType.DATE),
    Field(name="At", kind=ColumnType.INSTANT_MS),
)
TOTALS = (
    ResponseTotal(name="AllHits", kind=ColumnType.INTEGER, of="Hits", how="sum"),
    ResponseTotal(name="MostHits", kind=ColumnType.INTEGER, of="Hits", how="max"),
)
NEW = replace(
    KNOWN,
    action="DescribeLiveNewData",
    rows=RowLayout(levels=(ListLevel(name="NewList", fields=FIELDS),)),
    split_rows=None,
    totals=TOTALS,
)
API = Api(world, AnswerOptions(), {NEW.action: NEW})


def answer(hours=3):
    end = DAY + timedelta(hours=hours, seconds=-1)
    asked = {
        "StartTime": DAY.isoformat(), "EndTime": end.isoformat(), "DomainList": PULLS,
        "Aggregation": 3600,
    }  # fmt: skip
    return API.answer(NEW.action, asked, NOW)


def test_a_series_has_a_row_for_each_slot_with_a_value_of_each_type():
    rows = answer()["NewList"]
    assert [row["TimeStamp"][11:16] for row in rows] == ["00:00", "01:00", "02:00"]
    for row in rows:
        assert [*row] == [field.name for field in FIELDS]
        assert [type(row[name]) for name in ("Hits", "Label", "Is", "At")] == [int, str, bool, int]
        assert isinstance(row["Flow"], int | float)
        assert row["On"] == "2025-06-06"


def test_totals_are_those_of_the_rows():
    found = answer()
    hits = [row["Hits"] for row in found["NewList"]]
    assert (found["AllHits"], found["MostHits"]) == (sum(hits), max(hits))


def test_values_depend_on_what_they_are_about_and_not_on_the_window():
    assert answer() == answer()
    assert answer(6)["NewList"][:3] == answer(3)["NewList"]


def test_what_was_asked_is_echoed():
    assert answer()["DomainList"] == PULLS


def test_a_domain_alone_has_what_it_has_in_a_split():
    level = ListLevel(name="Details", fields=(Field(name="Domain", kind=ColumnType.TEXT),))
    rows = ListLevel(name="NewList", fields=FIELDS[:3])
    split = replace(
        NEW,
        rows=RowLayout(levels=(rows,)),
        split_rows=RowLayout(levels=(level, rows)),
        totals=(),
    )
    api = Api(world, AnswerOptions(), {NEW.action: split})
    times = {"StartTime": DAY.isoformat(), "EndTime": (DAY + timedelta(hours=3)).isoformat()}
    both = api.answer(NEW.action, {**times, "DomainList": PULLS, "DetailField": ["Domain"]}, NOW)[
        "Details"
    ]
    assert [item["Domain"] for item in both] == PULLS
    assert both[0]["NewList"] != both[1]["NewList"]
    for item in both:
        one = api.answer(NEW.action, {**times, "DomainList": [item["Domain"]]}, NOW)
        assert one["NewList"] == item["NewList"]


def test_a_split_has_an_item_for_each_combination_of_what_is_asked_for():
    asked = {
        "StartTime": DAY.isoformat(),
        "EndTime": (DAY + timedelta(hours=1)).isoformat(),
        "DomainList": PULLS,
        "ISPList": ["telecom", "unicom"],
        "DetailField": ["Domain", "ISP"],
    }
    entry = replace(KNOWN, action="DescribeLiveNewSplit", totals=())
    api = Api(world, AnswerOptions(), {entry.action: entry})
    items = api.answer(entry.action, asked, NOW)["TrafficDetailDataList"]
    assert [(item["Domain"], item["ISP"]) for item in items] == [
        (domain, isp) for domain in PULLS for isp in ("telecom", "unicom")
    ]
    one = api.answer(entry.action, {**asked, "DomainList": PULLS[:1]}, NOW)
    assert [item["TrafficDataList"] for item in one["TrafficDetailDataList"]] == [
        item["TrafficDataList"] for item in items if item["Domain"] == PULLS[0]
    ]


def test_codes_of_one_slot_differ():
    """They are in the key: one of a thousand numbers would come twice on a day of 288 slots."""
    entry = replace(ENDPOINTS["DescribeLivePlayStatusCodeData"], action="DescribeLiveNewCodes")
    api = Api(world, AnswerOptions(), {entry.action: entry})
    end = DAY + timedelta(days=1, seconds=-1)
    asked = {"StartTime": DAY.isoformat(), "EndTime": end.isoformat(), "Aggregation": 60}
    for slot in api.answer(entry.action, asked, NOW)["StatusDataList"]:
        codes = [row["StatusCode"] for row in slot["StatusSummaryDataList"]]
        assert len(set(codes)) == len(codes) == 3


EVENTS = replace(
    ENDPOINTS["DescribeLivePushStreamInfoData"],
    action="DescribeLiveNewEvents",
    rows=RowLayout(
        levels=(
            ListLevel(
                name="NewEvents",
                fields=(
                    Field(name="Domain", kind=ColumnType.TEXT),
                    Field(name="Id", kind=ColumnType.TEXT),
                    Field(name="BeginTime", kind=ColumnType.INSTANT),
                ),
            ),
        )
    ),
)


def events(start, days, size=1000, page=1, **asked):
    api = Api(world, AnswerOptions(), {EVENTS.action: EVENTS})
    end = start + timedelta(days=days, seconds=-1)
    body = {"StartTime": start.isoformat(), "EndTime": end.isoformat(), **asked}
    return api.answer(EVENTS.action, {**body, "PageNum": page, "PageSize": size}, NOW)


def test_events_are_of_their_domain_and_day_and_none_comes_twice():
    whole = events(DAY, 2, DomainList=PULLS)["NewEvents"]
    assert len(whole) == 2 * 2 * 3
    assert len({(r["Domain"], r["Id"], r["BeginTime"]) for r in whole}) == len(whole)
    parts = [
        row
        for name in PULLS
        for n in range(2)
        for row in events(DAY + timedelta(days=n), 1, DomainList=[name])["NewEvents"]
    ]
    assert sorted(map(repr, parts)) == sorted(map(repr, whole))
    assert {r["BeginTime"][:10] for r in whole} == {"2025-06-06", "2025-06-07"}


def test_events_come_in_pages():
    pages = [events(DAY, 2, size=5, page=n, DomainList=PULLS) for n in (1, 2, 3)]
    assert [len(page["NewEvents"]) for page in pages] == [5, 5, 2]
    assert {page["Pagination"]["TotalCount"] for page in pages} == {12}


def test_values_do_not_depend_on_how_times_are_written():
    other = Api(world, AnswerOptions(offset="Z"), {NEW.action: NEW})
    asked = {"StartTime": DAY.isoformat(), "EndTime": (DAY + timedelta(hours=2)).isoformat()}
    here, there = (one.answer(NEW.action, asked, NOW)["NewList"] for one in (API, other))
    assert [row["TimeStamp"] for row in here] != [row["TimeStamp"] for row in there]
    assert [row["Flow"] for row in here] == [row["Flow"] for row in there]


def test_the_present_state_is_of_the_domains_and_not_of_the_moment():
    rows = RowLayout(
        levels=(
            ListLevel(
                name="NewState",
                fields=(
                    Field(name="Domain", kind=ColumnType.TEXT),
                    Field(name="BeginTime", kind=ColumnType.INSTANT),
                ),
            ),
        )
    )
    entry = replace(ENDPOINTS["DescribeLiveISPData"], action="DescribeLiveNewState", rows=rows)
    api = Api(world, AnswerOptions(), {entry.action: entry})
    found = api.answer(entry.action, {}, NOW)["NewState"]
    assert {row["Domain"] for row in found} == set(world.sites)
    assert found == api.answer(entry.action, {}, NOW + timedelta(minutes=5))["NewState"]
