"""The served copy: the read-only DuckDB file that queries and BI open. It is never locked.

The warehouse is copied under a temporary name, renamed, and a symbolic link is switched to it.
Open connections keep the old copy; new ones get the new copy. Read next: sql_sandbox.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from resources.errors import LivestatsError
from resources.fs import atomic
from resources.home.layout import Home
from resources.sql import failures, interrupts, quoting
from resources.warehouse import connection as warehouse_connection


class NothingServed(LivestatsError):
    """There is no served copy yet; the message says how to get one."""


class UnreadableCopy(NothingServed):
    """The system does not let the served copy be opened (permission, disk); the message says why."""


class DamagedCopy(NothingServed):
    """The served copy cannot be opened or read; the message says how it is made again."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """The result of publishing."""

    path: Path  # of the copy that the link points to
    size: int  # bytes
    is_new: bool  # False: the warehouse had not changed


def publish(connection: duckdb.DuckDBPyConnection, home: Home) -> Published:
    """Copy the warehouse and switch the link to the copy. Only the previous copy is kept.

    It is kept for readers that resolved the link just before the switch. The caller holds the
    writing connection, so the warehouse does not change while it is copied.
    """
    copy = home.served.with_name(
        f"livestats-{warehouse_connection.content_version(connection)}.duckdb"
    )
    before = home.served.resolve()
    is_new = not (home.served.exists() and before == copy.resolve() and _can_open(copy))
    if is_new:
        connection.execute("CHECKPOINT")
        home.served.parent.mkdir(parents=True, exist_ok=True)
        temp = atomic.temp_path(copy)
        try:
            atomic.copy_file(home.warehouse, temp)
            # A BI tool that opened the copy for writing would lock out all others.
            temp.chmod(0o444 & temp.stat().st_mode)
            atomic.rename_into_place(temp, copy)
        except BaseException:
            temp.unlink(missing_ok=True)
            raise
        link = atomic.temp_path(home.served)
        link.symlink_to(copy.name)
        link.replace(home.served)
        atomic.fsync(home.served.parent)
        # By name, not by age: after the clock was set back, the new copy may look the oldest.
        for old in home.served.parent.glob("livestats-*.duckdb"):
            if old.name not in (copy.name, before.name):
                old.unlink(missing_ok=True)
    return Published(path=copy, size=copy.stat().st_size, is_new=is_new)


def _can_open(copy: Path) -> bool:
    """False if the copy was damaged after it was published."""
    try:
        duckdb.connect(str(copy), read_only=True).close()
    except duckdb.Error:
        return False
    return True


def connect(home: Home, time_zone: str) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the served copy. The caller closes it.

    Raises NothingServed if nothing has been published yet, DamagedCopy if it cannot be opened.
    """
    if not home.served.exists():
        raise NothingServed(
            f"There is no {home.served} yet. Run `livestats backfill`, or `livestats publish` if "
            "days are captured already."
        )
    try:
        connection = interrupts.interruptible(duckdb.connect(str(home.served), read_only=True))
    except duckdb.Error as error:
        if failures.is_local(error):
            raise UnreadableCopy(
                f"{home.served.resolve()} cannot be opened: {error} Fix that and run again; nothing "
                "says that it is damaged."
            ) from error
        raise DamagedCopy(
            f"{home.served.resolve()} cannot be opened: {error} Run `livestats publish`: it is "
            "made again from the warehouse."
        ) from error
    for name, value in warehouse_connection.DUCKDB_WORKAROUNDS.items():
        connection.execute(f"SET {name} = {quoting.literal(value)}")
    connection.execute("SET TimeZone = ?", [time_zone])
    return connection


@contextmanager
def reading(home: Home, time_zone: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the served copy, closed after the block. Raises as `connect`.

    Damage inside the file is found by the query that reads there: the block raises DamagedCopy.
    """
    with closing(connect(home, time_zone)) as connection:
        try:
            yield connection
        except duckdb.Error as error:
            if not str(error).startswith(_DAMAGED):
                raise
            path = home.served.resolve()
            raise DamagedCopy(
                f"{path} is damaged: {error}. Delete that file and run `livestats publish`: it is "
                "made again from the warehouse."
            ) from error


_DAMAGED = "Corrupt database file"  # DuckDB has no class of its own for a wrong checksum
