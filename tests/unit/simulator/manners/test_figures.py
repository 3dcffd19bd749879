"""Answers of another content, as values; how a client sees them is in test_manners.py."""

from datetime import datetime, timedelta

import pytest

from resources.api.catalog import ENDPOINTS
from resources.simulator.manners.figures import emptied, leaves
from tests.support.simulated_requests import answered, asked, through
from tests.support.small_world import PULLS, PUSHES, WHOLE_DAY

EDGE, CODES, PUSH = (
    "DescribeLiveEdgeStatData", "DescribeLivePlayStatusCodeData", "DescribeLivePushStreamInfoData"
)  # fmt: skip


def edge(**more):
    return asked(EDGE, **{**WHOLE_DAY, "DomainList": PULLS, "Aggregation": 3600, **more})


def rows(answer):
    return [*leaves(ENDPOINTS[answer.action], answer.result)]


def test_rows_are_the_innermost_ones_of_plain_and_split_answers():
    plain, split = answered(edge()), answered(edge(DetailField=["Domain"]))
    assert len(rows(plain)) == 24
    assert len(rows(split)) == 24 * (1 + len(PULLS))  # the series of all of them as well
    assert all("TimeStamp" in row for row in rows(plain) + rows(split))


@pytest.mark.parametrize(
    "request_", [edge(), edge(DetailField=["Domain"]), asked(PUSH, **WHOLE_DAY, DomainList=PUSHES)]
)
def test_nothing_happened_where_it_is_emptied(request_):
    answer = answered(request_)
    assert rows(answer)
    empty = answer.with_result(emptied(ENDPOINTS[answer.action], answer.result))
    assert rows(empty) == []
    assert empty.result.keys() == answer.result.keys()


def test_zeros_keep_the_slots():
    usual, zeros = answered(edge()), through(f"false-empty={EDGE}@how=zeros", edge())
    assert [row["TimeStamp"] for row in rows(zeros)] == [row["TimeStamp"] for row in rows(usual)]
    assert {v for row in rows(zeros) for k, v in row.items() if k != "TimeStamp"} == {0}


def test_another_width_is_answered_only_where_it_was_asked_so():
    found = through("other-width=300@asked=3600", edge())
    assert (len(rows(found)), found.result["Aggregation"]) == (288, 300)
    assert through("other-width=300@asked=60", edge()) is None


@pytest.mark.parametrize(("echo", "day"), [("asked", "2025-06-06"), ("answered", "2025-06-05")])
def test_another_window_is_answered_and_either_is_echoed(echo, day):
    found = through(f"other-window=1@echo={echo}", edge())
    assert {row["TimeStamp"][:10] for row in rows(found)} == {"2025-06-05"}
    assert found.result["StartTime"][:10] == day


@pytest.mark.parametrize(
    ("how", "echo"),
    [("drop", PULLS[:-1]), ("add", [*PULLS, "other.example"]), ("turn", PULLS[::-1])],
)
def test_a_list_is_echoed_otherwise_and_the_rows_stay(how, echo):
    found = through(f"other-echo=DomainList@how={how}", edge())
    assert found.result["DomainList"] == echo
    assert rows(found) == rows(answered(edge()))


def test_a_skipped_domain_is_left_out_of_the_figures_alone():
    found = through(f"skip-domain={PULLS[1].upper()}", edge())
    assert rows(found) == rows(answered(edge(DomainList=PULLS[:1])))
    assert found.result["DomainList"] == PULLS
    assert through(f"skip-domain={PULLS[0]}", edge(DomainList=PULLS[:1])) is None


@pytest.mark.parametrize("split", [None, ["Domain"]])
def test_the_last_slots_are_missing_in_every_series(split):
    request = edge(DetailField=split) if split else edge()
    usual = rows(answered(request))
    found = rows(through("missing-slots=2", request))
    assert len(usual) - len(found) == 2 * (1 + len(PULLS) if split else 1)
    assert all(row in usual for row in found)


@pytest.mark.parametrize("split", [None, ["Domain"]])
def test_slots_that_are_listed_twice_or_under_another_time(split):
    request = edge(DetailField=split) if split else edge()
    usual = rows(answered(request))
    twice = rows(through("doubled-slots=2", request))
    assert len(twice) - len(usual) == 2 * (1 + len(PULLS) if split else 1)
    assert all(row in usual for row in twice)
    moved = rows(through("moved-slots=-1800", request))
    behind = [datetime.fromisoformat(row["TimeStamp"]) + timedelta(minutes=30) for row in moved]
    assert behind == [datetime.fromisoformat(row["TimeStamp"]) for row in usual]


def test_shapes_of_rows():
    usual = rows(answered(edge()))
    assert rows(through("new-field=X", edge())) == [{**row, "X": 1} for row in usual]
    quoted = rows(through("quoted-numbers=Request", edge()))
    assert [row["Request"] for row in quoted] == [str(row["Request"]) for row in usual]
    assert [row["UpTraffic"] for row in quoted] == [row["UpTraffic"] for row in usual]
    lacking = rows(through("missing-field=UpTraffic", edge()))
    assert ["UpTraffic" in row for row in lacking] == [False] + [True] * 23


def test_a_refusal_is_left_as_it_is():
    request = asked("DescribeNothing")
    assert through(f"refuse-action={EDGE}", request) is None
    refused = through(f"refuse-action={EDGE}", edge())
    assert through("new-field=X", edge()).is_good
    assert not refused.is_good
