"""The warehouse file: a DuckDB database built from the lake, written by one process at a time.

It is disposable: everything in it can be loaded again from the lake. Queries and BI open the served
copy instead. Read next: load.py, which fills the tables.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from resources.api.catalog.datasets import Dataset
from resources.errors import LivestatsError
from resources.fs import atomic, locks
from resources.home.layout import Home
from resources.sql import failures, interrupts, quoting
from resources.warehouse import compaction, identity
from resources.warehouse.dataset_docs import key_sentences, table_comment

STORAGE_VERSION = "v1.2.0"
"""Storage format of the file. DuckDB 1.2 and newer can open it."""

DAYS_PER_TRANSACTION = 31
MEMORY_LIMIT = "256MB"
"""Memory that DuckDB counts, per connection. The process uses about twice as much."""

DUCKDB_WORKAROUNDS = {"disabled_optimizers": "top_n_window_elimination"}
"""Settings of every connection. DuckDB 2.0.0 plans `QUALIFY row_number() ... = 1` as a join of row
numbers. With uncommitted rows in the table and two threads, about one run in a hundred loses rows."""

_TYPE = "replace({}, 'TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ')"

CREATE_META_TABLES = (
    """
CREATE SCHEMA IF NOT EXISTS meta;
CREATE TABLE IF NOT EXISTS meta.loaded (
    dataset VARCHAR, day DATE, capture VARCHAR, rows BIGINT, schema_version INTEGER,
    size BIGINT, modified_ns BIGINT, PRIMARY KEY (dataset, day));
CREATE TABLE IF NOT EXISTS meta.set_aside (
    dataset VARCHAR, day DATE, problem VARCHAR, PRIMARY KEY (dataset, day));
CREATE TABLE IF NOT EXISTS meta.state AS SELECT uuid()::VARCHAR AS warehouse, 0::BIGINT AS changes;
"""
    + identity.COLUMNS
)


class WarehouseError(LivestatsError):
    """A load failed; the tables are unchanged, and the message says what to do."""


@contextmanager
def writing(
    home: Home, time_zone: str, threads: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The one writing connection. Waits until no other livestats process has it.

    `threads` limits the threads of DuckDB; None: one per core.

    Raises WarehouseError if another program holds the file, or it is damaged.
    """
    home.warehouse.parent.mkdir(parents=True, exist_ok=True)
    with locks.lock(home.lock_file("warehouse")):
        _tidy(home)
        connection = _connect_own(home)
        seal = None
        try:
            if compaction.is_due(connection):
                connection = _compact(home, connection)
            connection.execute("SET TimeZone = ?", [time_zone])
            if threads is not None:
                connection.execute("SET threads = ?", [threads])
            connection.execute(CREATE_META_TABLES)
            _identify(connection, home)
            seal = identity.of(connection)
            if seal is not None:
                identity.write(home.warehouse, seal)
            yield connection
            seal = identity.of(connection)
        except Exception:
            with suppress(duckdb.Error):
                seal = identity.of(connection) or seal
            raise
        finally:
            connection.close()
            if seal is not None:
                header = identity.header_of(home.warehouse)
                identity.write(home.warehouse, replace(seal, header=header))


def _connect_own(home: Home) -> duckdb.DuckDBPyConnection:
    """Open the warehouse of this home as livestats closed it; any other is set aside."""
    path = home.warehouse
    if path.exists() and not identity.is_as_closed(path):
        connection = _connect(home)  # raises if another program has it open
        connection.close()
        identity.move_aside(path, "was written to by another program, or put back")
    connection = _connect(home)
    try:
        is_ours = identity.is_of_home(connection, home)
    except BaseException:
        connection.close()
        raise
    if is_ours:
        return connection
    connection.close()
    identity.move_aside(path, "belongs to another home")
    return _connect(home)


