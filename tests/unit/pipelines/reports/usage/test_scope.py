"""What a report covers."""

from datetime import date

import pytest

from pipelines.reports.usage.scope import Domain, Range
from tests.support.report_source import DAYS, captured, made_up


def test_the_range_before_is_as_long_and_touches():
    found = Range(date(2026, 11, 20), date(2026, 11, 22))
    assert str(found.before) == "2026-11-17 to 2026-11-19"
    assert (found.length, len(found.days)) == (3, 3)
    assert str(Range(found.first, found.first)) == "2026-11-20"


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        (date(2026, 10, 1), date(2026, 10, 31), [10]),
        (date(2026, 10, 2), date(2026, 11, 30), [11]),
        (date(2026, 10, 2), date(2026, 11, 29), []),
    ],
)
def test_only_whole_months_are_months_of_the_range(first, last, months):
    assert [month.month for month in Range(first, last).months] == months


def test_holes_are_the_days_that_one_of_the_datasets_lacks():
    states = captured("a", but={DAYS.last: "partial"}) | captured("b")
    with made_up({}, states) as source:
        assert source.holes(["a", "b"]) == [DAYS.last]
        assert source.holes(["b"]) == []
        assert source.holes(["c"]) == DAYS.days
        assert (source.is_on("a"), source.is_on("c")) == (True, False)


def test_a_query_gets_the_days_of_the_range_and_the_values_it_names():
    with made_up({"t": [{"day": day} for day in DAYS.days]}, {}) as source:
        sql = "SELECT count(*) FROM t WHERE day BETWEEN $first AND $last AND 1 = $one"
        assert source.rows(sql, one=1, other=2) == [(2,)]
        assert source.has("t")
        assert not source.has("u")


def test_the_push_domain_of_a_domain_is_another_one():
    rows = [{"domain": "pull", "push_domain": "p"}, {"domain": "p", "push_domain": "p"}]
    with made_up({"domain": rows}, {}) as source:
        assert source.push_domains == {"pull": "p"}
    with made_up({}, {}) as source:
        assert source.push_domains == {}


def test_a_push_domain_is_its_own():
    assert Domain("push", "push").is_push
    assert not Domain("pull", "push").is_push
