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
    assert answer(6)["NewList"][:3] == [{**row, "On": row["On"]} for row in answer(3)["NewList"]]


def test_what_was_asked_is_echoed():
    assert answer()["DomainList"] == PULLS
