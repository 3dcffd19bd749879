"""Loads lake files into tables: only the days whose file differs from the one that was loaded.

Here: one table at a time, with its checks. Not here: which tables lack something (load_state.py),
opening the file (connection.py), the rows of a batch (load_batch.py), duplicates across days
(dedup.py). Read next: marts/build.py.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from resources.api.catalog.datasets import Dataset
from resources.home.layout import Home
from resources.lake import parquet
from resources.sql import failures
from resources.warehouse import accepted, set_aside
from resources.warehouse import connection as warehouse_connection
from resources.warehouse.connection import WarehouseError
from resources.warehouse.load_batch import Batch, LakeFile, load_batch
from resources.warehouse.load_state import LoadState, lake_files

log = logging.getLogger("livestats.warehouse")

_MAX_BATCH_ROWS = 5_000_000
"""Rows per batch: to find duplicate keys, the hashes of all keys of a batch are held or spilled."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The result of loading one table."""

    table: str
    days: Sequence[date]  # that were loaded
    rows: int  # in these days; of a dimension, in all
    total_rows: int  # in the table after the load
    gone: Sequence[date] = ()  # loaded before, lake file missing now; the rows are kept
    problem: str = ""  # why it, or a day of it, could not be loaded; the rows are as they were


def not_loaded(dataset: Dataset, problem: str) -> Loaded:
    """The result for a table that stays as it is."""
    return Loaded(table=dataset.name, days=(), rows=0, total_rows=0, problem=problem)


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

    A file that must not be loaded (see accepted.py), or whose rows are not those that it declares, is
    left out, noted in meta.set_aside and named in `Loaded.problem`; the other days are loaded.

    Raises WarehouseError if files can be loaded alone and not together, or need more memory than
    DuckDB may take.
    """
    try:
        return _synced(connection, home, dataset, load_state)
    except duckdb.OutOfMemoryException as error:  # of what cannot be loaded in parts
        if failures.is_spill_full(error):
            raise
        raise WarehouseError(f"{dataset.name}: {_too_large(error)}") from error


def _synced(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    dataset: Dataset,
    load_state: LoadState | None,
) -> Loaded:
    load_state = load_state or LoadState.of(connection)
    refused: dict[date, str] = {}
    zone = _zone(connection)
    files, loaded = lake_files(home.lake, dataset.name), load_state.loaded.get(dataset.name, {})
    if load_state.is_declared(dataset):
        changed = [f for d, f in files.items() if loaded.get(d) != (f.size, f.modified_ns)]
        at_once = False
    else:
        changed, at_once = [*files.values()], bool(loaded)
        if not at_once:
            with warehouse_connection.transaction(connection):
                warehouse_connection.create_table(connection, dataset)
    proven = _Proven(home, dataset, zone, refused)
    if at_once:
        rows = _load_anew(connection, dataset, changed, files, proven)
    else:
        rows = sum(
            _load_good(connection, dataset, batch, refused)
            for batch in _batches(dataset, changed, files, proven)
        )
    set_aside.note(connection, home, dataset, refused)
    total = _count_rows(connection, dataset.name)
    return Loaded(
        table=dataset.name,
        days=[f.day for f in changed if f.day not in refused],
        rows=total if dataset.is_dimension and changed else rows,
        total_rows=total,
        gone=[] if dataset.is_dimension or at_once else sorted(set(loaded) - set(files)),
        problem=" ".join(refused.values()),
    )


@dataclass(frozen=True)
class _Proven:
    """Pairs files with their provenance; notes those that are refused."""

    home: Home
    dataset: Dataset
    zone: ZoneInfo
    refused: dict[date, str]

    def __call__(self, files: Iterable[LakeFile]) -> _Pairs:
        for f in files:
            try:
                path = Path(f.path)
                yield f, accepted.provenance(self.home, self.dataset, f.day, path, self.zone)
            except accepted.RefusedFile as error:
                log.error("%s %s: %s", self.dataset.name, f.day, error)
                self.refused[f.day] = str(error)


_Pairs = Iterator[tuple[LakeFile, parquet.Provenance]]


def _load_anew(
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    changed: Sequence[LakeFile],
    files: Mapping[date, LakeFile],
    proven: _Proven,
) -> int:
    """Replace the whole table in one transaction; a second time without the days that fail."""
    pairs = [*proven(changed)]
    if not pairs:  # the old table stays
        return 0
    try:
        return _replace_table(connection, dataset, changed, files, proven)
    except WarehouseError:
        bad = _failing(connection, dataset, pairs, is_new=True)
        if not bad:
            raise
    proven.refused.update(bad)
    if len(bad) == len(pairs):
        return 0
    rest = {day: f for day, f in files.items() if day not in bad}
    return _replace_table(connection, dataset, [f for f in changed if f.day in rest], rest, proven)


def _replace_table(
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    changed: Sequence[LakeFile],
    files: Mapping[date, LakeFile],
    proven: _Proven,
) -> int:
    days = [] if dataset.is_dimension else sorted(proven.refused)
    try:
        with warehouse_connection.transaction(connection):
            if days:
                set_aside.keep_rows(connection, dataset, days)
            warehouse_connection.create_table(connection, dataset)
            rows = sum(
                load_batch(connection, dataset, batch)
                for batch in _batches(dataset, changed, files, proven)
            )
            if days:
                set_aside.put_back(connection, dataset, days)
            return rows
    except duckdb.Error as error:
        if not days or failures.is_local(error):
            raise
        raise WarehouseError(
            f"{dataset.name}: the table has other columns now, and rows of {days[0]}, whose file cannot "
            f"be loaded, do not fit them: {error} The old table stays. Mend that day first: "
            f"{proven.refused[days[0]]}"
        ) from error


def _load_good(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, batch: Batch, refused: dict[date, str]
) -> int:
    """Load a batch in a transaction; if that fails, without the days that fail alone.

    One that needs more memory than DuckDB may take is loaded in halves.
    """
    if not batch:
        return 0
    try:
        with warehouse_connection.transaction(connection):
            return load_batch(connection, dataset, batch)
    except duckdb.OutOfMemoryException as error:
        if dataset.is_dimension or failures.is_spill_full(error):
            raise
        if len(batch) == 1:
            refused[batch[0][0].day] = f"{dataset.name} {batch[0][0].day}: {_too_large(error)}"
            return 0
        log.info("%s: %d days need too much memory at once", dataset.name, len(batch))
        middle = len(batch) // 2
        halves = batch[:middle], batch[middle:]
        return sum(_load_good(connection, dataset, half, refused) for half in halves)
    except WarehouseError:
        bad = _failing(connection, dataset, batch)
        if not bad:
            raise
    refused.update(bad)
    rest = [(f, origin) for f, origin in batch if f.day not in bad]
    return _load_good(connection, dataset, rest, refused)


def _too_large(error: duckdb.OutOfMemoryException) -> str:
    return f"not loaded, its rows are as they were: {warehouse_connection.too_large(error)}"


def _failing(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, batch: Batch, *, is_new: bool = False
) -> dict[date, str]:
    """Day -> why it cannot be loaded; each is tried alone, and rolled back."""
    found: dict[date, str] = {}
    for f, origin in batch:
        connection.begin()
        try:
            if is_new:
                warehouse_connection.create_table(connection, dataset)
            load_batch(connection, dataset, [(f, origin)])
        except WarehouseError as error:
            log.error("%s %s: %s", dataset.name, f.day, error)
            found[f.day] = str(error)
        except duckdb.OutOfMemoryException as error:
            if dataset.is_dimension or failures.is_spill_full(error):
                raise
            found[f.day] = f"{dataset.name} {f.day}: {_too_large(error)}"
        finally:
            connection.rollback()
    return found


def _batches(
    dataset: Dataset, changed: Sequence[LakeFile], files: Mapping[date, LakeFile], proven: _Proven
) -> Iterator[Batch]:
    """Files to load together: all snapshots of a dimension, or days up to a number of rows."""
    if dataset.is_dimension:
        if changed:
            yield [*proven(files.values())]
        return
    batch: list[tuple[LakeFile, parquet.Provenance]] = []
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


def _zone(connection: duckdb.DuckDBPyConnection) -> ZoneInfo:
    """The business time zone, which every connection of the warehouse has."""
    ((name,),) = connection.execute("SELECT current_setting('TimeZone')").fetchall()
    return ZoneInfo(name)


def _count_rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    # fetchall, here and above: DuckDB refuses other statements while a result is not read fully.
    ((count,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(count)
