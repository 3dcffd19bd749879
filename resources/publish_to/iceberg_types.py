"""DuckDB's types in Iceberg, and the SELECT expression that gives them as Arrow.

Not here: tables (iceberg_tables.py).
"""

from __future__ import annotations

import re

import pyarrow as pa

from resources.publish_to.served import Column, Table
from resources.sql import quoting

_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_ARROW = {
    "BIGINT": pa.int64(),
    "BLOB": pa.binary(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "DOUBLE": pa.float64(),
    "FLOAT": pa.float32(),
    "INTEGER": pa.int32(),
    "TIME": pa.time64("us"),
    "TIMESTAMP": pa.timestamp("us"),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", "UTC"),  # the only zone that Iceberg knows
}
_WIDENED = {
    "TINYINT": "INTEGER",
    "SMALLINT": "INTEGER",
    "UTINYINT": "INTEGER",
    "USMALLINT": "INTEGER",
    "UINTEGER": "BIGINT",
    "UBIGINT": "DECIMAL(20,0)",
    "HUGEINT": "DECIMAL(38,0)",
    "TIMESTAMP_S": "TIMESTAMP",
    "TIMESTAMP_MS": "TIMESTAMP",
    "TIMESTAMP_NS": "TIMESTAMP",
}


def arrow_of(kind: str) -> pa.DataType:
    """The Arrow type for a type of DuckDB. What has no type in Iceberg is text, with fields JSON."""
    inner = kind.removesuffix("[]")
    if kind != inner and not _is_nested(inner):
        return pa.list_(pa.field("element", arrow_of(inner)))
    kind = _WIDENED.get(kind, kind)
    if match := _DECIMAL.fullmatch(kind):
        return pa.decimal128(int(match[1]), int(match[2]))
    return _ARROW.get(kind, pa.string())


def schema_of(table: Table) -> pa.Schema:
    """The columns of a table."""
    return pa.schema([pa.field(column.name, arrow_of(column.kind)) for column in table.columns])


def expression(column: Column) -> str:
    """The SELECT expression of a column, under its name."""
    name, kind = quoting.identifier(column.name), column.kind
    inner = kind.removesuffix("[]")
    suffix = kind[len(inner) :]
    if inner in _WIDENED:
        return f"{name}::{_WIDENED[inner]}{suffix} AS {name}"
    if kind != "JSON" and _is_nested(inner):
        return f"to_json({name})::VARCHAR AS {name}"
    if pa.types.is_string(arrow_of(inner)):
        return f"{name}::VARCHAR{suffix} AS {name}"
    return name


def _is_nested(kind: str) -> bool:
    return kind.startswith(("STRUCT(", "MAP(", "UNION(")) or kind.endswith("]")
