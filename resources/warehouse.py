"""The warehouse: DuckDB tables made from the lake, brought level day by day like `make`.

The file is disposable: whatever it holds can be loaded again from the lake. One process writes at
a time; queries and BI open the served copy, never this file.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from resources import files, lake
from resources.api.catalogue.columns import BUSINESS_DATE
from resources.api.catalogue.model import Dataset, Once
from resources.dictionary import column_comment, table_comment
from resources.home import Home

log = logging.getLogger("livestats.warehouse")

STORAGE = "v1.2.0"
"""Of the file: drivers of DuckDB 1.2 and newer open it."""

DAYS_PER_TRANSACTION = 31
_MEMORY = "1GB"

# By name over all files: else the columns of the first would be taken for those of the others.
_BY_NAME = "union_by_name = true, hive_partitioning = false"

_MISFITS = (duckdb.ConstraintException, duckdb.BinderException, duckdb.ConversionException)
"""What DuckDB raises for a file that another version of the catalogue has made."""

_META = """
CREATE SCHEMA IF NOT EXISTS meta;
CREATE TABLE IF NOT EXISTS meta.loaded (
    dataset VARCHAR, day DATE, capture VARCHAR, rows BIGINT, schema_version INTEGER,
    size BIGINT, modified_ns BIGINT, PRIMARY KEY (dataset, day));
COMMENT ON TABLE meta.loaded IS 'Which lake file each day of a table was loaded from.';
CREATE TABLE IF NOT EXISTS meta.state AS SELECT uuid()::VARCHAR AS warehouse, 0::BIGINT AS changes;
COMMENT ON TABLE meta.state IS 'Which warehouse file this is, and how often it has changed.';
"""


class WarehouseError(Exception):
    """A load that could not be done; the tables are as before, and the message says what to do."""


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


@contextmanager
def writing(home: Home, time_zone: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The only connection that writes; waits for other livestats processes.

    Raises WarehouseError if another program holds the file, or it is damaged.
    """
    home.warehouse.parent.mkdir(parents=True, exist_ok=True)
    with files.locked(home.warehouse.parent):
        try:
            connection = duckdb.connect(
                str(home.warehouse),
                config={
                    "storage_compatibility_version": STORAGE,
                    "memory_limit": _MEMORY,
                    "temp_directory": str(home.warehouse.parent / "spill"),
                },
            )
        except duckdb.IOException as error:
            raise WarehouseError(_unopened(home.warehouse, error)) from error
        except duckdb.Error as error:
            raise WarehouseError(
                f"{home.warehouse} cannot be opened: {error}. It can be made again from the lake: "
                "move it away and run `livestats publish`."
            ) from error
        try:
            connection.execute("SET TimeZone = ?", [time_zone])
            connection.execute(_META)
            yield connection
        finally:
            connection.close()


def _unopened(path: Path, error: Exception) -> str:
    if "could not set lock" in str(error).lower():
        return (
            f"{path} is open in another program: {error} Close it there; queries and BI belong on "
            "the served copy, which is never locked. What is captured stays; then run "
            "`livestats publish`."
        )
    return (
        f"{path} cannot be opened: {error} If the disk has space and the folder can be written, "
        "move the file away and run `livestats publish`: it is made again from the lake."
    )


def bring_level(connection: duckdb.DuckDBPyConnection, home: Home, dataset: Dataset) -> Loaded:
    """Load the days of `dataset` whose lake file is not the one that was loaded.

    At most 31 days in a transaction: each either counts fully or not at all.

    Raises WarehouseError if what was loaded is not what the files say they hold.
    """
    _ensure_table(connection, dataset)
    if dataset.is_dimension:
        return _load_dimension(connection, home, dataset)
    found = _lake_files(home.lake, dataset.name)
    held = loaded(connection, dataset.name)
    newer = [f for d, f in sorted(found.items()) if held.get(d) != (f.size, f.modified_ns)]
    rows = 0
    for start in range(0, len(newer), DAYS_PER_TRANSACTION):
        rows += _load(connection, dataset, newer[start : start + DAYS_PER_TRANSACTION])
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


def is_declared(connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> bool:
    """True if the table is there as the catalogue has it; its own comment tells the key."""
    declared = [(c.name, c.kind.sql, column_comment(c)) for c in dataset.columns]
    if columns(connection, dataset.name) != declared:
        return False
    filled = connection.execute(
        "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'main' AND table_name = ? "
        "AND NOT is_nullable ORDER BY column_index",
        [dataset.name],
    ).fetchall()
    comment = connection.execute(
        "SELECT comment FROM duckdb_tables() WHERE schema_name = 'main' AND table_name = ?",
        [dataset.name],
    ).fetchall()
    return filled == [(c.name,) for c in dataset.columns if not c.nullable] and comment == [
        (table_comment(dataset),)
    ]


def changed(connection: duckdb.DuckDBPyConnection) -> None:
    """Note a change, inside the transaction that makes it."""
    connection.execute("UPDATE meta.state SET changes = changes + 1")


def state(connection: duckdb.DuckDBPyConnection) -> str:
    """A name for the present content: the same name, the same content."""
    ((name,),) = connection.execute(
        "SELECT warehouse[:8] || '-' || changes FROM meta.state"
    ).fetchall()
    return str(name)


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
    """All of the block and a note that something changed, or nothing of it.

    Raises WarehouseError if `what` does not fit the table.
    """
    connection.begin()
    try:
        yield
        changed(connection)
        connection.commit()
    except BaseException as error:
        with suppress(duckdb.Error):  # where a commit fails, nothing is left to take back
            connection.rollback()
        if isinstance(error, _MISFITS):
            raise WarehouseError(
                f"{what} do not fit the table: {error}. Nothing was changed; run `livestats "
                "replay` for these days: it makes the files anew."
            ) from error
        raise


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


def _ensure_table(connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    """Create the table as the catalogue declares it, empty, unless it is there like that."""
    if is_declared(connection, dataset):
        return
    declared = ", ".join(
        f"{c.name} {c.kind.sql}{'' if c.nullable else ' NOT NULL'}" for c in dataset.columns
    )
    names = [dataset.name]
    if dataset.once:
        names.append(f"meta.{dataset.name}_listed")
    with _transaction(connection, f"{dataset.name}: columns of the catalogue"):
        for name in names:
            connection.execute(f"CREATE OR REPLACE TABLE {name} ({declared})")
        connection.execute(f"COMMENT ON TABLE {dataset.name} IS {_quoted(table_comment(dataset))}")
        for column in dataset.columns:
            comment = _quoted(column_comment(column))
            connection.execute(f"COMMENT ON COLUMN {dataset.name}.{column.name} IS {comment}")
        # In the same transaction: an empty table must never pass for a loaded one.
        connection.execute("DELETE FROM meta.loaded WHERE dataset = ?", [dataset.name])


def columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str, str]]:
    """Name, type and comment of each column as the table has them; [] if there is no table."""
    rows = connection.execute(
        "SELECT column_name, replace(data_type, 'TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ'), comment "
        "FROM duckdb_columns() WHERE schema_name = 'main' AND table_name = ? ORDER BY column_index",
        [table],
    ).fetchall()
    return [(name, kind, comment) for name, kind, comment in rows]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


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
