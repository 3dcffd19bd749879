"""Rows and slots of odd answers."""

from datetime import datetime

import pytest

from pipelines.probe.answers import activity, moment, number, series, step_s
from pipelines.probe.calls import Reply

EDGE = "DescribeLiveEdgeStatData"


def reply(*rows):
    return Reply(EDGE, {}, {"Result": {"EdgeStatDataList": list(rows)}})


def test_odd_values_are_no_error():
    assert [number(v) for v in ("1.5", True, None, [], "x", "nan")] == [1.5, 0, 0, 0, 0, 0]
    assert moment("2026-11-20") is None
    assert moment(None) is None
    assert series(reply("no row", None, {"TimeStamp": 3})) == {}
    assert series(Reply(EDGE, {}, {"Result": None})) == {}


def test_slots_their_step_and_whether_anything_happened():
    begin = "2026-11-20T00:{:02}:00+08:00"
    found = reply(
        {"TimeStamp": begin.format(0), "Request": "7"},
        {"TimeStamp": begin.format(10), "Request": 0},
    )
    first, second = (
        datetime.fromisoformat(begin.format(0)),
        datetime.fromisoformat(begin.format(10)),
    )
    assert series(found) == {first: True, second: False}
    assert step_s(series(found)) == 600
    assert activity(found) == "something"
    assert activity(reply({"Request": 0})) == "zeros"
    assert activity(reply()) == "nothing"


@pytest.mark.parametrize("value", [10**400, "9" * 400, "inf", float("nan"), None])
def test_a_figure_beyond_all_counting_is_none(value):
    assert number(value) == 0
