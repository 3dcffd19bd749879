"""Days as people write them."""

from datetime import date

import pytest

from pipelines.cli import days

TODAY = date(2026, 3, 1)


def today():
    return TODAY


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-11-01", date(2026, 11, 1), date(2026, 11, 1)),
        ("today", TODAY, TODAY),
        ("Yesterday", date(2026, 2, 28), date(2026, 2, 28)),
        ("-7d", date(2026, 2, 22), date(2026, 2, 22)),
        ("-0d", TODAY, TODAY),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
    ],
)
def test_a_day_can_be_named_in_several_ways(text, first, last):
    assert days.day(text, today) == first
    assert days.day(text, today, is_last=True) == last
    assert days.days(text, today) == (first, last)


def test_what_is_not_counted_from_today_does_not_ask_for_it():
    """The zone of today stands in the settings, which may be broken."""
    assert days.day("2026-11-01", lambda: pytest.fail("asked")) == date(2026, 11, 1)


@pytest.mark.parametrize(
    "text", ["", "1.11.2026", "2026-13", "2026-02-30", "7d", "-7", "-99999d", "tomorrow", "2026"]
)
def test_anything_else_is_refused_with_the_forms(text):
    with pytest.raises(ValueError, match=r"is not a day\. Write it like 2026-11-01, yesterday"):
        days.day(text, today)


def test_a_range_has_its_earlier_day_first():
    assert days.days("-7d..yesterday", today) == (date(2026, 2, 22), date(2026, 2, 28))
    assert days.days("2026-01..2026-02", today) == (date(2026, 1, 1), date(2026, 2, 28))
    with pytest.raises(ValueError, match="ends before it begins"):
        days.days("2026-02..2026-01", today)


def test_text_in_the_form_of_a_day_is_known():
    assert all(map(days.is_day, ["2026-02-30", "2026-09", "-7d", "TODAY"]))
    assert not any(map(days.is_day, ["7", "stream-7d", "live.example.com", ""]))
