"""Loading: tables are brought level with the lake day by day, like `make`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from resources import lake, warehouse
from resources.api.catalogue.columns import BUSINESS_DATE
from resources.api.catalogue.model import Dataset, Once
from resources.home import Home
from resources.warehouse import WarehouseError, is_declared

log = logging.getLogger("livestats.warehouse")

# By name over all files: else the columns of the first would be taken for those of the others.
_BY_NAME = "union_by_name = true, hive_partitioning = false"

_MISFITS = (duckdb.ConstraintException, duckdb.BinderException, duckdb.ConversionException)
"""What DuckDB raises for a file that another version of the catalogue has made."""


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
    path: Path
    size: int
    modified_ns: int


def bring_level(connection: duckdb.DuckDBPyConnection, home: Home, dataset: Dataset) -> Loaded:
    """Load the days of `dataset` whose lake file is not the one that was loaded.

    At most 31 days in a transaction: each either counts fully or not at all.

    Raises WarehouseError if what was loaded is not what the files say they hold.
    """
    if not is_declared(connection, dataset):
        with _transaction(connection, f"{dataset.name}: columns of the catalogue"):
            warehouse.declare(connection, dataset)
    if dataset.is_dimension:
        return _load_dimension(connection, home, dataset)
    found = _lake_files(home.lake, dataset.name)
    held = loaded(connection, dataset.name)
    newer = [f for d, f in sorted(found.items()) if held.get(d) != (f.size, f.modified_ns)]
    rows = 0
    for start in range(0, len(newer), warehouse.DAYS_PER_TRANSACTION):
        rows += _load(connection, dataset, newer[start : start + warehouse.DAYS_PER_TRANSACTION])
    return Loaded(
        table=dataset.name,
        days=[f.day for f in newer],
        rows=rows,
        total_rows=_count(connection, dataset.name),
        gone=sorted(set(held) - set(found)),
    )


def is_level(connection: duckdb.DuckDBPyConnection, home: Home, dataset: Dataset) -> bool:
    """True if nothing of `dataset` is to be loaded; also on a read-only connection."""
    if not is_declared(connection, dataset):
        return False
    found = _lake_files(home.lake, dataset.name)
    held = loaded(connection, dataset.name)
    return all(held.get(day) == (f.size, f.modified_ns) for day, f in found.items())


def _load(connection: duckdb.DuckDBPyConnection, dataset: Dataset, batch: Sequence[_File]) -> int:
    """Replace the days of `batch` in one transaction; the number of rows they hold now."""
    origins = [_origin(dataset, f) for f in batch]
    days, paths = [f.day for f in batch], [str(f.path) for f in batch]
    target = f"meta.{dataset.name}_listed" if dataset.once else dataset.name
    with _transaction(connection, f"{dataset.name}: files of {days[0]} to {days[-1]}"):
        if dataset.once:
            _remember_keys(connection, dataset, days)
        connection.execute(
            f"DELETE FROM {target} WHERE {BUSINESS_DATE} IN (FROM unnest(?))", [days]
        )
        inserted = connection.execute(
            f"INSERT INTO {target} BY NAME FROM read_parquet(?, {_BY_NAME})", [paths]
        ).fetchall()
        _prove_count(dataset, inserted, origins)
        _prove(connection, dataset, target, days, {o.day: o.rows for o in origins})
        if dataset.once:
            _remember_keys(connection, dataset, days)
            _keep_once(connection, dataset)
        for f, origin in zip(batch, origins, strict=True):
            _note_loaded(connection, dataset, f, origin)
    rows = sum(o.rows for o in origins)
    log.info("%s: %d days loaded, %d rows", dataset.name, len(batch), rows)
    return rows


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection, what: str) -> Iterator[None]:
    """`warehouse.transaction`; raises WarehouseError if `what` does not fit the table."""
    try:
        with warehouse.transaction(connection):
            yield
    except _MISFITS as error:
        raise WarehouseError(
            f"{what} do not fit the table: {error}. Nothing was changed; run `livestats replay` "
            "for these days: it makes the files anew."
        ) from error


def _prove_count(
    dataset: Dataset, inserted: list[tuple[int]], origins: Sequence[lake.Origin]
) -> None:
    """Raise WarehouseError unless as many rows came as the files say they hold, of whatever day."""
    expected = sum(o.rows for o in origins)
    if inserted != [(expected,)]:
        raise WarehouseError(
            f"{dataset.name}: {expected} rows were to be loaded from {origins[0].day} to "
            f"{origins[-1].day}, and {inserted[0][0]} were. Nothing was changed; run `livestats "
            "replay` for these days."
        )


def _prove(
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    target: str,
    days: Sequence[date],
    expected: dict[str, int],
) -> None:
    """Raise WarehouseError unless each day holds the rows its file says, and each key once."""
    counted = connection.execute(
        f"SELECT {BUSINESS_DATE}, count(*) FROM {target} "
        f"WHERE {BUSINESS_DATE} IN (FROM unnest(?)) GROUP BY 1",
        [days],
    ).fetchall()
    found = {day.isoformat(): rows for day, rows in counted}
    wrong = {day: rows for day, rows in expected.items() if found.get(day, 0) != rows}
    if wrong:
        raise WarehouseError(
            f"{dataset.name}: {wrong} rows were to be loaded, and {found} were. Nothing was "
            "changed; run `livestats replay` for these days."
        )
    key = ", ".join(dict.fromkeys((BUSINESS_DATE, *dataset.key)))
    # Hashes first: counting them takes a fraction of the memory of the keys themselves.
    where = f"FROM {target} WHERE {BUSINESS_DATE} IN (FROM unnest($1))"
    clash = connection.execute(
        f"SELECT count(*) - count(DISTINCT hash({key})) {where}", [days]
    ).fetchall()
    if clash == [(0,)]:
        return
    twice = connection.execute(
        f"SELECT {key} {where} GROUP BY ALL HAVING count(*) > 1 LIMIT 1", [days]
    ).fetchall()
    if twice:
        raise WarehouseError(
            f"{dataset.name}: the key ({key}) = {twice[0]} stands twice in the lake. Nothing was "
            "changed; capture these days again with --force."
        )


def _remember_keys(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, days: Sequence[date]
) -> None:
    """Collect the keys that the days list, to decide anew which day each belongs to."""
    key = ", ".join(dataset.key)
    listed = f"meta.{dataset.name}_listed"
    connection.execute(
        f"CREATE TEMP TABLE IF NOT EXISTS touched AS SELECT {key} FROM {listed} LIMIT 0"
    )
    connection.execute(
        f"INSERT INTO touched SELECT {key} FROM {listed} WHERE {BUSINESS_DATE} IN (FROM unnest(?))",
        [days],
    )


def _keep_once(connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    """Put each touched key into the table once, under the first or last day that lists it."""
    order = "DESC" if dataset.once is Once.LAST_DAY else "ASC"
    match = " AND ".join(f"t.{name} IS NOT DISTINCT FROM k.{name}" for name in dataset.key)
    key = ", ".join(dataset.key)
    connection.execute(f"DELETE FROM {dataset.name} t WHERE EXISTS (FROM touched k WHERE {match})")
    connection.execute(
        f"INSERT INTO {dataset.name} BY NAME "
        f"SELECT * FROM meta.{dataset.name}_listed t WHERE EXISTS (FROM touched k WHERE {match}) "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {BUSINESS_DATE} {order}) = 1"
    )
    connection.execute("DROP TABLE touched")


def _load_dimension(connection: duckdb.DuckDBPyConnection, home: Home, dataset: Dataset) -> Loaded:
    """The newest row of each key over all snapshots: what was ever there can still be joined."""
    found = [*_lake_files(home.lake, dataset.name).values()]
    held = loaded(connection, dataset.name)
    newer = [f for f in found if held.get(f.day) != (f.size, f.modified_ns)]
    if newer:
        origins = [_origin(dataset, f) for f in found]
        key, paths = ", ".join(dataset.key), [str(f.path) for f in found]
        with _transaction(connection, f"{dataset.name}: files of up to {found[-1].day}"):
            connection.execute(f"DELETE FROM {dataset.name}")
            connection.execute(
                f"INSERT INTO {dataset.name} BY NAME SELECT * EXCLUDE (filename) "
                f"FROM read_parquet(?, filename = true, {_BY_NAME}) "
                f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY filename DESC) = 1 "
                f"ORDER BY {key}",
                [paths],
            )
            for f, origin in zip(found, origins, strict=True):
                _note_loaded(connection, dataset, f, origin)
    total = _count(connection, dataset.name)
    return Loaded(table=dataset.name, days=[f.day for f in newer], rows=total, total_rows=total)


def _note_loaded(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, file: _File, origin: lake.Origin
) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO meta.loaded VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            dataset.name,
            file.day,
            origin.capture,
            origin.rows,
            origin.schema_version,
            file.size,
            file.modified_ns,
        ],
    )


def _lake_files(root: Path, name: str) -> dict[date, _File]:
    found = {}
    for day, path in lake.days_of(root, name).items():
        stat = path.stat()
        found[day] = _File(day, path, stat.st_size, stat.st_mtime_ns)
    return found


def _origin(dataset: Dataset, file: _File) -> lake.Origin:
    origin = lake.proven_origin(file.path)
    about = (dataset.name, file.day.isoformat())
    if origin is None or (origin.dataset, origin.day) != about:
        raise WarehouseError(
            f"{file.path} is damaged or not ours. Nothing was changed; run `livestats replay` for "
            "its day: it is made again from the raw archive."
        )
    return origin


def loaded(connection: duckdb.DuckDBPyConnection, name: str) -> dict[date, tuple[int, int]]:
    """Size and time of change (ns) of the lake file that each day of a table was loaded from."""
    rows = connection.execute(
        "SELECT day, size, modified_ns FROM meta.loaded WHERE dataset = ?", [name]
    ).fetchall()
    return {day: (size, modified_ns) for day, size, modified_ns in rows}


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    # fetchall, here and above: DuckDB refuses other work while a result is not read to its end.
    ((found,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(found)
