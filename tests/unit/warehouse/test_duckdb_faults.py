"""Faults of DuckDB 2.0.0 that must not come back with another version."""

import subprocess
import sys

import duckdb
import pytest

from resources.warehouse.connection import DUCKDB_WORKAROUNDS

COPIES = """
import sys, duckdb
connection = duckdb.connect(config={"threads": 2})
for _ in range(20):
    try:
        connection.execute(
            "COPY (SELECT CASE WHEN i = 1900000 THEN error('no')::BIGINT ELSE i END AS v "
            "FROM range(2000000) t(i)) TO '" + sys.argv[1] + "' (FORMAT csv)"
        )
    except duckdb.Error:
        continue
    sys.exit("the query did not fail")
"""
HELD_AT_EXIT = """
import ctypes, duckdb
ctypes.pythonapi.Py_IncRef(ctypes.py_object(duckdb.connect()))
"""
FIRST_OF_EACH = (
    "EXPLAIN SELECT * FROM listed t WHERE EXISTS (FROM touched k WHERE t.a = k.a) "
    "QUALIFY row_number() OVER (PARTITION BY a ORDER BY day) = 1"
)


@pytest.mark.slow
def test_a_copy_whose_query_fails_returns(tmp_path):
    """2.0.0 hung in two of three such processes."""
    subprocess.run([sys.executable, "-c", COPIES, str(tmp_path / "x.csv")], check=True, timeout=120)


def test_a_connection_that_is_held_at_exit_prints_nothing():
    """2.0.0 printed a page of leaked types below the summary of the tests."""
    ended = subprocess.run(
        [sys.executable, "-c", HELD_AT_EXIT], check=True, capture_output=True, text=True
    )
    assert (ended.stdout, ended.stderr) == ("", "")


def test_the_first_of_each_key_is_not_found_by_row_numbers():
    """That plan of 2.0 overlooked rows; the connection that writes has it switched off."""
    with duckdb.connect(config=DUCKDB_WORKAROUNDS) as connection:
        connection.execute("CREATE TABLE listed (day DATE, a VARCHAR, x VARCHAR)")
        connection.execute("CREATE TABLE touched (a VARCHAR)")
        ((_, plan),) = connection.execute(FIRST_OF_EACH).fetchall()
    assert "row_number() OVER" in plan
    assert "rowid" not in plan
