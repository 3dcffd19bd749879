"""What the shell offers after TAB: tables after FROM, columns of the tables that are named, keywords."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

Tables = Mapping[str, Sequence[str]]
"""The columns of each table, view and mart."""

_COMMANDS = (".example", ".examples", ".format", ".help", ".quit", ".rows", ".tables")
_KEYWORDS = (
    *("SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "LIMIT", "HAVING", "QUALIFY", "WITH"),
    *("JOIN", "LEFT JOIN", "USING", "ON", "AS", "AND", "OR", "NOT", "IN", "IS NULL", "BETWEEN"),
    *("DISTINCT", "DESC", "CASE", "WHEN", "THEN", "ELSE", "END", "UNION ALL", "PIVOT"),
    *("DESCRIBE", "SUMMARIZE", "count(*)", "sum(", "max(", "min(", "avg(", "round(", "median("),
    *("date_trunc('month', ", "strftime(", "DATE '"),
)
_BEGUN = re.compile(r"[\w.]*$")
_TABLE_COMES = re.compile(r"\b(from|join|describe|summarize|table)\s+$", re.IGNORECASE)


def tables_of(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """The tables and views of the served copy with their columns."""
    found: dict[str, list[str]] = {}
    rows = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal "
        "AND schema_name = 'main' AND database_name = current_database() "
        "ORDER BY table_name, column_index"
    ).fetchall()
    for table, column in rows:
        found.setdefault(table, []).append(column)
    return found


def offered(before: str, tables: Tables, styles: Sequence[str]) -> tuple[str, list[str]]:
    """What is begun at the end of `before`, the text up to the cursor, and how it may go on."""
    command, space, argument = before.lstrip().partition(" ")
    if command.startswith("."):
        begun = argument if space else command
        return begun, _beginning(
            begun, _of_command(command, tables, styles) if space else _COMMANDS
        )
    found = _BEGUN.search(before)
    begun = found.group().rpartition(".")[2] if found else ""  # of `t.col` the column
    if _TABLE_COMES.search(before[: len(before) - len(begun)]):
        return begun, _beginning(begun, sorted(tables))
    if not begun:
        return "", []
    words = {*re.findall(r"\w+", before)}
    named = [column for name, columns in tables.items() if name in words for column in columns]
    columns = named or [column for columns in tables.values() for column in columns]
    return begun, _beginning(begun, [*columns, *sorted(tables), *_KEYWORDS])


def _of_command(command: str, tables: Tables, styles: Sequence[str]) -> Sequence[str]:
    if command == ".example":
        from resources.serving.example_queries import examples

        return [one.name for one in examples()]
    return {".tables": sorted(tables), ".format": styles}.get(command, ())


def _beginning(begun: str, names: Sequence[str]) -> list[str]:
    """Each once, in the order given."""
    low = begun.lower()
    return [name for name in dict.fromkeys(names) if name.lower().startswith(low)]
