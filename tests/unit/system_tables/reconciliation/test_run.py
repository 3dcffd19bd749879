"""Verdicts of reconciliation: the distance of two sums against what is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.system_tables.reconciliation import run
from resources.system_tables.reconciliation import table as reconciliation_table
from resources.system_tables.reconciliation.rules import Rule
from resources.warehouse import connection as warehouse_connection
from tests.support.archives import DAYS

DAY, OTHER_DAY = DAYS


@pytest.fixture(scope="module")
def bench():
    """A connection with nothing but the table that rows are made in."""
    with duckdb.connect() as connection:
        connection.execute(warehouse_connection.CREATE_META_TABLES)
        reconciliation_table.ensure_tables(connection)
        connection.execute("CREATE TEMP TABLE made AS FROM reconciliation LIMIT 0")
        yield connection


numbers = st.floats(0, 1e15) | st.integers(0, 300).map(float)


@settings(max_examples=60, deadline=None)
@given(
    expected=numbers,
    actual=numbers,
    tolerance=st.sampled_from([0.0, 0.001, 0.05]),
    slack=st.sampled_from([0.0, 1.0]),
    relation=st.sampled_from(["=", "<="]),
)
def test_the_verdict_is_the_distance_against_what_is_allowed(
    bench, expected, actual, tolerance, slack, relation
):
    rule = Rule(
        name="a", meaning="", unit="", why="", needs=(), tolerance=tolerance, relation=relation,
        sql=f"SELECT business_date, 's' AS scope, {expected!r} AS expected, {actual!r} AS actual, "
        f"{slack!r} AS slack, NULL AS note FROM days",
    )  # fmt: skip
    assert verdicts(bench, rule, [DAY]) == [judged(expected, actual, tolerance, slack, relation)]


def judged(expected, actual, tolerance, slack, relation):
    allowed = tolerance * expected + slack
    off = abs(actual - expected) if relation == "=" else actual - expected
    return "agrees" if off <= allowed else "differs"


def verdicts(connection, rule: Rule, days: Sequence[date]) -> list[str]:
    connection.execute("DELETE FROM made")
    run._compare(connection, rule, days)
    return [v for (v,) in connection.execute("SELECT verdict FROM made").fetchall()]


@pytest.mark.parametrize("value", ["NULL", "'nan'::DOUBLE", "'inf'::DOUBLE"])
def test_what_is_no_number_never_agrees(bench, value):
    rule = Rule(
        name="a", meaning="", unit="", why="", needs=(), tolerance=0.05,
        sql=f"SELECT business_date, 's' AS scope, 1 AS expected, {value} AS actual, 0 AS slack, "
        "NULL AS note FROM days",
    )  # fmt: skip
    assert verdicts(bench, rule, [DAY]) != ["agrees"]


def test_a_dataset_that_is_limited_is_compared_only_with_those_that_are_limited_alike():
    rule = Rule(name="a", meaning="", unit="", why="", needs=("x", "y"), tolerance=0.0, sql="")
    assert run._limit(rule, "x", {}) is None
    assert run._limit(rule, "x", {"x": "domains a", "y": "domains a"}) is None
    assert run._limit(rule, "x", {"x": "domains a"}) == "limited by the settings to domains a"
    assert run._limit(rule, "y", {"x": "domains a"}) is None
