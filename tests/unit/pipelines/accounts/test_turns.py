"""Whose turn it is: each account again and again, none kept waiting, and none taken from its host too early."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.accounts.turns import AGAIN_S, Turns
from resources.home.lease_server import Holder

HOUR_S = 3600.0
NAMES = ("acme", "bolt", "crab")


def test_an_account_is_due_at_once_and_again_after_its_time():
    turns = Turns(6 * HOUR_S)
    turns.set_accounts(["acme"], 0.0)
    assert turns.due(0.0, ()) == "acme"
    assert turns.ended("acme", 0, 100.0) == 6 * HOUR_S
    assert turns.due(100.0 + 6 * HOUR_S - 1, ()) is None
    assert turns.due(100.0 + 6 * HOUR_S, ()) == "acme"


def test_one_that_could_not_be_taken_is_tried_again_soon():
    turns = Turns(6 * HOUR_S)
    turns.set_accounts(["acme"], 0.0)
    for code in (2, -9, 143):
        assert turns.ended("acme", code, 0.0) == AGAIN_S
    assert Turns(60.0).ended("acme", 2, 0.0) == 60.0


def test_what_is_gone_is_not_due_and_what_is_new_is():
    turns = Turns(HOUR_S)
    turns.set_accounts(["acme", "bolt"], 0.0)
    turns.ended("acme", 0, 0.0)
    turns.set_accounts(["acme", "crab"], 1.0)
    turns.ended("bolt", 0, 1.0)  # its turn ended after its file was removed
    assert turns.due(2.0, ()) == "crab"
    assert turns.due(2.0, ["crab"]) is None


@given(
    st.lists(
        st.tuples(st.integers(1, 500), st.sampled_from([0, 1, 2, -9])), min_size=3, max_size=40
    )
)
def test_no_account_is_kept_waiting_by_others(turns_taken):
    """One at a time, however long turns take and however they end: nobody is passed over twice."""
    turns, now_s, order = Turns(60.0), 0.0, []
    turns.set_accounts(NAMES, now_s)
    for length_s, code in turns_taken:
        name = turns.due(now_s, ())
        if name is None:
            now_s += AGAIN_S
            name = turns.due(now_s, ())
        order.append(name)
        now_s += length_s
        turns.ended(name, code, now_s)
    for start in range(len(order) - 2):
        assert {*order[start : start + 3]} == {*NAMES}


def test_an_account_stays_with_its_host_until_that_is_overdue():
    turns = Turns(6 * HOUR_S)
    assert not turns.is_anothers(None)
    assert not turns.is_anothers(Holder("host-a", is_here=True, age_s=0.0))
    assert turns.is_anothers(Holder("host-a", is_here=False, age_s=11.9 * HOUR_S))
    assert not turns.is_anothers(Holder("host-a", is_here=False, age_s=12.0 * HOUR_S))
