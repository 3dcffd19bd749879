"""The calendar of the ledger: strips, months in a row, and what needs attention."""

from datetime import UTC, date, datetime, timedelta

import pytest

from pipelines.reports.coverage import calendar
from resources.ledger.states import Entry, State

START = date(2026, 1, 30)
SIGNS = {sign: state for state, sign in calendar.SIGNS.items()}


def entries(signs, name="edge_stat", first=START):
    """One line of the ledger for each sign."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return [
        Entry(
            dataset=name,
            day=first + timedelta(days=i),
            state=SIGNS[sign],
            can_be_completed=sign in "?.!+",
            captured_at=at + timedelta(minutes=i) if sign in "#o" else None,
            askable_until=at + timedelta(days=i),
        )
        for i, sign in enumerate(signs)
    ]


def test_a_month_has_a_sign_for_each_day_and_blanks_outside_of_the_range():
    january, february = calendar.months({"a": entries("#.~")})
    assert january.strips[0].signs == " " * 29 + "#."
    assert february.strips[0].signs == "~" + " " * 27


def test_datasets_that_look_alike_share_a_strip():
    (month,) = calendar.months({n: entries(s) for n, s in (("a", "#"), ("b", "."), ("c", "#"))})
    assert [strip.datasets for strip in month.strips] == [("a", "c"), ("b",)]


def test_whole_months_that_look_alike_stand_together():
    lines = {
        "a": entries("." * 92, first=date(2026, 1, 1)),
        "b": entries("x" * 92, first=date(2026, 1, 1)),
    }
    together = calendar.group_uniform_months(calendar.months(lines))
    assert [len(months) for months in together] == [3, 1]  # April has two days only


def test_nothing_gives_no_month():
    assert calendar.months({}) == []


@pytest.mark.parametrize(
    ("signs", "gaps"),
    [("....", 0), ("#...", 0), ("...#", 0), ("#.#", 1), ("#?!.o", 3), ("#x#", 0), ("#~", 0)],
    ids=["nothing yet", "not gone on", "begun late", "hole", "several", "lost", "settling"],
)
def test_a_gap_lies_between_captured_days_and_can_still_be_filled(signs, gaps):
    assert len(calendar.gaps(entries(signs))) == gaps


def test_what_needs_a_person_is_named_by_kind_and_dataset():
    found = calendar.attention({"a": entries("#.#"), "b": entries("?!"), "c": entries("##x~..")})
    assert {kind: list(days) for kind, days in found.items()} == {
        "gap": ["a"],
        "partial": ["b"],
        "expiring": ["b"],
    }


def test_the_newest_capture_is_the_one_fetched_last():
    newest = calendar.newest_capture({"a": entries("###"), "b": entries(".")})
    assert newest is not None
    assert newest.day == START + timedelta(days=2)
    assert calendar.newest_capture({"b": entries(".")}) is None


def test_days_are_forgotten_in_order_and_captured_ones_do_not_matter():
    found = calendar.expires_next({"a": entries("#..")})
    assert [day for _, day, _ in found] == [START + timedelta(days=1), START + timedelta(days=2)]
    assert SIGNS["."] is State.MISSING


def test_an_incomplete_day_needs_attention_while_its_items_can_be_asked_for():
    """It is no gap: its rows are there."""
    states = [
        (State.CAPTURED, 0),
        (State.INCOMPLETE, 1),
        (State.INCOMPLETE, 0),
        (State.CAPTURED, 0),
    ]
    lines = [
        Entry(
            dataset="edge_stat",
            day=START + timedelta(days=i),
            state=state,
            can_be_completed=bool(can),
        )
        for i, (state, can) in enumerate(states)
    ]
    found = calendar.attention({"edge_stat": lines})
    assert found == {"incomplete": {"edge_stat": [START + timedelta(days=1)]}}
    assert {*State} == {*calendar.SIGNS} == {*calendar.MEANINGS}
