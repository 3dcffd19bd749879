"""Bandwidth beside traffic: peaks of any shape agree, and another unit does not."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.system_tables.reconciliation.rules.units import UNITS

TRAFFIC, BANDWIDTH, *_ = UNITS
SLOT_S = 300


def verdicts(slots, unit=1.0):
    """Whether each rule agrees; `slots` are the bytes of each second of some slots."""
    with duckdb.connect() as connection:
        connection.execute("""
            CREATE TABLE days AS SELECT DATE '2026-11-20' AS business_date;
            CREATE TABLE edge_stat (business_date DATE, domain VARCHAR, slot_seconds INT,
                down_traffic_bytes DOUBLE, down_bandwidth_mbps DOUBLE)""")
        for most, rest in slots:
            total, peak = most + rest, max(most, rest / (SLOT_S - 1))
            row = ("2026-11-20", "a.example", SLOT_S, total, peak * 8 / 1e6 * unit)
            connection.execute("INSERT INTO edge_stat VALUES (?, ?, ?, ?, ?)", row)
        found = [connection.execute(rule.sql).fetchall()[0] for rule in (TRAFFIC, BANDWIDTH)]
    return [actual <= expected * 1.01 + slack for _, _, expected, actual, slack, _ in found]


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**11)), min_size=1, max_size=4))
def test_a_peak_of_one_second_or_of_all_agrees(slots):
    assert verdicts(slots) == [True, True]


@pytest.mark.parametrize(
    ("unit", "expected"),
    [(1e6, [True, False]), (1e3, [True, False]), (1e-3, [False, True]), (0.125, [False, True])],
)
def test_another_unit_is_told(unit, expected):
    assert verdicts([(10**8, 299 * 10**8)], unit) == expected
