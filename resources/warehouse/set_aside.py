"""Days that a load could not take: their notes, and their earlier rows when a table is made anew.

Not here: why a file is refused (accepted.py). Read next: load.py, which calls this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import duckdb

from resources.api.catalog.columns import BUSINESS_DATE
from resources.api.catalog.datasets import Dataset
from resources.home.layout import Home
from resources.sql import quoting
from resources.warehouse import connection as warehouse_connection
from resources.warehouse import days_set_aside, dedup

_KEPT, _KEPT_LOADED = "kept_rows", "kept_loaded"


def note(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    dataset: Dataset,
    refused: Mapping[date, str],
) -> None:
    """Mark the days that were set aside: their rows, if there are any, are of an earlier load."""
    noted = dict(
        connection.execute(
            "SELECT day, problem FROM meta.set_aside WHERE dataset = ?", [dataset.name]
        ).fetchall()
    )
    if noted != refused:
        with warehouse_connection.transaction(connection):
            connection.execute("DELETE FROM meta.set_aside WHERE dataset = ?", [dataset.name])
            for day, problem in sorted(refused.items()):
                connection.execute(
                    "INSERT INTO meta.set_aside VALUES (?, ?, ?)", [dataset.name, day, problem]
                )
    days_set_aside.write(home, dataset.name, refused)


def keep_rows(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, days: Sequence[date]
) -> None:
    """Copy the rows of `days` before the table is replaced, inside its transaction."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_KEPT} AS FROM {_table(dataset)} "
        f"WHERE {BUSINESS_DATE} IN ({quoting.dates(days)})"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_KEPT_LOADED} AS FROM meta.loaded "
        f"WHERE dataset = {quoting.literal(dataset.name)} AND day IN ({quoting.dates(days)})"
    )


def put_back(connection: duckdb.DuckDBPyConnection, dataset: Dataset, days: Sequence[date]) -> None:
    """Insert the rows of `keep_rows` into the table as it is declared now; new columns are NULL.

    Raises DuckDB's error if they do not fit.
    """
    held = {row[0] for row in connection.execute(f"DESCRIBE {_KEPT}").fetchall()}
    common = ", ".join(c.name for c in dataset.columns if c.name in held)
    connection.execute(f"INSERT INTO {_table(dataset)} BY NAME SELECT {common} FROM {_KEPT}")
    if dataset.dedup_keep:
        dedup.collect_keys(connection, dataset, days)
        dedup.insert_deduplicated(connection, dataset)
    # No file has this size, so the next load tries the day again.
    connection.execute(f"INSERT INTO meta.loaded SELECT * REPLACE (-1 AS size) FROM {_KEPT_LOADED}")
    connection.execute(f"DROP TABLE {_KEPT}; DROP TABLE {_KEPT_LOADED}")


def _table(dataset: Dataset) -> str:
    """The table that holds every row of the lake."""
    return f"meta.{dataset.name}_listed" if dataset.dedup_keep else dataset.name
