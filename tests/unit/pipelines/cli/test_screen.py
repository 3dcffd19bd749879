"""Figures, days and names for the terminal."""

from datetime import date, timedelta

import pytest

from pipelines.cli import screen


def test_days_are_written_as_ranges():
    first = date(2026, 11, 1)
    days = [first + timedelta(days=i) for i in (0, 1, 2, 5, 7, 9)]
    assert screen.days_text(days, most=2) == (
        "2026-11-01 to 2026-11-03, 2026-11-06 and 2 more ranges"
    )
    assert screen.days_text([]) == ""


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "<1 s"), (45, "45 s"), (180, "3 min"), (7500, "2 h 5 min")]
)
def test_a_span_is_told_in_the_units_of_people(seconds, text):
    assert screen.span(seconds) == text


def test_datasets_with_the_same_days_share_a_line():
    days = [date(2026, 11, 1), date(2026, 11, 2)]
    lines = screen.stated("Lost", {"a": days, "b": days, "c": days[:1], "d": []}, "forgotten")
    assert lines == [
        "Lost: a, b 2026-11-01 to 2026-11-02: forgotten.",
        "Lost: c 2026-11-01: forgotten.",
    ]
