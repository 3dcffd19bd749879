"""Builds marts and rebuilds outdated ones: views and macros at once, tables by day for changed days.

A table whose SQL has changed is rebuilt as a whole, in one transaction. Not here: the form of mart
files (definition.py), which days are stale (incremental.py, read it next).
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import duckdb

from resources.api.catalog import DATASETS
from resources.marts import incremental
from resources.marts.definition import ARCHIVE_TABLE, Mart, MartError, MartKind, available, read
from resources.warehouse import connection as warehouse_connection

log = logging.getLogger("livestats.marts")

_META = """
CREATE TABLE IF NOT EXISTS meta.mart (mart VARCHAR PRIMARY KEY, kind VARCHAR, version VARCHAR);
CREATE TABLE IF NOT EXISTS meta.archive (time_zone VARCHAR);
"""

_OBJECT = {MartKind.VIEW: "VIEW", MartKind.TABLE: "TABLE", MartKind.MACRO: "MACRO TABLE"}

_EXISTING = """
SELECT table_name, 'table by day' FROM duckdb_tables()
WHERE schema_name = 'main' AND database_name = current_database()
UNION ALL SELECT view_name, 'view' FROM duckdb_views()
WHERE schema_name = 'main' AND database_name = current_database()
"""


@dataclass(frozen=True, kw_only=True)
class MartResult:
    """What `sync_marts` did for one mart."""

    mart: Mart
    days: Sequence[date] = ()  # of a table: days that were built
    impossible: Mapping[date, str] = field(
        default_factory=dict
    )  # of a table: day -> why it could not be made, and what its rows are now
    is_redefined: bool  # its SQL or that of an input has changed
    rows: int | None = None  # of a table, all days
    seconds: float = 0.0  # that it took

    @property
    def not_made(self) -> list[str]:
        """For people: the days that could not be made."""
        return [f"{self.mart.name} of {day}: {why}" for day, why in self.impossible.items()]


def sync_marts(
    connection: duckdb.DuckDBPyConnection,
    time_zone: str,
    switched_on: Collection[str],
    marts: Mapping[str, Mart] | None = None,
) -> list[MartResult]:
    """Build or update every mart whose tables exist and are switched on; drop the others.

    `connection` must be writable. Returns one result per mart that exists afterwards.
    """
    marts = read() if marts is None else marts
    connection.execute(_META + incremental.META)
    _note_zone(connection, time_zone)
    wanted = _available_marts(connection, marts, switched_on)
    held = _recorded_marts(connection)
    _drop(connection, [(name, kind) for name, (kind, _) in held.items() if name not in wanted])
    versions = _versions(connection, wanted)
    new = {name for name, mart in wanted.items() if held.get(name) != (mart.kind, versions[name])}
    tables = [mart for mart in wanted.values() if mart.kind is MartKind.TABLE]
    inputs = incremental.stale_days(connection, tables, wanted, anew=new)
    made = []
    not_made: dict[str, Mapping[date, str]] = {}
    for name, mart in wanted.items():
        is_redefined, began = name in new, time.monotonic()
        not_made[name] = _inputs_not_made(mart, not_made, is_redefined=is_redefined)
        waiting = {day: not_made[name][day] for day in {*inputs.get(name, ())} & {*not_made[name]}}
        for day in waiting:
            del inputs[name][day]
        if is_redefined and name in held and held[name][0] != mart.kind:
            _drop(connection, [(name, held[name][0])])
        done = incremental.DayResults()
        if mart.kind is MartKind.TABLE and is_redefined:
            define = partial(_define, connection, mart, versions[name])
            done = incremental.rebuild_all_days(connection, mart, wanted, inputs[name], define)
        elif mart.kind is MartKind.TABLE:
            done = incremental.rebuild_stale_days(connection, mart, wanted, inputs[name])
        elif is_redefined:
            with warehouse_connection.transaction(connection):
                _define(connection, mart, versions[name])
        impossible = {**waiting, **done.impossible}
        not_made[name] = {**not_made[name], **impossible}
        rows = _count(connection, mart) if mart.kind is MartKind.TABLE else None
        made.append(
            MartResult(
                mart=mart, days=done.built, impossible=impossible, is_redefined=is_redefined, rows=rows,
                seconds=time.monotonic() - began,
            )
        )  # fmt: skip
    return made


def _inputs_not_made(
    mart: Mart, not_made: Mapping[str, Mapping[date, str]], *, is_redefined: bool
) -> dict[date, str]:
    """Days that marts which `mart` reads could not make: it is made when they are."""
    left = incremental.LEFT_OUT if is_redefined else incremental.KEPT
    return {
        day: f"It is made of {name}, which could not be made. {left}"
        for name in mart.reads
        for day in not_made.get(name, ())
    }


def _count(connection: duckdb.DuckDBPyConnection, mart: Mart) -> int:
    ((rows,),) = connection.execute(f"SELECT count(*) FROM {mart.name}").fetchall()
    return int(rows)


def marts_behind(
    connection: duckdb.DuckDBPyConnection,
    switched_on: Collection[str],
    marts: Mapping[str, Mart] | None = None,
) -> list[str]:
    """Marts that `sync_marts` would build, change or drop. A read-only connection is enough."""
    marts = read() if marts is None else marts
    wanted = _available_marts(connection, marts, switched_on)
    try:
        held = _recorded_marts(connection)
    except duckdb.CatalogException:  # made by a livestats that knew no marts
        return [*wanted]
    versions = _versions(connection, wanted)
    tables = [mart for mart in wanted.values() if mart.kind is MartKind.TABLE]
    stale = incremental.stale_days(connection, tables, wanted)
    return [
        *(name for name in held if name not in wanted),
        *(
            name
            for name, mart in wanted.items()
            if held.get(name) != (mart.kind, versions[name]) or stale.get(name)
        ),
    ]


def present(connection: duckdb.DuckDBPyConnection) -> dict[str, MartKind]:
    """The marts that exist. A read-only connection is enough."""
    try:
        found = _recorded_marts(connection)
    except duckdb.CatalogException:  # made by a livestats that knew no marts
        return {}
    return {name: MartKind(kind) for name, (kind, _) in found.items()}


def records_macros(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether meta.mart names a macro; it is not looked for.

    Without one, duckdb_functions() need not be asked: it lists all functions of DuckDB, which takes
    ten times the CPU of all other questions about what exists.
    """
    try:
        noted = connection.execute("FROM meta.mart WHERE kind = ?", [MartKind.MACRO.value])
    except duckdb.CatalogException:  # made by a livestats that knew no marts
        return False
    return noted.fetchone() is not None


