"""Loads lake files into tables: only the days whose file differs from the one that was loaded.

Here: one table at a time, with its checks. Not here: opening the file (connection.py), duplicates
across days (dedup.py). Read next: marts/build.py.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import duckdb

from resources.api.catalog.columns import BUSINESS_DATE
from resources.api.catalog.datasets import Dataset
from resources.home.layout import Home
from resources.lake import parquet
from resources.sql import quoting
from resources.warehouse import accepted, dedup
from resources.warehouse import connection as warehouse_connection
from resources.warehouse.connection import TableSchema, WarehouseError

log = logging.getLogger("livestats.warehouse")

# Match columns by name in every file: the default takes the order of the first file for all.
_BY_NAME = "union_by_name = true, hive_partitioning = false"

_MAX_BATCH_ROWS = 5_000_000
"""Rows per batch: to find duplicate keys, the hashes of all keys of a batch are held or spilled."""

_SCHEMA_ERRORS = (duckdb.ConstraintException, duckdb.BinderException, duckdb.ConversionException)
"""Errors of DuckDB for a file that another version of the catalog wrote."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The result of loading one table."""

    table: str
    days: Sequence[date]  # that were loaded
    rows: int  # in these days
    total_rows: int  # in the table after the load
    gone: Sequence[date] = ()  # loaded before, lake file missing now; the rows are kept
    problem: str = ""  # why it, or a day of it, could not be loaded; the rows are as they were


@dataclass(frozen=True)
class _File:
    """A lake file, from its directory entry; not opened."""

    day: date
    path: str
    size: int
    modified_ns: int


@dataclass(frozen=True)
class LoadState:
    """Schemas and loaded days of all tables, read at once."""

    schemas: Mapping[str, TableSchema]
    loaded: Mapping[str, Mapping[date, tuple[int, int]]]
    """By table and day: size and modification time (ns) of the lake file that was loaded."""

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection) -> Self:
        """Read the present state. It stays valid for the other tables while one is loaded."""
        loaded: dict[str, dict[date, tuple[int, int]]] = {}
        for name, day, size, modified_ns in connection.execute(
            "SELECT dataset, day, size, modified_ns FROM meta.loaded"
        ).fetchall():
            loaded.setdefault(name, {})[day] = size, modified_ns
        return cls(warehouse_connection.table_schemas(connection), loaded)

    def is_declared(self, dataset: Dataset) -> bool:
        """True if the table exists with the columns and key of the catalog."""
        return self.schemas.get(dataset.name, TableSchema()).matches(dataset)


def sync_table(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    dataset: Dataset,
    load_state: LoadState | None = None,
) -> Loaded:
    """Load the days of `dataset` whose lake file is not the one that was loaded.

    A transaction holds at most 31 days, fewer if they are large. If the declaration of the table
    has changed, all days are loaded again in one transaction, and the old table stays until it
    commits. DuckDB writes inserted rows to the file at once, so even a hundred million rows in one
    transaction need no more memory than a month, only temporary disk space.

    `load_state` was read from this connection before any table was loaded; None: read it now.

    A file that must not be loaded (see accepted.py) is left out and named in `Loaded.problem`.

    Raises WarehouseError if the loaded rows are not those that the files declare.
    """
    load_state = load_state or LoadState.of(connection)
    refused: dict[date, str] = {}
    zone = _zone(connection)
    files, loaded = _lake_files(home.lake, dataset.name), load_state.loaded.get(dataset.name, {})
    if load_state.is_declared(dataset):
        changed = [f for d, f in files.items() if loaded.get(d) != (f.size, f.modified_ns)]
        at_once = False
    else:
        changed, at_once = [*files.values()], bool(loaded)
        if not at_once:
            with warehouse_connection.transaction(connection):
                warehouse_connection.create_table(connection, dataset)
    rows = 0
    with warehouse_connection.transaction(connection) if at_once else nullcontext():
        if at_once:
            warehouse_connection.create_table(connection, dataset)
        proven = _Proven(home, dataset, zone, refused)
        for batch in _batches(dataset, changed, files, proven):
            with nullcontext() if at_once else warehouse_connection.transaction(connection):
                rows += _load_batch(connection, dataset, batch)
    total = _count_rows(connection, dataset.name)
    return Loaded(
        table=dataset.name,
        days=[f.day for f in changed if f.day not in refused],
        rows=total if dataset.is_dimension else rows,
        total_rows=total,
        gone=[] if dataset.is_dimension or at_once else sorted(set(loaded) - set(files)),
        problem=" ".join(refused.values()),
    )


