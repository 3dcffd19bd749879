"""Replaces a batch of days of one table by their lake files, inside a transaction, and proves the rows.

Not here: which files are loaded, and what becomes of those that fail (load.py).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from resources.api.catalog.columns import BUSINESS_DATE
from resources.api.catalog.datasets import Dataset
from resources.lake import parquet
from resources.sql import quoting
from resources.warehouse import dedup
from resources.warehouse.connection import WarehouseError
from resources.warehouse.newest_rows import newest_rows

log = logging.getLogger("livestats.warehouse")

# Match columns by name in every file: the default takes the order of the first file for all.
_BY_NAME = "union_by_name = true, hive_partitioning = false"

_SCHEMA_ERRORS = (
    *(duckdb.ConstraintException, duckdb.BinderException, duckdb.ConversionException),
    *(duckdb.InvalidInputException, duckdb.DataError),
)
"""Errors of DuckDB for a file that another version of the catalog wrote."""


@dataclass(frozen=True)
class LakeFile:
    """A lake file, from its directory entry; not opened."""

    day: date
    path: str
    size: int
    modified_ns: int


Batch = Sequence[tuple[LakeFile, parquet.Provenance]]


def load_batch(connection: duckdb.DuckDBPyConnection, dataset: Dataset, batch: Batch) -> int:
    """Replace the days of `batch`, inside a transaction; the number of rows loaded.

    Raises WarehouseError if the files do not fit the table.
    """
    days = [f.day for f, _ in batch]
    try:
        if dataset.is_dimension:
            _replace_snapshots(connection, dataset, batch)
        else:
            _replace_days(connection, dataset, batch, days)
    except _SCHEMA_ERRORS as error:
        raise WarehouseError(
            f"{dataset.name}: files of {days[0]} to {days[-1]} do not fit the table: {error}. "
            "Nothing was changed; run `livestats replay` for these days: it makes the files anew."
        ) from error
    _record_loaded(connection, dataset, batch)
    rows = sum(origin.rows for _, origin in batch)
    about = {"dataset": dataset.name}
    log.info("%s: %d days loaded, %d rows", dataset.name, len(batch), rows, extra=about)
    return rows


def _replace_days(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, batch: Batch, days: Sequence[date]
) -> None:
    origins, paths = [o for _, o in batch], [f.path for f, _ in batch]
    target = f"meta.{dataset.name}_listed" if dataset.dedup_keep else dataset.name
    if dataset.dedup_keep:
        dedup.collect_keys(connection, dataset, days)
    connection.execute(f"DELETE FROM {target} WHERE {_day_filter(days)}")
    inserted = connection.execute(
        f"INSERT INTO {target} BY NAME FROM read_parquet(?, {_BY_NAME})", [paths]
    ).fetchall()
    _check_inserted_count(dataset, inserted, origins)
    _check_rows_and_keys(connection, dataset, target, days, {o.day: o.rows for o in origins})
    if dataset.dedup_keep:
        dedup.collect_keys(connection, dataset, days)
        dedup.insert_deduplicated(connection, dataset)


def _day_filter(days: Sequence[date]) -> str:
    # Literals, not parameters: only then DuckDB skips the row groups of other days.
    return f"{BUSINESS_DATE} IN ({quoting.dates(days)})"


def _replace_snapshots(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, batch: Batch
) -> None:
    """Keep the newest row of each key of all snapshots, so that old rows can still be joined."""
    sql, values = newest_rows(connection, dataset, [f.path for f, _ in batch])
    connection.execute(f"DELETE FROM {dataset.name}")
    connection.execute(f"INSERT INTO {dataset.name} BY NAME {sql}", values)


def _check_inserted_count(
    dataset: Dataset, inserted: list[tuple[int]], origins: Sequence[parquet.Provenance]
) -> None:
    """Raise WarehouseError unless all rows that the files declare were inserted."""
    expected = sum(o.rows for o in origins)
    if inserted != [(expected,)]:
        raise WarehouseError(
            f"{dataset.name}: {expected} rows were to be loaded from {origins[0].day} to "
            f"{origins[-1].day}, and {inserted[0][0]} were. Nothing was changed; run `livestats "
            "replay` for these days."
        )


def _check_rows_and_keys(
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    target: str,
    days: Sequence[date],
    expected: dict[str, int],
) -> None:
    """Raise WarehouseError unless each day has the rows its file declares, and no duplicate key."""
    where = f"FROM {target} WHERE {_day_filter(days)}"
    counted = connection.execute(f"SELECT {BUSINESS_DATE}, count(*) {where} GROUP BY 1").fetchall()
    actual = {day.isoformat(): rows for day, rows in counted}
    wrong = {day: rows for day, rows in expected.items() if actual.get(day, 0) != rows}
    if wrong:
        raise WarehouseError(
            f"{dataset.name}: {wrong} rows were to be loaded, and {actual} were. Nothing was "
            "changed; run `livestats replay` for these days."
        )
    key = ", ".join(dict.fromkeys((BUSINESS_DATE, *dataset.key)))
    # Hashes first: they take a fraction of the memory of the keys. Not grouped by day, which takes
    # 50 % more CPU for millions of rows.
    duplicates = connection.execute(
        f"SELECT count(*) - count(DISTINCT hash({key})) {where}"
    ).fetchall()
    if duplicates == [(0,)]:
        return
    twice = connection.execute(
        f"SELECT {key} {where} GROUP BY ALL HAVING count(*) > 1 LIMIT 1"
    ).fetchall()
    if twice:
        raise WarehouseError(
            f"{dataset.name}: the key ({key}) = {twice[0]} stands twice in the lake. Nothing was "
            "changed; capture these days again with --force."
        )


def _record_loaded(connection: duckdb.DuckDBPyConnection, dataset: Dataset, batch: Batch) -> None:
    """Record which files were loaded, in one statement: one per day took 3 ms each."""
    records = [
        (f.day, o.capture, o.rows, o.schema_version, f.size, f.modified_ns) for f, o in batch
    ]
    connection.execute(
        "INSERT OR REPLACE INTO meta.loaded SELECT ?, unnest(?::DATE[]), unnest(?::VARCHAR[]), "
        "unnest(?::BIGINT[]), unnest(?::INTEGER[]), unnest(?::BIGINT[]), unnest(?::BIGINT[])",
        [dataset.name, *map(list, zip(*records, strict=True))],
    )
