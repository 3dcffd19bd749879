"""A list of pushes without any of a domain, of which metrics show one that began and ended that day."""

from datetime import date

import pytest

from resources.lake.activity import DAY as DAY_BIT
from resources.lake.activity import WHOLE_PUSH
from resources.ledger.raw_day import RawDayFacts
from resources.ledger.silent_lists import silent_lists
from resources.raw.captures import CaptureName

DAY = date(2026, 11, 20)
WHOLE, GOES_ON = (1 << DAY_BIT | 1 << WHOLE_PUSH, 1 << DAY_BIT), (1 << DAY_BIT, 1 << DAY_BIT)


def found(rows, hours, **facts):
    number = sum(rows.values()) if isinstance(rows, dict) else rows
    captures = (CaptureName(f"20261122T010000000000Z-{number}-0123456789abcdef"),)
    by_domain = rows if isinstance(rows, dict) else {}
    day = RawDayFacts(captures=captures, rows_by_domain=by_domain, **facts)
    return silent_lists({DAY: day}, {DAY: hours})


def test_it_is_told_by_domain():
    rows, hours = {"a.example": 0, "b.example": 3}, {"a.example": WHOLE, "b.example": WHOLE}
    assert found(rows, hours) == {DAY: ("no push of a.example, and metrics show one that ended",)}


def test_a_list_of_the_account_that_is_empty_is_told():
    assert [*found(0, {"a.example": WHOLE, "b.example": GOES_ON})] == [DAY]


@pytest.mark.parametrize(
    ("rows", "hours", "facts"),
    [
        ({"a.example": 0}, {"a.example": GOES_ON}, {}),
        ({"a.example": 0}, {}, {}),  # no metrics, or not of this domain
        ({"a.example": 1}, {"a.example": WHOLE}, {}),
        ({"b.example": 0}, {"a.example": WHOLE}, {}),  # the list has no answer about it
        (1, {"a.example": WHOLE}, {}),  # a list of the account, without rows by domain
        (0, {"a.example": WHOLE}, {"erased_rows": {"": 2}}),
        ({"a.example": 0}, {"a.example": WHOLE}, {"erased_rows": {"a.example": 2}}),
    ],
)
def test_what_may_be_so_is_not(rows, hours, facts):
    assert found(rows, hours, **facts) == {}
