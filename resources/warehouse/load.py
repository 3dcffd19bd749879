"""Loading: tables are brought level with the lake day by day, like `make`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

import duckdb

from resources.api.catalog.columns import BUSINESS_DATE
from resources.api.catalog.datasets import Dataset
from resources.home.layout import Home
from resources.lake import parquet
from resources.sql import quoting
from resources.warehouse import connection as warehouse_connection
from resources.warehouse import dedup as listed
from resources.warehouse.connection import TableSchema, WarehouseError

log = logging.getLogger("livestats.warehouse")

# By name over all files: else the columns of the first would be taken for those of the others.
_BY_NAME = "union_by_name = true, hive_partitioning = false"

_MAX_BATCH_ROWS = 5_000_000
"""In a batch: to find a key that stands twice, a hash of every key is held or spilled."""

_SCHEMA_ERRORS = (duckdb.ConstraintException, duckdb.BinderException, duckdb.ConversionException)
"""What DuckDB raises for a file that another version of the catalog has made."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What one load did to one table."""

    table: str
    days: Sequence[date]  # loaded anew
    rows: int  # in these days
    total_rows: int  # in the table now
    gone: Sequence[date] = ()  # loaded before, and no lake file now: the rows are kept


@dataclass(frozen=True)
class _File:
    """A lake file as the folder shows it, without opening it."""

    day: date
    path: str
    size: int
    modified_ns: int


@dataclass(frozen=True)
class LoadState:
    """What the warehouse has of all tables, read at once."""

    forms: Mapping[str, TableSchema]
    loaded: Mapping[str, Mapping[date, tuple[int, int]]]
    """By table and day: size and time of change (ns) of the lake file that was loaded."""

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection) -> Self:
        """As it is now; loading one table changes nothing of what it says of the others."""
        found: dict[str, dict[date, tuple[int, int]]] = {}
        for name, day, size, modified_ns in connection.execute(
            "SELECT dataset, day, size, modified_ns FROM meta.loaded"
        ).fetchall():
            found.setdefault(name, {})[day] = size, modified_ns
        return cls(warehouse_connection.table_schemas(connection), found)

    def is_declared(self, dataset: Dataset) -> bool:
        """True if the table is there as the catalog has it."""
        return self.forms.get(dataset.name, TableSchema()).matches(dataset)


def sync_table(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    dataset: Dataset,
    standing: LoadState | None = None,
) -> Loaded:
    """Load the days of `dataset` whose lake file is not the one that was loaded.

    At most 31 days in a transaction, fewer if they are large: each either counts fully or not at
    all. A table that is declared otherwise by now is made anew in one transaction: the old one
    stays until all days are in the new one. What is inserted goes to the file as it comes, so a
    hundred million rows in one transaction take the memory of a month; only disk, for a while.

    `standing` is of this connection, and from before any table was loaded; None: it is read.

    Raises WarehouseError if what was loaded is not what the files say they hold.
    """
    standing = standing or LoadState.of(connection)
    found, held = _lake_files(home.lake, dataset.name), standing.loaded.get(dataset.name, {})
    if standing.is_declared(dataset):
        newer = [f for d, f in found.items() if held.get(d) != (f.size, f.modified_ns)]
        at_once = False
    else:
        newer, at_once = [*found.values()], bool(held)
        if not at_once:
            with warehouse_connection.transaction(connection):
                warehouse_connection.create_table(connection, dataset)
    rows = 0
    with warehouse_connection.transaction(connection) if at_once else nullcontext():
        if at_once:
            warehouse_connection.create_table(connection, dataset)
        for batch in _batches(dataset, newer, found):
            with nullcontext() if at_once else warehouse_connection.transaction(connection):
                rows += _load_batch(connection, dataset, batch)
    total = _count_rows(connection, dataset.name)
    return Loaded(
        table=dataset.name,
        days=[f.day for f in newer],
        rows=total if dataset.is_dimension else rows,
        total_rows=total,
        gone=[] if dataset.is_dimension or at_once else sorted(set(held) - set(found)),
    )


def is_in_sync(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    dataset: Dataset,
    standing: LoadState | None = None,
) -> bool:
    """True if nothing of `dataset` is to be loaded; also on a read-only connection."""
    standing = standing or LoadState.of(connection)
    if not standing.is_declared(dataset):
        return False
    found = _lake_files(home.lake, dataset.name)
    held = standing.loaded.get(dataset.name, {})
    return all(held.get(day) == (f.size, f.modified_ns) for day, f in found.items())


