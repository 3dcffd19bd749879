"""Dagster's SQLite storage with connections that stay open, and one transaction for many events.

Dagster opens every file anew for each event: an engine, a dialect, compiled statements, and as the
last connection closes, a checkpoint with its flushes. That was half of the CPU of a backfill. The
files, tables and rows here are those of Dagster's own classes, which this changes as little as it
can: where Dagster is newer than the pinned version and they have moved, take `storage` out of
dagster.yaml, and everything works as before on the same files, only slower.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Self, cast

import sqlalchemy as db
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from dagster import StringSource
from dagster._config.config_schema import UserConfigSchema
from dagster._core.events import ASSET_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.schema import (
    SqlEventLogStorageMetadata,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SqliteEventLogStorage,
)
from dagster._core.storage.runs.schema import RunStorageSqlMetadata
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.schema import ScheduleStorageSqlMetadata
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sql import get_alembic_config
from dagster._core.storage.sqlite import create_db_conn_string
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy.engine import Connection, Engine

from pipelines.engines import Engines, version

RUNS_OPEN = 8
"""Runs whose files stay open at once: more than write at once, and few enough to forget old ones."""

BATCH_VARIABLE = "DAGSTER_EVENT_BATCH_SIZE"
BATCH = 500
"""Events of one kind that Dagster may hand over together; it asks the environment how many."""


class EventLog(SqliteEventLogStorage):
    """Dagster's event log: one file for each run, and the index of all assets' events."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Nothing is opened before it is used, but for an index that is not there yet."""
        self._index = Engines(1)
        self._runs = Engines(RUNS_OPEN)
        self._tables: set[str] = set()
        self._has_index_columns = False
        super().__init__(base_dir, inst_data)

    def _engine(self, shard: str) -> Engine:
        engines = self._index if shard == INDEX_SHARD_NAME else self._runs
        return engines.of(shard, self.conn_string_for_shard(shard))

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _initdb(self, engine: Engine, for_index_shard: bool = False) -> None:
        # Dagster reads all of its migrations, four dozen scripts, to look at a file that has its
        # version, and twice for one that is new: each run has one of its own.
        with engine.connect() as connection:
            if version(connection) is not None:
                return
        if not _make(engine, SqlEventLogStorageMetadata):
            super()._initdb(engine, for_index_shard)

    def has_table(self, table_name: str) -> bool:
        # Tables come, with upgrades, and do not go.
        if table_name not in self._tables:
            with self._engine(INDEX_SHARD_NAME).connect() as connection:
                if not db.inspect(connection).has_table(table_name):
                    return False
            self._tables.add(table_name)
        return True

    def _has_asset_key_index_cols_on_connection(self, conn: Connection) -> bool:
        if not self._has_index_columns:  # asked for each event; columns do not go either
            self._has_index_columns = super()._has_asset_key_index_cols_on_connection(conn)
        return self._has_index_columns

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events that Dagster hands over together, in as few transactions as it takes.

        What is written is what `store_event` writes for one after the other, but for the asset's
        own row: it holds its newest event of each type, so only the last is put there.
        """
        for (run_id, is_of_assets), group in groupby(events, key=_kind):
            if is_of_assets:
                self._store_asset_events(run_id, [*group])
            else:
                for event in group:
                    self.store_event(event)

    def _store_asset_events(self, run_id: str, events: Sequence[EventLogEntry]) -> None:
        rows = [self._event_to_row(event) for event in events]
        with self.run_connection(run_id) as connection:
            connection.execute(SqlEventLogStorageTable.insert(), rows)
        with self.index_transaction() as connection:
            numbers: list[int] = []
            for row in rows:
                inserted = connection.execute(SqlEventLogStorageTable.insert(), row)
                numbers += inserted.inserted_primary_key or ()
            self._store_asset_event_tags(connection, events, numbers)
            newest: dict[tuple[object, object], tuple[EventLogEntry, int]] = {}
            for event, number in zip(events, numbers, strict=True):
                about = event.get_dagster_event()
                newest.pop((about.asset_key, about.event_type), None)  # the last stays the last
                newest[about.asset_key, about.event_type] = event, number
            for event, number in newest.values():
                self._store_asset_event(connection, event, number)

    def dispose(self) -> None:
        super().dispose()
        self._runs.close()
        self._index.close()


def _make(engine: Engine, metadata: db.MetaData) -> bool:
    """Make the tables of a new file, at the newest of Dagster's migrations, all or none of them.

    False if the file is not new, or another process is at it: Dagster's own way knows of both.
    """
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            if db.inspect(connection).get_table_names():
                return False
            metadata.create_all(connection)
            MigrationContext.configure(connection).stamp(_migrations(), "head")
            connection.commit()
    except db.exc.DatabaseError:
        return False
    return True


@cache
def _migrations() -> ScriptDirectory:
    """Dagster's migrations, which all its files share; read once by a process."""
    return ScriptDirectory.from_config(get_alembic_config(sqlite_event_log.__file__))


