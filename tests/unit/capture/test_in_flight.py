"""What is under way: bounded in bytes over all datasets, and nobody waits for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.api.catalog.model import Scope
from resources.api.request_plan import Request
from resources.capture.in_flight import FIRST_GUESS_BYTES, MemoryLimiter, SizeEstimator

SMALL, LARGE = "the lane of small answers", "the lane of large answers"


def walk(**payload):
    return Request(payload=payload)


# Room ---------------------------------------------------------------------------------------------


def test_answers_under_way_and_waiting_stay_below_the_bound():
    room = MemoryLimiter(100)
    assert [room.admit(30, SMALL) for _ in range(4)] == [True, True, True, False]


def test_an_answer_counts_as_large_as_it_was_found_to_be():
    room = MemoryLimiter(100)
    assert room.admit(90, SMALL)
    room.add(-60)  # it was guessed at 90, and has 30
    assert room.admit(70, LARGE)
    assert not room.admit(1, SMALL)


def test_where_nothing_is_under_way_a_question_is_admitted_however_large():
    """Also beside rows that wait to be written: only further answers get those written."""
    room = MemoryLimiter(100)
    room.add(60)
    assert room.admit(1000, LARGE)
    assert not room.admit(1, SMALL)
    room.release(1000)
    assert room.admit(1, SMALL)


def test_small_answers_do_not_overtake_a_large_one_for_ever():
    room = MemoryLimiter(100)
    assert room.admit(30, SMALL)
    assert not room.admit(90, LARGE)
    assert not room.admit(1, SMALL), "it would fit, but the large one is next"
    room.release(30)
    assert not room.admit(1, SMALL)
    assert room.admit(90, LARGE)
    assert room.admit(1, SMALL)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 300)), max_size=60))
def test_whoever_comes_again_is_admitted_in_the_end_and_the_bound_holds(asked):
    """Lanes that come round after round; the oldest answer is taken where nobody is admitted."""
    room, under_way = MemoryLimiter(100), []
    waiting = {name: [size for who, size in asked if who == name] for name in "abc"}
    for _ in range(10 * len(asked) + 1):
        moved = False
        for name, sizes in waiting.items():
            while sizes and room.admit(sizes[0], name):
                under_way.append(sizes.pop(0))
                moved = True
                assert sum(under_way) <= 100 or len(under_way) == 1
        if not moved and under_way:
            room.release(under_way.pop(0))
    assert not any(waiting.values())


# Guesses ------------------------------------------------------------------------------------------


def test_before_any_answer_a_size_is_guessed():
    assert SizeEstimator(Scope.DOMAINS).guess(walk(Domain="a")) == FIRST_GUESS_BYTES


def test_the_same_question_of_another_day_is_as_large():
    sizes = SizeEstimator(Scope.DOMAIN)
    sizes.learn(walk(Domain="a", StartTime="1", EndTime="2"), 50_000_000)
    sizes.learn(walk(Domain="b", StartTime="1", EndTime="2"), 10)
    assert sizes.guess(walk(Domain="b", StartTime="2", EndTime="3")) == 10
    assert sizes.guess(walk(Domain="a", StartTime="2", EndTime="3")) == 50_000_000


def test_another_question_is_as_large_as_the_largest_once_enough_have_come():
    sizes = SizeEstimator(Scope.STREAM)
    for n in range(8):
        sizes.learn(walk(Stream=str(n)), 1000 + n)
    assert sizes.guess(walk(Stream="new")) == 1007


@pytest.mark.parametrize(
    ("came", "guess"),
    [
        (10, FIRST_GUESS_BYTES // 8),
        (900_000, 3_600_000),
        (3_000_000, FIRST_GUESS_BYTES),
        (10**8,) * 2,
    ],
    ids=["tiny", "usual", "as guessed", "larger"],
)
def test_before_enough_have_come_the_next_may_be_some_times_as_large(came, guess):
    sizes = SizeEstimator(Scope.STREAM)
    sizes.learn(walk(Stream="a"), came)
    assert sizes.guess(walk(Stream="b")) == guess


def test_streams_are_not_remembered_one_by_one():
    """There may be thousands of others every day."""
    sizes = SizeEstimator(Scope.STREAM)
    for n in range(100):
        sizes.learn(walk(Stream=str(n)), n)
    assert not sizes._by_request
