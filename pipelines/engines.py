"""SQLite files of Dagster's history, opened once: connections that stay open, for each process."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import Any

import sqlalchemy as db
from alembic.runtime.migration import MigrationContext
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import QueuePool


def version(connection: Connection) -> str | None:
    """The migration of Dagster's that a file is at; None for one that is new."""
    return MigrationContext.configure(connection).get_current_revision()


def opened(conn_string: str) -> Engine:
    """An engine whose connections stay open, for as many threads as ask at once."""
    engine = db.create_engine(
        conn_string,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=-1,
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
    )

    @db.event.listens_for(engine, "connect")
    def lighter(connection: Any, _record: object) -> None:
        # The journal is a WAL: without a flush for each event a power cut may cost the last few,
        # and nothing of the archive depends on them; the file itself stays sound.
        connection.execute("PRAGMA synchronous = NORMAL")

    return engine


class Engines:
    """Engines by what they are for, those of this process only, the ones used last."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._lock = threading.Lock()
        self._process = os.getpid()

    def of(self, name: str, conn_string: str) -> Engine:
        with self._lock:
            if self._process != os.getpid():  # SQLite's connections do not survive a fork
                self._engines.clear()
                self._process = os.getpid()
            engine = self._engines.pop(name, None)
            if engine is None:
                engine = opened(conn_string)
            self._engines[name] = engine
            while len(self._engines) > self._at_most:
                self._engines.popitem(last=False)[1].dispose()
            return engine

    def close(self) -> None:
        with self._lock:
            while self._engines:
                self._engines.popitem()[1].dispose()