_Batch = Sequence[tuple[_File, parquet.Provenance]]


def _batches(
    dataset: Dataset, newer: Sequence[_File], found: Mapping[date, _File]
) -> Iterator[_Batch]:
    """What is loaded in one go: all snapshots of a dimension, or days, not too many rows of them."""
    if dataset.is_dimension:
        if newer:
            yield [(f, _provenance(dataset, f)) for f in found.values()]
        return
    batch: list[tuple[_File, parquet.Provenance]] = []
    rows = 0
    for f in newer:
        origin = _provenance(dataset, f)
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
    """Replace the days of `batch`, inside of a transaction; the number of rows they hold now.

    Raises WarehouseError if they do not fit the table.
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
        listed.collect_keys(connection, dataset, days)
    connection.execute(f"DELETE FROM {target} WHERE {_day_filter(days)}")
    inserted = connection.execute(
        f"INSERT INTO {target} BY NAME FROM read_parquet(?, {_BY_NAME})", [paths]
    ).fetchall()
    _check_inserted_count(dataset, inserted, origins)
    _check_rows_and_keys(connection, dataset, target, days, {o.day: o.rows for o in origins})
    if dataset.dedup_keep:
        listed.collect_keys(connection, dataset, days)
        listed.insert_deduplicated(connection, dataset)


def _day_filter(days: Sequence[date]) -> str:
    # Literals, not parameters: DuckDB then skips the row groups of other days.
    return f"{BUSINESS_DATE} IN ({quoting.dates(days)})"


def _replace_snapshots(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, batch: _Batch
) -> None:
    """The newest row of each key over all snapshots: what was ever there can still be joined."""
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
    """Raise WarehouseError unless as many rows came as the files say they hold, of whatever day."""
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
    """Raise WarehouseError unless each day holds the rows its file says, and each key once."""
    where = f"FROM {target} WHERE {_day_filter(days)}"
    counted = connection.execute(f"SELECT {BUSINESS_DATE}, count(*) {where} GROUP BY 1").fetchall()
    found = {day.isoformat(): rows for day, rows in counted}
    wrong = {day: rows for day, rows in expected.items() if found.get(day, 0) != rows}
    if wrong:
        raise WarehouseError(
            f"{dataset.name}: {wrong} rows were to be loaded, and {found} were. Nothing was "
            "changed; run `livestats replay` for these days."
        )
    key = ", ".join(dict.fromkeys((BUSINESS_DATE, *dataset.key)))
    # Hashes first: counting them takes a fraction of the memory of the keys themselves. Not by day:
    # that takes half as much CPU again for millions of rows.
    clash = connection.execute(f"SELECT count(*) - count(DISTINCT hash({key})) {where}").fetchall()
    if clash == [(0,)]:
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
    """Note from which files the days were loaded, in one statement: one a day took 3 ms each."""
    notes = [(f.day, o.capture, o.rows, o.schema_version, f.size, f.modified_ns) for f, o in batch]
    connection.execute(
        "INSERT OR REPLACE INTO meta.loaded SELECT ?, unnest(?::DATE[]), unnest(?::VARCHAR[]), "
        "unnest(?::BIGINT[]), unnest(?::INTEGER[]), unnest(?::BIGINT[]), unnest(?::BIGINT[])",
        [dataset.name, *map(list, zip(*notes, strict=True))],
    )


def _lake_files(root: Path, name: str) -> dict[date, _File]:
    return {
        day: _File(day, path, state.st_size, state.st_mtime_ns)
        for day, (path, state) in parquet.states_of(root, name).items()
    }


def _provenance(dataset: Dataset, file: _File) -> parquet.Provenance:
    origin = parquet.proven_origin(Path(file.path))
    about = (dataset.name, file.day.isoformat())
    if origin is None or (origin.dataset, origin.day) != about:
        raise WarehouseError(
            f"{file.path} is damaged or not ours. Nothing was changed; run `livestats replay` for "
            "its day: it is made again from the raw archive."
        )
    return origin


def _count_rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    # fetchall, here and above: DuckDB refuses other work while a result is not read to its end.
    ((found,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(found)
