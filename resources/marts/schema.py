"""Column types of marts, found by creating all marts on empty tables in memory.

Not here: building marts in the warehouse (build.py). Read data_dictionary.py next.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import duckdb

from resources.api.catalog import DATASETS
from resources.marts import build
from resources.marts.definition import Mart, MartError, read
from resources.system_tables.registry import OWN_TABLES


def declare_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create every table that a mart can read, without rows."""
    declared = {n: [(c.name, c.kind.sql) for c in d.columns] for n, d in DATASETS.items()}
    declared |= {n: [(c, sql) for c, (sql, _) in t.columns.items()] for n, t in OWN_TABLES.items()}
    connection.execute("CREATE SCHEMA meta; CREATE TABLE meta.archive (time_zone VARCHAR)")
    for name, columns in declared.items():
        listed = ", ".join(f"{column} {kind}" for column, kind in columns)
        connection.execute(f"CREATE TABLE {name} ({listed})")


def types(marts: Mapping[str, Mart] | None = None) -> Mapping[str, Mapping[str, str]]:
    """Mart -> column -> DuckDB type, in the order of the SELECT.

    Raises MartError for a mart that cannot be created, or whose header lists other columns than
    its SELECT.
    """
    return _column_types_of_all() if marts is None else _column_types(marts)


@cache
def _column_types_of_all() -> Mapping[str, Mapping[str, str]]:
    return MappingProxyType(_column_types(read()))


def _column_types(marts: Mapping[str, Mart]) -> dict[str, Mapping[str, str]]:
    found: dict[str, Mapping[str, str]] = {}
    with duckdb.connect() as connection:
        declare_tables(connection)
        for mart in marts.values():
            try:
                relation = connection.sql(f"FROM ({mart.sql})") if not mart.parameters else None
                if relation is None:
                    build.create(connection, mart)
                    relation = connection.sql(f"FROM {mart.call}")
                columns = dict(zip(relation.columns, map(str, relation.types), strict=True))
                declared = [c.name for c in mart.columns]
                if [*columns] != declared:
                    raise MartError(
                        f"{mart.name}.sql: the header lists the columns {', '.join(declared)}, and "
                        f"the SELECT has {', '.join(columns)}."
                    )
                build.create(connection, mart)
            except duckdb.Error as error:
                raise MartError(f"{mart.name}.sql cannot be made: {error}") from error
            found[mart.name] = MappingProxyType(
                {
                    name: kind.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")
                    for name, kind in columns.items()
                }
            )
    return found
