"""The table of reconciliation, and its summary."""

import duckdb
import pytest

from resources.system_tables.reconciliation import table
from resources.system_tables.reconciliation.rules import RULES
from resources.warehouse import connection as warehouse_connection


@pytest.fixture
def connection():
    with duckdb.connect() as found:
        found.execute(warehouse_connection.CREATE_META_TABLES)
        table.ensure_tables(found)
        yield found


def add(connection, day, verdict, rule="r"):
    connection.execute(
        "INSERT INTO reconciliation VALUES (?, ?, 'd', 1, 2, '=', 'u', 0, ?, NULL)",
        [rule, day, verdict],
    )


def test_the_rules_stand_beside_their_verdicts_and_are_written_once(connection):
    listed = connection.execute("SELECT rule FROM reconciliation_rule").fetchall()
    assert [name for (name,) in listed] == [rule.name for rule in RULES]
    version = warehouse_connection.content_version(connection)
    table.ensure_tables(connection)
    assert warehouse_connection.content_version(connection) == version


def test_other_columns_make_the_table_anew_and_all_days_stale(connection):
    connection.execute("INSERT INTO meta.reconciled VALUES ('r', DATE '2026-11-01', 'x')")
    connection.execute("ALTER TABLE reconciliation DROP COLUMN note")
    table.ensure_tables(connection)
    assert connection.execute("FROM meta.reconciled").fetchall() == []
    assert [name for name, _ in warehouse_connection.columns(connection, "reconciliation")] == [
        *table.COLUMNS
    ]


def test_the_summary_counts_verdicts_and_shows_the_newest_differences(connection):
    for day, verdict in (
        ("2026-11-01", "differs"), ("2026-11-03", "differs"), ("2026-11-02", "differs"),
        ("2026-11-02", "agrees"), ("2026-11-02", "sparse"), ("2026-11-02", "not comparable"),
    ):  # fmt: skip
        add(connection, day, verdict)
    found = table.reconciliation_status(connection, at_most=2)
    assert (found.comparisons, found.differing, found.sparse, found.not_comparable) == (6, 3, 1, 1)
    assert [row.business_date.day for row in found.differences] == [3, 2]
