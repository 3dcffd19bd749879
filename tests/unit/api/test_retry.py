"""When a failed call is tried again."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api.errors import TryLater
from resources.api.retry import Failures, RetryPolicy, Timing, read_retry_after

NOW = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
POLICY = RetryPolicy(
    fault_attempts=4, throttled_attempts=9, first_wait_s=1, longest_wait_s=10, total_s=100
)
FAULT = TryLater("fault")
THROTTLED = TryLater("throttled", throttled=True)


def waits(error, *, chance, elapsed_s=0.0, policy=POLICY):
    """The waits until the policy gives up."""
    nth, found = 1, []
    while (wait_s := policy.wait_s(error, nth=nth, elapsed_s=elapsed_s, chance=chance)) is not None:
        found.append(wait_s)
        nth += 1
    return found


def test_the_longest_possible_wait_doubles_up_to_a_limit():
    assert waits(THROTTLED, chance=1) == [1, 2, 4, 8, 10, 10, 10, 10]


def test_the_wait_is_anything_between_none_and_that():
    assert waits(FAULT, chance=0) == [0, 0, 0]
    assert waits(FAULT, chance=0.5) == [0.5, 1, 2]


def test_throttling_gets_more_patience_than_faults():
    assert len(waits(THROTTLED, chance=0)) > len(waits(FAULT, chance=0))


def test_no_wait_is_shorter_than_asked_for():
    assert waits(TryLater("x", retry_after_s=3), chance=1) == [3, 3, 4]


def test_what_would_take_too_long_is_given_up_at_once():
    assert waits(TryLater("x", retry_after_s=101), chance=0) == []
    assert waits(TryLater("x", retry_after_s=60), chance=0, elapsed_s=41) == []


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (TryLater("refused", no_answer=True), 29),
        (TryLater("a gateway", no_answer=True, http_status=502), 3),
        (FAULT, 3),
    ],
)
def test_a_server_that_is_not_reached_is_tried_for_a_while_however_often(error, attempts):
    policy = RetryPolicy(fault_attempts=4, unreached_s=30)
    waits = [
        policy.wait_s(error, nth=second, elapsed_s=second, chance=0) for second in range(1, 60)
    ]
    assert [second for second, wait in enumerate(waits, 1) if wait is not None][-1] == attempts


def test_any_number_of_attempts_can_be_asked_for():
    endless = RetryPolicy(throttled_attempts=10_000)
    assert endless.wait_s(THROTTLED, nth=9_000, elapsed_s=0, chance=1) == 60


def failures(**policy):
    """Of a call for which no time passes but what is slept."""
    timing = Timing(monotonic=lambda: 0.0, sleep=lambda _: None, chance=lambda: 0.5)
    return Failures(RetryPolicy(**policy), timing)


def test_faults_and_throttling_of_a_call_are_counted_apart():
    found = failures(fault_attempts=2, throttled_attempts=3)
    assert found.wait_s(FAULT, 1) == 0.5
    assert [found.wait_s(THROTTLED, attempt) for attempt in (2, 3)] == [0.5, 1.0]
    assert found.number == 3
    with pytest.raises(TryLater):
        found.wait_s(FAULT, 4)


def test_the_last_failure_says_how_much_was_tried_and_what_was_asked_for():
    found = failures(fault_attempts=9, total_s=10)
    found.slept_s = 8.0
    with pytest.raises(TryLater, match="gave up at attempt 4 after 8 s, asked to wait 3 s more"):
        found.wait_s(TryLater("busy", retry_after_s=3), 4)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("Thu, 02 Jan 2025 03:05:05 GMT", 60.0),
        ("Thu, 02 Jan 2025 11:05:05 +0800", 60.0),
        ("Thu, 02 Jan 2025 03:05:05 -0000", 60.0),
        ("Thu, 02 Jan 2025 03:00:00 GMT", 0.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("inf", None),
        ("1e9", None),
        ("99999999999999999999", None),
        ("Thu, 42 Jan 2025 03:05:05 GMT", None),
    ],
)
def test_reading_retry_after(header, seconds):
    assert read_retry_after(header, NOW) == seconds


@settings(deadline=None)
@given(st.text(max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, [0-9 ]{1,9}[A-Z][a-z]{2}[0-9: +-]*"))
def test_no_header_breaks_the_reading(header):
    seconds = read_retry_after(header, NOW)
    assert seconds is None or seconds >= 0


def test_a_date_with_an_offset_of_too_many_digits_says_nothing():
    header = f"Mon, 01 Jan 2027 00:00:00 +{'9' * 20}"
    assert read_retry_after(header, datetime(2026, 11, 1, tzinfo=UTC)) is None
