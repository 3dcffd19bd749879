"""Comments on tables and columns in the warehouse, in one language.

Changing a comment or the language rebuilds nothing and reads no lake file. Not here: the texts
(definition.py, warehouse/dataset_docs.py) and their translations (i18n).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import duckdb

from resources.api.catalog import DATASETS
from resources.i18n import column_comment as said_of_column
from resources.i18n import say
from resources.marts import build
from resources.marts.definition import Mart, MartKind, read
from resources.sql import quoting
from resources.system_tables.registry import META_TABLES, OWN_TABLES
from resources.warehouse import connection as warehouse_connection
from resources.warehouse.dataset_docs import column_comment, table_comment

log = logging.getLogger("livestats.warehouse")


@dataclass(frozen=True, kw_only=True)
class TableComments:
    """The comments of one table, view or macro."""

    comment: str
    columns: Mapping[str, str] = field(default_factory=dict)


def comments_of(language: str, marts: Mapping[str, Mart] | None = None) -> dict[str, TableComments]:
    """schema.name -> comments, for everything that has comments, in `language`."""
    found = {
        f"main.{name}": TableComments(
            comment=table_comment(dataset, language),
            columns={c.name: column_comment(c, language) for c in dataset.columns},
        )
        for name, dataset in DATASETS.items()
    }
    for name, mart in (read() if marts is None else marts).items():
        found[f"main.{name}"] = TableComments(
            comment=mart.comment(language),
            # DuckDB has no comments on the columns of a macro.
            columns={}
            if mart.kind is MartKind.MACRO
            else {c.name: c.comment(language) for c in mart.columns},
        )
    for name, own in OWN_TABLES.items():
        columns = {
            c: said_of_column(said, language=language) for c, (_, said) in own.columns.items()
        }
        found[f"main.{name}"] = TableComments(comment=say(own.comment, language), columns=columns)
    for name, meaning in META_TABLES.items():
        found[f"meta.{name}"] = TableComments(comment=say(meaning, language))
    return found


def sync_comments(
    connection: duckdb.DuckDBPyConnection, language: str, marts: Mapping[str, Mart] | None = None
) -> int:
    """Write the comments that differ, on tables that exist. Returns how many were written.

    `connection` must be writable.
    """
    differing = [*_outdated(connection, comments_of(language, marts))]
    if differing:
        with warehouse_connection.transaction(connection):
            for place, text in differing:
                connection.execute(f"COMMENT ON {place} IS {quoting.literal(text)}")
        log.info("%d comments updated", len(differing))
    return len(differing)


def are_in_sync(connection: duckdb.DuckDBPyConnection, language: str) -> bool:
    """True if all comments are up to date. A read-only connection is enough."""
    return next(_outdated(connection, comments_of(language)), None) is None


_RELATIONS = """
SELECT 'TABLE', schema_name || '.' || table_name, comment FROM duckdb_tables()
WHERE database_name = current_database() AND NOT internal
UNION ALL SELECT 'VIEW', schema_name || '.' || view_name, comment FROM duckdb_views()
WHERE database_name = current_database() AND NOT internal
"""
_MACROS = """
UNION ALL SELECT DISTINCT 'MACRO TABLE', schema_name || '.' || function_name, comment
FROM duckdb_functions()
WHERE database_name = current_database() AND function_type = 'table_macro' AND NOT internal
"""
_COLUMNS = """
SELECT schema_name || '.' || table_name, column_name, comment FROM duckdb_columns()
WHERE database_name = current_database() AND NOT internal
"""


def _outdated(
    connection: duckdb.DuckDBPyConnection, wanted: Mapping[str, TableComments]
) -> Iterator[tuple[str, str]]:
    """(object for COMMENT ON, text) of every comment that differs."""
    macros = _MACROS * build.records_macros(connection)
    for kind, name, said in connection.execute(_RELATIONS + macros).fetchall():
        if name in wanted and said != wanted[name].comment:
            yield f"{kind} {name}", wanted[name].comment
    for name, column, said in connection.execute(_COLUMNS).fetchall():
        text = wanted[name].columns.get(column) if name in wanted else None
        if text is not None and said != text:
            yield f"COLUMN {name}.{column}", text