def _kind(event: EventLogEntry) -> tuple[str, bool]:
    return event.run_id, event.is_dagster_event and event.dagster_event_type in ASSET_EVENTS


def _is_made(storage: Runs | Schedules, path: Path, metadata: db.MetaData, *tables: str) -> bool:
    """True if the file needs nothing to be made, or was new and is made now.

    Dagster reads all its migrations, several times, for either.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not _make(storage.engine, metadata):
            return False
        # What later Dagsters do to files of earlier ones: here it is only noted as done.
        storage.migrate()
        storage.optimize()
        return True
    with storage.connect() as connection:
        there = db.inspect(connection).get_table_names()
        return version(connection) is not None and {*tables} <= {*there}


class Runs(SqliteRunStorage):
    """Dagster's list of runs."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Nothing is opened before it is used."""
        self._engines = Engines(1)
        super().__init__(conn_string, inst_data)

    @classmethod
    def from_local(cls, base_dir: str, inst_data: ConfigurableClassData | None = None) -> Self:
        found = cls(create_db_conn_string(base_dir, "runs"), inst_data)
        path = Path(base_dir) / "runs.db"
        if not _is_made(found, path, RunStorageSqlMetadata, "instance_info"):
            found.dispose()
            found = super().from_local(base_dir, inst_data)
        return found

    @property
    def engine(self) -> Engine:
        return self._engines.of("runs", self._conn_string)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def dispose(self) -> None:
        super().dispose()
        self._engines.close()


class Schedules(SqliteScheduleStorage):
    """Dagster's notes of schedules and sensors: the daemon looks at them all the time."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Nothing is opened before it is used."""
        self._engines = Engines(1)
        super().__init__(conn_string, inst_data)

    @classmethod
    def from_local(cls, base_dir: str, inst_data: ConfigurableClassData | None = None) -> Self:
        found = cls(create_db_conn_string(base_dir, "schedules"), inst_data)
        if not _is_made(found, Path(base_dir) / "schedules.db", ScheduleStorageSqlMetadata):
            found.dispose()
            # Its annotation names its own class.
            found = cast("Self", super().from_local(base_dir, inst_data))
        return found

    @property
    def engine(self) -> Engine:
        return self._engines.of("schedules", self._conn_string)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def dispose(self) -> None:
        super().dispose()
        self._engines.close()


class Storage(DagsterSqliteStorage):
    """All three, in the folders in which Dagster keeps them by default.

    dagster.yaml names it:

        storage:
          custom:
            module: pipelines.storage
            class: Storage
            config:
              base_dir: {env: DAGSTER_HOME}
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Make the files in `base_dir` that are not there yet."""
        root = Path(base_dir)
        self.base_dir = base_dir
        self._run_storage = Runs.from_local(str(root / "history"))
        self._event_log_storage = EventLog(str(root / "history" / "runs"))
        self._schedule_storage = Schedules.from_local(str(root / "schedules"))
        self._inst_data = inst_data
        # Not Dagster's own __init__, which would open its classes instead of these.
        super(DagsterSqliteStorage, self).__init__()  # type: ignore[no-untyped-call]

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        return {"base_dir": StringSource}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        return cls(config_value["base_dir"], inst_data)
