"""A push that one day lists, and that another day it touches does not list."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from resources.api.windows import day_window
from resources.lake.long_events import MOST
from resources.ledger.raw_day import RawDayFacts
from resources.ledger.unlisted_events import unlisted_events
from resources.raw.captures import CaptureName

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = [date(2026, 11, 18) + timedelta(days=i) for i in range(4)]
TEXT = ("lacks a push of push-1 that another day lists",)


def push(first, last, key="aa"):
    """A push from and until so many hours after the first day's begin."""
    begin = day_window(DAYS[0], ZONE)[0].timestamp()
    return key, "push-1", int(begin + first * 3600), int(begin + last * 3600)


def found(listed, at=datetime(2026, 11, 23, tzinfo=UTC), domains=("push-1",)):
    """`listed` are the pushes of each day's list."""
    name = CaptureName(f"{at:%Y%m%dT%H%M%S%f}Z-1-{'0' * 16}")
    facts = {
        day: RawDayFacts(
            captures=(name,), long_events=tuple(its), rows_by_domain=dict.fromkeys(domains, 1)
        )
        for day, its in zip(DAYS, listed, strict=False)
    }
    return unlisted_events(facts, ZONE)


LONG = push(4, 60)  # from the first day into the third


@pytest.mark.parametrize("at", [0, 2])
def test_a_day_that_lacks_one_which_the_day_between_lists(at):
    listed = [[LONG], [LONG], [LONG]]
    assert found(listed) == {}
    listed[at] = []
    assert found(listed) == {DAYS[at]: TEXT}


def test_so_does_a_day_without_its_own_where_others_show_how_days_are_listed():
    other = push(50, 90, "bb")
    assert found([[LONG], [LONG], [LONG, other], []]) == {DAYS[3]: TEXT}


@pytest.mark.parametrize(
    "listed",
    [
        [[], [], [LONG]],  # on the day of its end
        [[LONG], [], []],  # on the day of its begin
        [[], [], []],
    ],
)
def test_a_vendor_that_lists_a_push_once_contradicts_nothing(listed):
    assert found(listed) == {}


def test_one_that_still_ran_when_the_day_was_asked_is_left_alone():
    asked = day_window(DAYS[1], ZONE)[1]
    assert found([[], [LONG], [LONG]], at=asked) == {}


def test_some_minutes_of_a_day_and_a_domain_without_an_answer_are_left_alone():
    assert found([[], [push(23.9, 60)]]) == {}
    assert found([[], [LONG], [LONG]], domains=()) == {}


def test_of_a_long_list_only_what_would_be_among_its_chosen_is_expected():
    own = [push(1, 30, f"a{i:02}") for i in range(MOST)]
    late, early = push(4, 60, "zz"), push(4, 60, "a")
    assert DAYS[0] not in found([own, [*own, late]])
    assert DAYS[0] in found([own, [early, *own]])
