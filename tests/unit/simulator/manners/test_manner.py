"""Which requests a manner touches."""

import json
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from resources.simulator.manners.manner import Manner, same_names
from tests.support.simulated_requests import answered, asked, through
from tests.support.small_world import NOW

ACTION, EDGE = "DescribeLiveISPData", "DescribeLiveEdgeStatData"
DAY = {"StartTime": "2025-06-08T00:00:00+08:00", "EndTime": "2025-06-08T23:59:59+08:00"}


@dataclass
class AnyRequest(Manner):
    """Takes all requests that its limits leave."""

    name = "any"


def touched(request, times=1, **limits):
    manner = AnyRequest(**limits)
    return [manner.concerns(request) for _ in range(times)]


def test_without_limits_all_requests_are_touched_and_the_answer_stays():
    request = asked(ACTION)
    assert touched(request, 3) == [True] * 3
    assert json.loads(through(AnyRequest(), request).body())["Result"] == answered(request).result


@pytest.mark.parametrize(
    ("limits", "is_touched"),
    [
        ({"action": (EDGE,)}, True),
        ({"action": (ACTION,)}, False),
        ({"domain": ("PULL-1.example",)}, True),
        ({"domain": ("other.example",)}, False),
        ({"stream": "room"}, True),
        ({"stream": "Room"}, False),
        ({"days": (date(2025, 6, 8), date(2025, 6, 8))}, True),
        ({"days": (date(2025, 6, 9), date(2025, 6, 30))}, False),
        ({"since": NOW}, True),
        ({"since": NOW + timedelta(seconds=1)}, False),
        ({"until": NOW + timedelta(seconds=1)}, True),
        ({"until": NOW}, False),
        ({"odds": 0.0}, False),
    ],
)
def test_limits_leave_requests_out(limits, is_touched):
    request = asked(EDGE, **DAY, DomainList=["pull-1.example"], Stream="my-room-1")
    assert touched(request, **limits) == [is_touched]


def test_a_request_without_a_window_is_of_no_day():
    assert touched(asked(ACTION), days=(date(1, 1, 1), date(9999, 1, 1))) == [False]


def test_calls_are_counted_among_those_that_are_not_left_out():
    manner = AnyRequest(action=(EDGE,), from_call=2, until_call=3)
    other, edge = asked(ACTION), asked(EDGE)
    assert [manner.concerns(r) for r in (other, edge, other, edge, edge, edge)] == [
        False, False, False, True, True, False,
    ]  # fmt: skip
    assert manner.calls == 4


def test_odds_are_drawn_the_same_again():
    drawn = touched(asked(EDGE), 40, odds=0.5, seed=3)
    assert set(drawn) == {True, False}
    assert touched(asked(EDGE), 40, odds=0.5, seed=3) == drawn
    assert touched(asked(EDGE), 40, odds=0.5, seed=4) != drawn


def test_domains_are_compared_as_dns_does():
    assert same_names(["A.example", "b.example"], ("a.EXAMPLE", "c")) == {"a.example"}
