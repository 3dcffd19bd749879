"""The served copy: the read-only DuckDB file that queries and BI open, never locked or half made.

A copy of the warehouse is made aside under a name of its own, and a link is switched to it: whoever
has the old copy open keeps it, whoever opens the link gets the new one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from resources.api.catalog import DAILY
from resources.api.windows import day_of
from resources.config import Settings
from resources.fs import atomic
from resources.home.layout import Home
from resources.ledger import states
from resources.sql import quoting
from resources.warehouse import connection as warehouse_connection


class NothingServed(Exception):
    """There is no served copy yet; the message says how to get one."""


class DamagedCopy(NothingServed):
    """The served copy cannot be opened or read; the message says how it is made again."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """What publishing did."""

    path: Path  # of the copy that the link points to
    size: int  # bytes
    is_new: bool  # False: the warehouse had not changed


LEDGER_COMMENT = "Every dataset and day of the archive and where it stands."
LEDGER_COLUMNS = {
    "dataset": ("VARCHAR", "Table that the line is about."),
    "business_date": ("DATE", "Calendar day in the business time zone."),
    "state": (
        "VARCHAR",
        "captured, empty (asked, nothing there), partial, missing, settling (not complete yet), "
        "expiring (missing and soon forgotten by the API), lost (never captured, forgotten).",
    ),
    "rows": ("BIGINT", "Rows of the newest capture."),
    "captures": ("BIGINT", "Captures that differ; 2 means that the vendor restated the day once."),
    "captured_at": ("TIMESTAMPTZ", "When the newest capture was fetched."),
    "last_seen_at": ("TIMESTAMPTZ", "When the API was last found to say the same."),
    "capture": ("VARCHAR", "Name of the newest capture in the raw archive."),
    "askable_from": ("TIMESTAMPTZ", "When the day is complete at the vendor."),
    "askable_until": ("TIMESTAMPTZ", "When the API forgets it; NULL: never."),
    "limited_to": (
        "VARCHAR",
        "Part of the account that the settings limit the dataset to: its days are complete as far as "
        "that. NULL: all of it.",
    ),
}


def refresh_ledger(
    connection: duckdb.DuckDBPyConnection, home: Home, settings: Settings, now: datetime
) -> int:
    """Write the ledger, as the files tell it, into the table `ledger`; the number of its lines."""
    first, today = home.first_day(settings, now), day_of(now, settings.zone)
    days = [first + timedelta(days=i) for i in range((today - first).days + 1)]
    warning = timedelta(days=settings.expiry_warning_days)
    lines = [
        line
        for dataset in DAILY
        if dataset.name in settings.datasets
        for line in states.entries(
            settings.of(dataset),
            days,
            home.raw,
            now,
            settings.zone,
            warning,
            home.file_index,
            and_others=True,
        )
    ]
    limits = {name: settings.narrowed(name) or None for name in settings.datasets}
    _put_aside(connection, lines, limits)
    _replace_ledger(connection)
    connection.execute("DROP TABLE lines")
    return len(lines)


def _put_aside(
    connection: duckdb.DuckDBPyConnection,
    lines: list[states.Entry],
    limits: Mapping[str, str | None],
) -> None:
    """Make the temporary table `lines`.

    Not by way of Arrow, which imports pandas for its first array of Python objects: half a second
    in each process that loads.
    """
    attribute = {"business_date": "day"}
    said = {
        name: [getattr(line, attribute.get(name, name)) for line in lines]
        for name in LEDGER_COLUMNS
        if name != "limited_to"
    }
    said["limited_to"] = [limits.get(line.dataset) for line in lines]
    columns = ", ".join(
        f"unnest(${name}::{sql}[]) AS {name}" for name, (sql, _) in LEDGER_COLUMNS.items()
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE lines AS SELECT {columns}", said)


def _replace_ledger(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table what `lines` is; lines that stay as they are are not written again."""
    declared = [(name, sql) for name, (sql, _) in LEDGER_COLUMNS.items()]
    if warehouse_connection.columns(connection, "ledger") != declared:
        with warehouse_connection.transaction(connection):
            columns = ", ".join(f"{name} {sql}" for name, sql in declared)
            connection.execute(f"CREATE OR REPLACE TABLE ledger ({columns})")
            connection.execute("INSERT INTO ledger BY NAME FROM lines ORDER BY ALL")
        return
    connection.execute("CREATE OR REPLACE TEMP TABLE gone AS FROM ledger EXCEPT ALL FROM lines")
    ((gone, held),) = connection.execute(
        "SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM ledger)"
    ).fetchall()
    ((lines,),) = connection.execute("SELECT count(*) FROM lines").fetchall()
    if gone or held != lines:
        with warehouse_connection.transaction(connection):
            connection.execute(
                "DELETE FROM ledger l USING gone g "
                "WHERE l.dataset = g.dataset AND l.business_date = g.business_date"
            )
            # A line that stands there twice goes twice, and comes back once.
            connection.execute(
                "INSERT INTO ledger BY NAME SELECT n.* FROM lines n "
                "WHERE NOT EXISTS (FROM ledger l WHERE l.dataset = n.dataset "
                "AND l.business_date = n.business_date) ORDER BY ALL"
            )
    connection.execute("DROP TABLE gone")


def publish(connection: duckdb.DuckDBPyConnection, home: Home) -> Published:
    """Copy the warehouse and switch the link to the copy; old copies go, but for the last one.

    Whoever has just resolved the link still finds the file that it led to.

    The caller holds the writing connection, so nothing changes under the copy.
    """
    copy = home.served.with_name(f"livestats-{warehouse_connection.state(connection)}.duckdb")
    before = home.served.resolve()
    is_new = not (home.served.exists() and before == copy.resolve() and _opens(copy))
    if is_new:
        connection.execute("CHECKPOINT")
        home.served.parent.mkdir(parents=True, exist_ok=True)
        atomic.remove_stale(home.served.parent)
        made = atomic.aside(copy)
        try:
            atomic.copy(home.warehouse, made)
            # A BI tool that opens it for writing would shut out all others: it is refused instead.
            made.chmod(0o444 & made.stat().st_mode)
            atomic.swap_in(made, copy)
        except BaseException:
            made.unlink(missing_ok=True)
            raise
        link = atomic.aside(home.served)
        link.symlink_to(copy.name)
        link.replace(home.served)
        atomic.flush(home.served.parent)
        # By name, not by age: a clock that was set back must not make the new copy the oldest.
        for old in home.served.parent.glob("livestats-*.duckdb"):
            if old.name not in (copy.name, before.name):
                old.unlink(missing_ok=True)
    return Published(path=copy, size=copy.stat().st_size, is_new=is_new)


def _opens(copy: Path) -> bool:
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
    for name, value in warehouse_connection.CAREFUL.items():
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
