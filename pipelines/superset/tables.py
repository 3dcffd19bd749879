"""Tables and views of the served copy, with their columns and comments."""

from __future__ import annotations

from itertools import groupby

import duckdb

from pipelines.superset.model import Column, Table

_COLUMNS = """
SELECT table_name, column_name,
    replace(data_type, 'TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ'), coalesce(comment, '')
FROM duckdb_columns()
WHERE schema_name = 'main' AND database_name = current_database() AND NOT internal
ORDER BY table_name, column_index
"""
_COMMENTS = """
SELECT table_name, comment FROM duckdb_tables()
WHERE schema_name = 'main' AND database_name = current_database() AND NOT internal
UNION ALL SELECT view_name, comment FROM duckdb_views()
WHERE schema_name = 'main' AND database_name = current_database() AND NOT internal
"""


def served_tables(connection: duckdb.DuckDBPyConnection) -> list[Table]:
    """What a BI tool can ask, by name; `connection` is one to the served copy."""
    comments = dict(connection.execute(_COMMENTS).fetchall())
    rows = connection.execute(_COLUMNS).fetchall()
    return [
        Table(
            name=name,
            comment=comments[name] or "",
            columns=tuple(Column(name=c, type=t, comment=said) for _, c, t, said in columns),
        )
        for name, columns in groupby(rows, key=lambda row: row[0])
    ]