def is_in_sync(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    dataset: Dataset,
    load_state: LoadState | None = None,
) -> bool:
    """True if nothing of `dataset` must be loaded; works on a read-only connection."""
    load_state = load_state or LoadState.of(connection)
    if not load_state.is_declared(dataset):
        return False
    files = _lake_files(home.lake, dataset.name)
    loaded = load_state.loaded.get(dataset.name, {})
    return all(loaded.get(day) == (f.size, f.modified_ns) for day, f in files.items())


_Batch = Sequence[tuple[_File, parquet.Provenance]]


@dataclass(frozen=True)
class _Proven:
    """Pairs files with their provenance; notes those that are refused."""

    home: Home
    dataset: Dataset
    zone: ZoneInfo
    refused: dict[date, str]

    def __call__(self, files: Iterable[_File]) -> _Pairs:
        for f in files:
            try:
                path = Path(f.path)
                yield f, accepted.provenance(self.home, self.dataset, f.day, path, self.zone)
            except accepted.RefusedFile as error:
                log.error("%s %s: %s", self.dataset.name, f.day, error)
                self.refused[f.day] = str(error)


_Pairs = Iterator[tuple[_File, parquet.Provenance]]


def _batches(
    dataset: Dataset, changed: Sequence[_File], files: Mapping[date, _File], proven: _Proven
) -> Iterator[_Batch]:
    """Files to load together: all snapshots of a dimension, or days up to a number of rows."""
    if dataset.is_dimension:
        if changed:
            yield [*proven(files.values())]
        return
    batch: list[tuple[_File, parquet.Provenance]] = []
    rows = 0
    for f, origin in proven(changed):
        if (
            len(batch) == warehouse_connection.DAYS_PER_TRANSACTION
            or rows + origin.rows > _MAX_BATCH_ROWS
        ):
            if batch:
                yield batch
            batch, rows = [], 0
        batch.append((f, origin))
        rows += origin.rows
    if batch:
        yield batch


def _load_batch(connection: duckdb.DuckDBPyConnection, dataset: Dataset, batch: _Batch) -> int:
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
    log.info("%s: %d days loaded, %d rows", dataset.name, len(batch), rows)
    return rows


def _replace_days(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, batch: _Batch, days: Sequence[date]
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
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, batch: _Batch
) -> None:
    """Keep the newest row of each key of all snapshots, so that old rows can still be joined."""
    key, paths = ", ".join(dataset.key), [f.path for f, _ in batch]
    connection.execute(f"DELETE FROM {dataset.name}")
    connection.execute(
        f"INSERT INTO {dataset.name} BY NAME SELECT * EXCLUDE (filename) "
        f"FROM read_parquet(?, filename = true, {_BY_NAME}) "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY filename DESC) = 1 "
        f"ORDER BY {key}",
        [paths],
    )


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


def _record_loaded(connection: duckdb.DuckDBPyConnection, dataset: Dataset, batch: _Batch) -> None:
    """Record which files were loaded, in one statement: one per day took 3 ms each."""
    records = [
        (f.day, o.capture, o.rows, o.schema_version, f.size, f.modified_ns) for f, o in batch
    ]
    connection.execute(
        "INSERT OR REPLACE INTO meta.loaded SELECT ?, unnest(?::DATE[]), unnest(?::VARCHAR[]), "
        "unnest(?::BIGINT[]), unnest(?::INTEGER[]), unnest(?::BIGINT[]), unnest(?::BIGINT[])",
        [dataset.name, *map(list, zip(*records, strict=True))],
    )


def _lake_files(root: Path, name: str) -> dict[date, _File]:
    return {
        day: _File(day, path, state.st_size, state.st_mtime_ns)
        for day, (path, state) in parquet.states_of(root, name).items()
    }


def _zone(connection: duckdb.DuckDBPyConnection) -> ZoneInfo:
    """The business time zone, which every connection of the warehouse has."""
    ((name,),) = connection.execute("SELECT current_setting('TimeZone')").fetchall()
    return ZoneInfo(name)


def _count_rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    # fetchall, here and above: DuckDB refuses other statements while a result is not read fully.
    ((count,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(count)
