"""DuckDB's types in PostgreSQL, and the SELECT expression that gives what the driver writes into them.

The driver copies in binary form: what it sends must be exactly what the column is declared as.
"""

from __future__ import annotations

import re

from resources.publish_to.served import Column
from resources.sql import quoting

_ALIKE = {
    "BIGINT": "bigint",
    "BLOB": "bytea",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DOUBLE": "double precision",
    "FLOAT": "real",
    "INTEGER": "integer",
    "INTERVAL": "interval",
    "SMALLINT": "smallint",
    "TIME": "time without time zone",
    "TIMESTAMP": "timestamp without time zone",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}
_WIDENED = {
    "TINYINT": "SMALLINT",
    "UTINYINT": "SMALLINT",
    "USMALLINT": "INTEGER",
    "UINTEGER": "BIGINT",
    "UBIGINT": "DECIMAL(20,0)",
    "HUGEINT": "DECIMAL(38,0)",
    "TIMESTAMP_S": "TIMESTAMP",
    "TIMESTAMP_MS": "TIMESTAMP",
    "TIMESTAMP_NS": "TIMESTAMP",
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_NO_NUL = "replace({}, chr(0), chr(65533))"  # PostgreSQL has no texts with a NUL


def type_of(kind: str) -> str:
    """The type of PostgreSQL for a type of DuckDB, spelled as PostgreSQL's format_type() does."""
    if kind.endswith("[]"):
        inner = kind.removesuffix("[]")
        return "json" if _is_nested(inner) else f"{type_of(inner)}[]"
    if _is_nested(kind):
        return "json"
    kind = _WIDENED.get(kind, kind)
    if match := _DECIMAL.fullmatch(kind):
        return f"numeric({match[1]},{match[2]})"
    return _ALIKE.get(kind, "text")


def expression(column: Column) -> str:
    """The SELECT expression of a column, under its name."""
    name = quoting.identifier(column.name)
    return f"{_value(column.kind, name)} AS {name}"


def _value(kind: str, value: str) -> str:
    inner = kind.removesuffix("[]")
    if _is_nested(inner):
        return f"{value}::VARCHAR" if kind == "JSON" else f"to_json({value})::VARCHAR"
    if kind != inner:
        if type_of(inner) == "text":
            return f"list_transform({value}, lambda e: {_NO_NUL.format('e::VARCHAR')})"
        return f"{value}::{_WIDENED.get(inner, inner)}[]"
    if kind in _WIDENED:
        return f"{value}::{_WIDENED[kind]}"
    return _NO_NUL.format(f"{value}::VARCHAR") if type_of(kind) == "text" else value


def _is_nested(kind: str) -> bool:
    """True for what has fields, or lists of lists: it becomes JSON."""
    return kind == "JSON" or kind.startswith(("STRUCT(", "MAP(", "UNION(")) or kind.endswith("]")
