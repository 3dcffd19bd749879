"""The served copy: the read-only DuckDB file that queries and BI open. It is never locked.

The warehouse is copied under a temporary name, renamed, and a symbolic link is switched to it.
Open connections keep the old copy; new ones get the new copy. Read next: sql_sandbox.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from resources.errors import LivestatsError
from resources.fs import atomic
from resources.home.layout import Home
from resources.serving.masks import Masks, write_copy
from resources.sql import failures, interrupts, quoting
from resources.warehouse import connection as warehouse_connection
from resources.warehouse import identity


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
    not_made: Sequence[str] = ()  # days of marts that could not be made, and why; the rest is there


def publish(
    connection: duckdb.DuckDBPyConnection, home: Home, masks: Masks | None = None
) -> Published:
    """Copy the warehouse and switch the link to the copy. Only the previous copy is kept.

    It is kept for readers that resolved the link just before the switch, but not if other personal
    data is in it. The caller holds the writing connection, so the warehouse does not change while it
    is copied.
    """
    masks = masks or Masks()
    version = warehouse_connection.content_version(connection)
    marked = f"{version}-{masks.signature}" if masks.signature else version
    copy = home.served.with_name(f"livestats-{marked}.duckdb")
    before = home.served.resolve()
    kept = {copy.name, before.name if _masks_of(before) == masks.signature else ""}
    seal = identity.Seal(home=identity.id_of(home), commit=version, masks=masks.signature)
    is_new = not (home.served.exists() and before == copy.resolve() and _is_of(copy, seal))
    if is_new:
        connection.execute("CHECKPOINT")
        home.served.parent.mkdir(parents=True, exist_ok=True)
        temp = atomic.temp_path(copy)
        try:
            if masks.signature:
                write_copy(connection, temp, masks, warehouse_connection.STORAGE_VERSION)
            else:
                atomic.copy_file(home.warehouse, temp)
            # A BI tool that opened the copy for writing would lock out all others.
            temp.chmod(0o444 & temp.stat().st_mode)
            identity.write(copy, replace(seal, header=identity.header_of(temp)))
            atomic.rename_into_place(temp, copy)
        except BaseException:
            for made in (temp, Path(f"{temp}.wal")):
                made.unlink(missing_ok=True)
            raise
        link = atomic.temp_path(home.served)
        link.symlink_to(copy.name)
        link.replace(home.served)
        atomic.fsync(home.served.parent)
        # By name, not by age: after the clock was set back, the new copy may look the oldest.
        for old in home.served.parent.glob("livestats-*.duckdb"):
            if old.name not in kept:
                old.unlink(missing_ok=True)
        for note in home.served.parent.glob("livestats-*.json"):
            if not note.with_suffix(".duckdb").exists():
                note.unlink(missing_ok=True)
    return Published(path=copy, size=copy.stat().st_size, is_new=is_new)


def _masks_of(copy: Path) -> str:
    """The masks of a copy, by its note."""
    noted = identity.read(copy)
    return noted.masks if noted else ""


def _is_of(copy: Path, seal: identity.Seal) -> bool:
    """True if the copy is the commit `seal` of this home, and nobody has written to it since."""
    try:
        with closing(duckdb.connect(str(copy), read_only=True)) as connection:
            stated = identity.of(connection)
            is_same = stated == replace(seal, masks="") and not _fault(copy, stated)
            return is_same and identity.read(copy) == replace(seal, header=identity.header_of(copy))
    except duckdb.Error:
        return False


def _fault(copy: Path, stated: identity.Seal | None) -> str:
    """What contradicts that livestats published the copy; "" if nothing does.

    `stated` is what the copy says of itself. A copy of an earlier version says nothing.
    """
    noted = identity.read(copy)
    if noted is None:
        return "" if stated is None else "has no note of its publication"
    if noted.header != identity.header_of(copy):
        return "has changed since it was published"
    if stated is None or replace(noted, header="", masks="") != stated:
        return "is not the commit that its note names"
    return ""


def is_level(home: Home, masks: Masks | None = None) -> bool:
    """True if the served copy is the last commit of the warehouse, with these masks.

    Opens no database.

    A warehouse that a load has open counts as level: the load publishes.
    """
    if not home.served.exists() or not home.warehouse.exists():
        return False
    copy = home.served.resolve()
    served, written = identity.read(copy), identity.read(home.warehouse)
    if served is None or written is None or served.header != identity.header_of(copy):
        return False
    if served.masks != (masks or Masks()).signature:
        return False
    if not written.header:
        return True
    is_same = (served.home, served.commit) == (written.home, written.commit)
    return (
        is_same and written.home == identity.id_of(home) and identity.is_as_closed(home.warehouse)
    )


def may_be_level(home: Home, masks: Masks) -> bool:
    """The same, and True if neither has a note: an earlier version published, and wrote none."""
    if is_level(home, masks):
        return True
    notes = (identity.read(path) for path in (home.served.resolve(), home.warehouse))
    return not masks.signature and all(note is None for note in notes)


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
        connection = interrupts.prepared(duckdb.connect(str(home.served), read_only=True))
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
    try:
        _check(home, connection)
    except BaseException:
        connection.close()
        raise
    for name, value in warehouse_connection.DUCKDB_WORKAROUNDS.items():
        connection.execute(f"SET {name} = {quoting.literal(value)}")
    connection.execute("SET TimeZone = ?", [time_zone])
    return connection


def _check(home: Home, connection: duckdb.DuckDBPyConnection) -> None:
    """Raise DamagedCopy unless the copy is one that this home has published."""
    copy, stated = home.served.resolve(), identity.of(connection)
    fault = _fault(copy, stated)
    ours = identity.id_of(home)
    if not fault and ours and stated is not None and stated.home != ours:
        fault = "was published by another home"
    if fault:
        raise DamagedCopy(
            f"{copy} {fault}: its figures are not proven. Run `livestats publish`: it is made again "
            "from the warehouse."
        )


@contextmanager
def reading(home: Home, time_zone: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the served copy, closed after the block. Raises as `connect`.

    Damage inside the file is found by the query that reads there: the block raises DamagedCopy.
    """
    try:
        with closing(connect(home, time_zone)) as connection:
            yield connection
    except duckdb.Error as error:
        if _DAMAGED not in str(error):
            raise
        path = home.served.resolve()
        raise DamagedCopy(
            f"{path} is damaged: {error}. Delete that file and run `livestats publish`: it is "
            "made again from the warehouse."
        ) from error


_DAMAGED = "Corrupt database file"  # DuckDB has no class of its own for a wrong checksum
