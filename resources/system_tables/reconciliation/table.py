"""The tables `reconciliation` and `reconciliation_rule`: columns, comments, and a summary to read.

Not here: computing the rows (run.py), the rules (rules/).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from resources.system_tables.reconciliation.rules import ACCOUNT, RULES
from resources.warehouse import connection as warehouse_connection

TABLE = "reconciliation"
RULE_TABLE = "reconciliation_rule"

_Columns = Mapping[str, tuple[str, str]]

MEANING = "What endpoints say of the same thing, compared for each day by each rule."
COLUMNS: _Columns = {
    "rule": ("VARCHAR", "What is compared; the table reconciliation_rule says what it means."),
    "business_date": ("DATE", "Calendar day in the business time zone."),
    "scope": ("VARCHAR", f"Domain, or {ACCOUNT!r} for what is not about a single domain."),
    "expected": ("DOUBLE", "What the other endpoint says, in the unit of the row."),
    "actual": ("DOUBLE", "What is to equal it, or not to exceed it: see relation."),
    "relation": ("VARCHAR", "= if actual is to equal expected, <= if it must not exceed it."),
    "unit": ("VARCHAR", "Unit of expected and actual."),
    "tolerance": (
        "DOUBLE",
        "How far actual may be off, relative to expected: 0.01 is one percent. The reason is in "
        "reconciliation_rule.",
    ),
    "verdict": (
        "VARCHAR",
        "agrees, differs, sparse (a day without all of its slots: the vendor may leave out those "
        "in which nothing happened), or not comparable: a side is missing. Flagged only, no row is "
        "altered.",
    ),
    "note": (
        "VARCHAR",
        "Which side is missing and why (lost, not captured, switched off, limited by the settings), or "
        "what was worst.",
    ),
}
RULE_MEANING = "The rules of the table reconciliation, and why their tolerances are what they are."
RULE_COLUMNS: _Columns = {
    "rule": ("VARCHAR", "Name of the rule."),
    "meaning": ("VARCHAR", "What it says."),
    "relation": ("VARCHAR", "= if actual is to equal expected, <= if it must not exceed it."),
    "unit": ("VARCHAR", "Unit of expected and actual."),
    "tolerance": ("DOUBLE", "How far actual may be off, relative to expected."),
    "why": ("VARCHAR", "Why the tolerance is what it is."),
    "tables": ("VARCHAR", "Tables it reads."),
}
_META = """
CREATE TABLE IF NOT EXISTS meta.reconciled (
    rule VARCHAR, day DATE, inputs VARCHAR, PRIMARY KEY (rule, day));
"""


@dataclass(frozen=True, kw_only=True)
class DifferingRow:
    """One row of the table whose verdict is `differs`."""

    business_date: date
    scope: str
    rule: str
    expected: float
    actual: float
    unit: str
    tolerance: float
    note: str | None


@dataclass(frozen=True, kw_only=True)
class ReconciliationStatus:
    """Counts of verdicts over the whole table."""

    comparisons: int
    not_comparable: int
    sparse: int
    differing: int
    differences: Sequence[DifferingRow]  # the newest ones, not necessarily all


def ensure_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables. If their columns have changed, all days are reconciled again."""
    connection.execute(_META)
    if _is_declared(connection, TABLE, COLUMNS) and _is_declared(
        connection, RULE_TABLE, RULE_COLUMNS
    ):
        stored = connection.execute(f"FROM {RULE_TABLE}").fetchall()
    else:
        stored = None
    rules = [
        (r.name, r.meaning, r.relation, r.unit, r.tolerance, r.why, ", ".join(r.needs))
        for r in RULES
    ]
    if stored == rules:
        return
    with warehouse_connection.transaction(connection):
        if stored is None:
            _declare(connection, TABLE, COLUMNS)
            _declare(connection, RULE_TABLE, RULE_COLUMNS)
            connection.execute("DELETE FROM meta.reconciled")
        connection.execute(f"DELETE FROM {RULE_TABLE}")
        columns = [list(column) for column in zip(*rules, strict=True)]
        values = ", ".join(["unnest(?)"] * len(columns))
        connection.execute(f"INSERT INTO {RULE_TABLE} SELECT {values}", columns)


def reconciliation_status(
    connection: duckdb.DuckDBPyConnection, at_most: int
) -> ReconciliationStatus:
    """Counts of the table's verdicts, and the newest differences, `at_most` of them."""
    ((comparisons, not_comparable, sparse, differing),) = connection.execute(
        "SELECT count(*), count(*) FILTER (verdict = 'not comparable'), "
        "count(*) FILTER (verdict = 'sparse'), "
        f"count(*) FILTER (verdict = 'differs') FROM {TABLE}"
    ).fetchall()
    rows = connection.execute(
        "SELECT business_date, scope, rule, expected, actual, unit, tolerance, note "
        f"FROM {TABLE} WHERE verdict = 'differs' ORDER BY business_date DESC, rule, scope LIMIT ?",
        [at_most],
    ).fetchall()
    names = DifferingRow.__annotations__
    return ReconciliationStatus(
        comparisons=comparisons,
        not_comparable=not_comparable,
        sparse=sparse,
        differing=differing,
        differences=[DifferingRow(**dict(zip(names, row, strict=True))) for row in rows],
    )


def _is_declared(connection: duckdb.DuckDBPyConnection, table: str, columns: _Columns) -> bool:
    actual = warehouse_connection.columns(connection, table)
    return actual == [(name, kind) for name, (kind, _) in columns.items()]


def _declare(connection: duckdb.DuckDBPyConnection, table: str, columns: _Columns) -> None:
    declared = ", ".join(f"{name} {kind}" for name, (kind, _) in columns.items())
    connection.execute(f"CREATE OR REPLACE TABLE {table} ({declared})")
