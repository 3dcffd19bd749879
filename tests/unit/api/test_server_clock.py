"""How far this clock is ahead: no more than it is, whatever the answers say of the time."""

import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.api.server_clock import MOST, ServerClock, http_time, lead

NOW = datetime(2026, 11, 22, 3, 4, 5, 600_000, tzinfo=UTC)
ZERO = timedelta()


def date(ahead=ZERO, took=ZERO):
    """The header of an answer to a request of NOW, when this clock is ahead by so much."""
    return format_datetime((NOW - ahead + took).replace(microsecond=0), usegmt=True)


@given(
    st.timedeltas(timedelta(minutes=-20), MOST),
    st.timedeltas(ZERO, timedelta(seconds=60)),
)
def test_a_lead_is_never_exaggerated_and_missed_by_the_wait_and_two_seconds_at_most(ahead, took):
    found = lead(NOW, date(ahead, took))
    assert ZERO <= found <= max(ahead, ZERO)
    assert found >= ahead - took - timedelta(seconds=2)


@pytest.mark.parametrize("header", [None, "", "yesterday", "2026-11-22T03:04:05Z"])
def test_without_a_time_nothing_is_known(header):
    assert http_time(header) is None
    assert lead(NOW, header) == ZERO


def test_what_the_vendor_would_refuse_is_not_its_clock():
    """A gateway may have a clock of its own; the one that checks signatures was content with ours."""
    assert lead(NOW, date(MOST + timedelta(seconds=2))) == ZERO


@pytest.mark.parametrize("header", [None, "", "yesterday"])
def test_an_answer_without_a_time_leaves_what_an_earlier_one_said(header):
    clock = ServerClock()
    clock.note(NOW, date(timedelta(seconds=300)))
    said = clock.lead
    clock.note(NOW, header)
    assert clock.lead == said > ZERO
    clock.note(NOW, date())
    assert clock.lead == ZERO


def test_it_is_told_once_until_the_clock_is_right_again(caplog):
    clock = ServerClock()
    with caplog.at_level(logging.WARNING):
        for ahead in (30, 300, 301, 0, 299):
            clock.note(NOW, date(timedelta(seconds=ahead)))
    assert len(caplog.records) == 2
    assert "300 s ahead of the vendor's" in caplog.messages[0]
    assert "timedatectl" in caplog.messages[1]


@pytest.mark.parametrize("header", ["Mon, 01 Jan 2027 00:00:00 +" + "9" * 20, "9" * 5000, ""])
def test_a_header_that_is_no_time_says_nothing(header):
    assert http_time(header) is None