def _available_marts(
    connection: duckdb.DuckDBPyConnection, marts: Mapping[str, Mart], switched_on: Collection[str]
) -> dict[str, Mart]:
    there = connection.execute(
        "SELECT table_name FROM duckdb_tables() "
        "WHERE schema_name = 'main' AND database_name = current_database()"
    ).fetchall()
    tables = [name for (name,) in there if name in switched_on or name not in DATASETS]
    return {mart.name: mart for mart in available(marts, tables)}


def _recorded_marts(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str]]:
    """Mart -> (kind, version), for marts that are recorded in meta.mart and exist.

    A macro is there if it is recorded, which the same transaction does. It is not looked for: see
    records_macros.
    """
    noted = connection.execute("SELECT mart, kind, version FROM meta.mart ORDER BY mart").fetchall()
    there = connection.execute(_EXISTING).fetchall()
    return {
        name: (kind, version)
        for name, kind, version in noted
        if kind == MartKind.MACRO.value or (name, kind) in there
    }


def _versions(connection: duckdb.DuckDBPyConnection, marts: Mapping[str, Mart]) -> dict[str, str]:
    """Mart -> version: a hash of its SQL, parameters, and the columns or versions of its inputs."""
    columns: dict[str, list[tuple[str, str]]] = {}
    for table, name, kind in connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal "
        "AND database_name = current_database() ORDER BY ALL"
    ).fetchall():
        columns.setdefault(table, []).append((name, kind))
    found: dict[str, str] = {}
    for mart in marts.values():
        inputs = [found[n] if n in marts else columns.get(n) for n in mart.reads]
        given = [(p.name, p.default) for p in mart.parameters]
        whole = repr((given, mart.sql, inputs)).encode()
        found[mart.name] = hashlib.sha256(whole).hexdigest()[:16]
    return found


def _note_zone(connection: duckdb.DuckDBPyConnection, time_zone: str) -> None:
    noted = connection.execute(f"SELECT time_zone FROM {ARCHIVE_TABLE}").fetchall()
    if noted != [(time_zone,)]:
        with warehouse_connection.transaction(connection):
            connection.execute(f"DELETE FROM {ARCHIVE_TABLE}")
            connection.execute(f"INSERT INTO {ARCHIVE_TABLE} VALUES (?)", [time_zone])


def _drop(connection: duckdb.DuckDBPyConnection, marts: Sequence[tuple[str, str]]) -> None:
    if not marts:
        return
    with warehouse_connection.transaction(connection):
        for name, kind in marts:
            connection.execute(f"DROP {_OBJECT[MartKind(kind)]} IF EXISTS {name}")
            connection.execute("DELETE FROM meta.mart WHERE mart = ?", [name])
            incremental.delete_notes(connection, name)
    log.info("dropped: %s", ", ".join(name for name, _ in marts))


def _define(connection: duckdb.DuckDBPyConnection, mart: Mart, version: str) -> None:
    create(connection, mart)
    connection.execute(
        "INSERT OR REPLACE INTO meta.mart VALUES (?, ?, ?)", [mart.name, mart.kind.value, version]
    )


def create(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Create or replace a mart; a table is created empty.

    Raises MartError if its SQL is wrong, say names a column that is not there.
    """
    try:
        _create(connection, mart)
    except duckdb.ProgrammingError as error:
        raise MartError(f"{mart.name}.sql cannot be made: {error}") from error


def _create(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    if mart.kind is MartKind.MACRO:
        parameters = ", ".join(
            p.name if p.default is None else f"{p.name} := {p.default}" for p in mart.parameters
        )
        connection.execute(f"CREATE OR REPLACE MACRO {mart.name}({parameters}) AS TABLE {mart.sql}")
    elif mart.kind is MartKind.VIEW:
        connection.execute(f"CREATE OR REPLACE VIEW {mart.name} AS {mart.sql}")
    else:
        # Not AS SELECT ... LIMIT 0: DuckDB 2.0 then treats the table as empty while it is open, even
        # after two threads have inserted rows, and filters return nothing.
        columns = connection.execute(f"DESCRIBE FROM ({mart.sql})").fetchall()
        declared = ", ".join(f"{name} {kind}" for name, kind, *_ in columns)
        connection.execute(f"CREATE OR REPLACE TABLE {mart.name} ({declared})")
