"""The tables of a served copy without any row: for what Superset would ask, in a second."""

from __future__ import annotations

import duckdb

from pipelines.superset.model import Column, Table
from resources.marts import data_dictionary


def all_tables(language: str = "en") -> list[Table]:
    """Every table and view that the dictionary has."""
    return [
        Table(
            name=table["table"],
            comment=table["description"],
            columns=tuple(
                Column(name=c["name"], type=c["type"], comment=c["comment"])
                for c in table["columns"]
            ),
        )
        for table in data_dictionary.tables(language)
    ]


def empty(connection: duckdb.DuckDBPyConnection, tables: list[Table]) -> None:
    """Create `tables` in the database of `connection`, as tables."""
    for table in tables:
        columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
        connection.execute(f"CREATE TABLE {table.name} ({columns})")
