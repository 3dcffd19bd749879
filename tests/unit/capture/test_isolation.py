"""A refused list is taken apart until each bad item stands alone, and no item gets lost."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from resources.capture.isolation import PROBES, probes, take_apart

ITEMS = [f"d{number:02}" for number in range(30)]


@dataclass(frozen=True)
class Answer:
    items: tuple[str, ...]
    is_proven: bool


class Server:
    """Refuses lists with a bad item, or longer than a limit."""

    def __init__(self, bad=(), limit=1000, calls=1000):
        self.bad, self.limit, self.left, self.asked = {*bad}, limit, calls, []

    def __call__(self, items):
        if not self.left:
            return None
        self.left -= 1
        self.asked.append([*items])
        return Answer(tuple(items), not self.bad & {*items} and len(items) <= self.limit)


def apart(items, server, **options):
    return take_apart(items, Answer(tuple(items), False), server, **options)


@hypothesis_settings(deadline=None)
@given(
    st.integers(2, 30).flatmap(
        lambda n: st.tuples(st.just(ITEMS[:n]), st.sets(st.sampled_from(ITEMS[:n])))
    ),
    st.integers(1, 30),
)
def test_bad_items_stand_alone_and_all_others_are_answered(case, limit):
    items, bad = case
    server = Server(bad, limit)
    found = apart(items, server)
    if found is None:
        assert {*probes(items)} <= bad
        return
    assert sorted(item for part in found.answers for item in part) == items
    assert found.good_items == sorted({*items} - bad)
    assert all(len(part) == 1 for part, one in found.answers.items() if not one.is_proven)
    assert found.longest_answered <= limit


def test_an_action_that_refuses_everything_costs_a_few_calls():
    server = Server(ITEMS)
    assert apart(ITEMS, server) is None
    assert len(server.asked) == PROBES
    assert server.asked[:2] == [[ITEMS[0]], [ITEMS[-1]]]
    assert apart(ITEMS, few := Server(ITEMS), max_probes=2) is None
    assert len(few.asked) == 2


def test_one_bad_item_costs_the_logarithm_of_the_list():
    server = Server([ITEMS[17]])
    assert apart(ITEMS, server).good_items == [item for item in ITEMS if item != ITEMS[17]]
    assert len(server.asked) <= 12


@pytest.mark.parametrize("calls", range(1, 12))
def test_where_no_further_call_may_be_made_the_rest_shares_the_refusal(calls):
    server = Server([ITEMS[3], ITEMS[17]], calls=calls)
    found = apart(ITEMS, server)
    assert len(server.asked) == calls
    assert sorted(item for part in found.answers for item in part) == ITEMS
    assert not {ITEMS[3], ITEMS[17]} & {*found.good_items}


def test_a_list_that_is_too_long_shows_the_length_that_is_taken():
    found = apart(ITEMS, Server(limit=8))
    assert found.good_items == ITEMS
    assert found.longest_answered == 8 or 4 <= found.longest_answered <= 8


@pytest.mark.parametrize(
    "good", [[ITEMS[5]], [ITEMS[1], ITEMS[28]], ITEMS[1:10:2]], ids=["one", "two", "some"]
)
def test_a_few_good_items_among_bad_ones_are_found(good):
    """The ones that are asked first may all be bad: an old account has more gone domains than others."""
    bad = {*ITEMS} - {*good}
    assert {*probes(ITEMS)} <= bad
    found = apart(ITEMS, server := Server(bad), max_probes=len(ITEMS))
    assert found.good_items == sorted(good)
    assert len(server.asked) <= 2 * len(ITEMS)
    assert apart(ITEMS, few := Server(ITEMS), max_probes=len(ITEMS)) is None
    assert len(few.asked) == len(ITEMS)
