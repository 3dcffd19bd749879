"""The served copy: the read-only DuckDB file that queries and BI open, never locked or half made.

A copy of the warehouse is made aside under a name of its own, and a link is switched to it: whoever
has the old copy open keeps it, whoever opens the link gets the new one.
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
from resources.sql import quoting
from resources.warehouse import connection as warehouse_connection


class NothingServed(LivestatsError):
    """There is no served copy yet; the message says how to get one."""


class DamagedCopy(NothingServed):
    """The served copy cannot be opened or read; the message says how it is made again."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """What publishing did."""

    path: Path  # of the copy that the link points to
    size: int  # bytes
    is_new: bool  # False: the warehouse had not changed


def publish(connection: duckdb.DuckDBPyConnection, home: Home) -> Published:
    """Copy the warehouse and switch the link to the copy; old copies go, but for the last one.

    Whoever has just resolved the link still finds the file that it led to.

    The caller holds the writing connection, so nothing changes under the copy.
    """
    copy = home.served.with_name(
        f"livestats-{warehouse_connection.content_version(connection)}.duckdb"
    )
    before = home.served.resolve()
    is_new = not (home.served.exists() and before == copy.resolve() and _can_open(copy))
    if is_new:
        connection.execute("CHECKPOINT")
        home.served.parent.mkdir(parents=True, exist_ok=True)
        atomic.remove_stale_temps(home.served.parent)
        made = atomic.temp_path(copy)
        try:
            atomic.copy_file(home.warehouse, made)
            # A BI tool that opens it for writing would shut out all others: it is refused instead.
            made.chmod(0o444 & made.stat().st_mode)
            atomic.rename_into_place(made, copy)
        except BaseException:
            made.unlink(missing_ok=True)
            raise
        link = atomic.temp_path(home.served)
        link.symlink_to(copy.name)
        link.replace(home.served)
        atomic.fsync(home.served.parent)
        # By name, not by age: a clock that was set back must not make the new copy the oldest.
        for old in home.served.parent.glob("livestats-*.duckdb"):
            if old.name not in (copy.name, before.name):
                old.unlink(missing_ok=True)
    return Published(path=copy, size=copy.stat().st_size, is_new=is_new)


def _can_open(copy: Path) -> bool:
    """False for a copy that was damaged after it was made."""
    try:
        duckdb.connect(str(copy), read_only=True).close()
    except duckdb.Error:
        return False
    return True


def connect(home: Home, time_zone: str) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the served copy, for the caller to close.

    Raises NothingServed if nothing has been published yet, DamagedCopy if it cannot be opened.
    """
    if not home.served.exists():
        raise NothingServed(
            f"There is no {home.served} yet. Run `livestats backfill`, or `livestats publish` if "
            "days are captured already."
        )
    try:
        connection = duckdb.connect(str(home.served), read_only=True)
    except duckdb.Error as error:
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
    """A read-only connection to the served copy, closed with the block; raises as `connect`.

    Damage deep in the file is found by the question that reads there: DamagedCopy from the block.
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
