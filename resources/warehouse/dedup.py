"""Deduplicates rows that several days list: each key is kept once, under its first or last day.

All listed rows stay in meta.<table>_listed, so that any day can be replaced later. Read next:
load.py, which calls this.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import duckdb

from resources.api.catalog.columns import BUSINESS_DATE
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import DedupKeep
from resources.warehouse.connection import WarehouseError


def collect_keys(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, days: Sequence[date]
) -> None:
    """Collect the keys that `days` list now. `insert_deduplicated` decides their day again."""
    key = ", ".join(dataset.key)
    listed = f"meta.{dataset.name}_listed"
    # Not AS SELECT ... LIMIT 0: DuckDB 2.0 then assumes that the table stays empty, even after two
    # threads inserted rows, and finds no key in it.
    declared = ", ".join(f"{name} {dataset.column[name].kind.sql}" for name in dataset.key)
    connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS touched ({declared})")
    connection.execute(
        f"INSERT INTO touched SELECT {key} FROM {listed} WHERE {BUSINESS_DATE} IN (FROM unnest(?))",
        [days],
    )


def insert_deduplicated(connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    """Insert each collected key into the table once, under its first or last day.

    Raises WarehouseError unless the number of inserted rows equals the number of keys.
    """
    order = "DESC" if dataset.dedup_keep is DedupKeep.LAST_DAY else "ASC"
    match = " AND ".join(f"t.{name} IS NOT DISTINCT FROM k.{name}" for name in dataset.key)
    key = ", ".join(dataset.key)
    touched = f"FROM meta.{dataset.name}_listed t WHERE EXISTS (FROM touched k WHERE {match})"
    connection.execute(f"DELETE FROM {dataset.name} t WHERE EXISTS (FROM touched k WHERE {match})")
    inserted = connection.execute(
        f"INSERT INTO {dataset.name} BY NAME SELECT * {touched} "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {BUSINESS_DATE} {order}) = 1"
    ).fetchall()
    expected = connection.execute(
        f"SELECT count(*) FROM (SELECT DISTINCT {key} {touched})"
    ).fetchall()
    if inserted != expected:
        raise WarehouseError(
            f"{dataset.name}: DuckDB kept {inserted[0][0]} of {expected[0][0]} rows that were "
            "listed anew. Nothing was changed; run `livestats publish` to try again."
        )
    connection.execute("DROP TABLE touched")