def _identify(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Write the home's identity into the file, and a commit if it has none."""
    found = identity.of(connection)
    if found is None or found.home != identity.id_of(home):
        connection.execute(
            "UPDATE meta.state SET home = ?, commit_id = ?",
            [identity.id_of(home), identity.new_commit()],
        )


def _tidy(home: Home) -> None:
    """Remove what killed processes left; the caller holds the lock."""
    atomic.remove_stale_temps(home.warehouse.parent)
    atomic.remove_stale_temps(home.served.parent)
    shutil.rmtree(_spill_folder(home), ignore_errors=True)


def _spill_folder(home: Home) -> Path:
    """Where DuckDB puts what exceeds its memory limit."""
    return home.warehouse.parent / "spill"


def _connect(home: Home) -> duckdb.DuckDBPyConnection:
    _remove_unfinished(home.warehouse)
    try:
        return interrupts.prepared(
            duckdb.connect(
                str(home.warehouse),
                config={
                    **DUCKDB_WORKAROUNDS,
                    "storage_compatibility_version": STORAGE_VERSION,
                    "memory_limit": MEMORY_LIMIT,
                    "temp_directory": str(_spill_folder(home)),
                },
            )
        )
    except duckdb.Error as error:
        raise WarehouseError(_open_error_message(home.warehouse, error)) from error


def _remove_unfinished(path: Path) -> None:
    """Remove a file whose creation was broken off, by a full disk or a kill: it never held anything.

    DuckDB writes three headers before anything else, and opens no file that lacks one of them. On a
    disk without any room the file is there, and nothing in it.
    """
    with suppress(FileNotFoundError):
        if path.stat().st_size < identity.HEADER_BYTES:
            content = path.read_bytes()
            if content[8:12] == b"DUCK" or not any(content):
                path.unlink()


def _compact(home: Home, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Replace the file by a compacted copy; a connection to it. The caller holds the lock."""
    new = compaction.copy_compacted(connection, home.warehouse, STORAGE_VERSION)
    if new is None:
        return connection
    connection.close()
    # DuckDB would apply a log of the old file to the new one.
    if Path(f"{home.warehouse}.wal").exists() or Path(f"{new}.wal").exists():
        compaction.remove_copy(new)
    else:
        atomic.rename_into_place(new, home.warehouse)
    return _connect(home)


def _open_error_message(path: Path, error: Exception) -> str:
    if "could not set lock" in str(error).lower():
        return (
            f"{path} is open in another program: {error} Close it there; queries and BI belong on "
            "the served copy, which is never locked. What is captured stays; then run "
            "`livestats publish`."
        )
    if failures.is_local(error):
        return (
            f"{path} cannot be opened: {error} Fix that and run again: what is captured stays, and "
            "nothing says that the file is damaged."
        )
    return (
        f"{path} cannot be opened: {error} If the disk has space and the folder can be written, "
        "move the file away and run `livestats publish`: it is made again from the lake."
    )


def too_large(error: duckdb.OutOfMemoryException) -> str:
    """What DuckDB says of a day that needs more memory than it may take, and what to do."""
    said = str(error).splitlines()[0]
    return f"{said} DuckDB may take {MEMORY_LIMIT}. Run `livestats publish`: it is tried again."


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit the block under a new commit id, or roll all of it back."""
    connection.begin()
    try:
        yield
        record_commit(connection)
        connection.commit()
    except BaseException:
        with suppress(duckdb.Error):  # after a failed commit there is nothing to roll back
            connection.rollback()
        raise


def record_commit(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the content a new commit id, inside the transaction that changes it."""
    connection.execute(
        "UPDATE meta.state SET changes = changes + 1, commit_id = ?", [identity.new_commit()]
    )


def content_version(connection: duckdb.DuckDBPyConnection) -> str:
    """Identifies the content of the warehouse: equal versions mean equal content."""
    ((version,),) = connection.execute("SELECT commit_id FROM meta.state").fetchall()
    return str(version)


@dataclass(frozen=True)
class TableSchema:
    """Columns and comment of a table in the file."""

    columns: Sequence[tuple[str, str, bool]] = ()  # name, type, is NOT NULL
    comment: str = ""

    def matches(self, dataset: Dataset) -> bool:
        """True if columns and key are those of the catalog. The table's comment names the key.

        Other comments do not matter here; marts/table_comments.py keeps them up to date.
        """
        declared = [(c.name, c.kind.sql, not c.nullable) for c in dataset.columns]
        return [*self.columns] == declared and self.comment.endswith(key_sentences(dataset))


def table_schemas(connection: duckdb.DuckDBPyConnection) -> dict[str, TableSchema]:
    """The schemas of all tables, by name, in two statements."""
    columns: defaultdict[str, list[tuple[str, str, bool]]] = defaultdict(list)
    for table, *column in connection.execute(
        f"SELECT table_name, column_name, {_TYPE.format('data_type')}, NOT is_nullable "
        "FROM duckdb_columns() WHERE schema_name = 'main' AND database_name = current_database() "
        "AND NOT internal ORDER BY table_name, column_index"
    ).fetchall():
        columns[table].append(tuple(column))
    comments = connection.execute(
        "SELECT table_name, coalesce(comment, '') FROM duckdb_tables() "
        "WHERE schema_name = 'main' AND database_name = current_database()"
    ).fetchall()
    return {name: TableSchema(columns[name], comment) for name, comment in comments}


def create_table(connection: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    """Create or replace the table as the catalog declares it, empty; inside a transaction."""
    declared = ", ".join(
        f"{c.name} {c.kind.sql}{'' if c.nullable else ' NOT NULL'}" for c in dataset.columns
    )
    names = [dataset.name]
    if dataset.dedup_keep:
        names.append(f"meta.{dataset.name}_listed")
    for name in names:
        connection.execute(f"CREATE OR REPLACE TABLE {name} ({declared})")
    # `TableSchema.matches` reads the key from it. Comments of columns are written later.
    connection.execute(
        f"COMMENT ON TABLE {dataset.name} IS {quoting.literal(table_comment(dataset))}"
    )
    # In the same transaction, so that an empty table never counts as loaded.
    connection.execute("DELETE FROM meta.loaded WHERE dataset = ?", [dataset.name])


def columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str]]:
    """Name and type of each column of the table; [] if there is no table."""
    return [(name, kind) for name, kind, _ in _table_info(connection, table)]


def _table_info(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str, bool]]:
    """Name, type and NOT NULL of each column; [] if there is no table.

    duckdb_columns() reads every column of the file, which takes ten times the CPU.
    """
    try:
        return connection.execute(
            f'SELECT name, {_TYPE.format("type")}, "notnull" '
            "FROM pragma_table_info('main.' || ?) ORDER BY cid",
            [table],
        ).fetchall()
    except duckdb.CatalogException:
        return []
