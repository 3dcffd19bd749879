"""The clock that retention and settling go by can be set; it then goes on from there."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.clock import VARIABLE, clock

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("environ", [{}, {VARIABLE: ""}], ids=["unset", "empty"])
def test_it_is_the_machines_clock_unless_it_is_set(environ):
    before = datetime.now(UTC)
    assert before <= clock(environ)() <= datetime.now(UTC)


@given(
    moment=st.datetimes(
        datetime(2000, 1, 2),  # noqa: DTZ001  # Hypothesis adds the zone
        datetime(2999, 12, 30),  # noqa: DTZ001
        timezones=st.sampled_from([UTC, datetime.fromisoformat("2025-01-01T00:00+08:00").tzinfo]),
    )
)
def test_it_starts_where_it_is_set(moment):
    now = clock({VARIABLE: moment.isoformat()})
    assert moment <= now() <= moment + MINUTE
    assert now().utcoffset() == timedelta(0)


def test_it_never_goes_back():
    now = clock({VARIABLE: "2026-11-22T08:00:00+08:00"})
    times = [now() for _ in range(100)]
    assert times == sorted(times)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T08:00:00",
        "2026-11-22",
        "tomorrow",
        "1764000000",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
    ],
    ids=["no offset", "no time", "a word", "a number", "the first year", "the last year"],
)
def test_what_is_no_moment_is_refused_at_once(text):
    with pytest.raises(ValueError, match=VARIABLE) as caught:
        clock({VARIABLE: text})
    assert text in str(caught.value)
