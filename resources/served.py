"""The served copy: the read-only DuckDB file that queries and BI open, never locked or half made.

A copy of the warehouse is made aside under a name of its own, and a link is switched to it: whoever
has the old copy open keeps it, whoever opens the link gets the new one.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from resources import files, ledger, warehouse
from resources.api.catalogue import DAILY
from resources.api.windows import day_of
from resources.home import Home
from resources.settings import Settings

_KEPT = 2  # copies: the one that is served, and one for readers that have just resolved the link


class NothingServed(Exception):
    """There is no served copy yet; the message says how to get one."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """What publishing did."""

    path: Path  # of the copy that the link points to
    size: int  # bytes
    is_new: bool  # False: the warehouse had not changed


_LEDGER_COLUMNS = {
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
        for line in ledger.entries(
            dataset, _days(home, dataset.name, days), home.raw, now, settings.zone, warning
        )
    ]
    connection.register("lines", _as_table(lines))
    try:
        _replace_ledger(connection)
    finally:
        connection.unregister("lines")
    return len(lines)


def _as_table(lines: list[ledger.Entry]) -> pa.Table:
    kinds = {"VARCHAR": pa.string(), "DATE": pa.date32(), "BIGINT": pa.int64()}
    attribute = {"business_date": "day"}
    columns = {
        name: pa.array(
            [getattr(line, attribute.get(name, name)) for line in lines],
            kinds.get(sql, pa.timestamp("us", "UTC")),
        )
        for name, (sql, _) in _LEDGER_COLUMNS.items()
    }
    return pa.table(columns)


def _days(home: Home, dataset: str, days: list[date]) -> list[date]:
    """The days of the archive, and earlier ones that were captured all the same."""
    earlier = (home.raw / dataset).iterdir() if (home.raw / dataset).is_dir() else ()
    captured = {date.fromisoformat(p.name) for p in earlier if p.is_dir() and p.name[:1].isdigit()}
    return sorted(captured | set(days))


def _replace_ledger(connection: duckdb.DuckDBPyConnection) -> None:
    declared = ", ".join(f"{name} {sql}" for name, (sql, _) in _LEDGER_COLUMNS.items())
    connection.begin()
    try:
        connection.execute(f"CREATE TABLE IF NOT EXISTS ledger ({declared})")
        same = connection.execute(
            "SELECT count(*) = 0 FROM ((FROM lines EXCEPT ALL FROM ledger) "
            "UNION ALL (FROM ledger EXCEPT ALL FROM lines))"
        ).fetchall()
        if same != [(True,)]:
            connection.execute(f"CREATE OR REPLACE TABLE ledger ({declared})")
            connection.execute("INSERT INTO ledger BY NAME FROM lines ORDER BY ALL")
            connection.execute(
                "COMMENT ON TABLE ledger IS 'Every dataset and day of the archive and where it "
                "stands.'"
            )
            for name, (_, comment) in _LEDGER_COLUMNS.items():
                connection.execute(f"COMMENT ON COLUMN ledger.{name} IS '{comment}'")
            warehouse.changed(connection)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def publish(connection: duckdb.DuckDBPyConnection, home: Home) -> Published:
    """Copy the warehouse and switch the link to the copy; old copies go.

    The caller holds the writing connection, so nothing changes under the copy.
    """
    copy = home.served.with_name(f"livestats-{warehouse.state(connection)}.duckdb")
    is_new = not (home.served.exists() and home.served.resolve() == copy.resolve())
    if is_new:
        connection.execute("CHECKPOINT")
        home.served.parent.mkdir(parents=True, exist_ok=True)
        files.remove_stale(home.served.parent)
        made = files.aside(copy)
        try:
            shutil.copyfile(home.warehouse, made)
            files.swap_in(made, copy)
        except BaseException:
            made.unlink(missing_ok=True)
            raise
        link = files.aside(home.served)
        link.symlink_to(copy.name)
        link.replace(home.served)
        files.flush(home.served.parent)
    copies = sorted(home.served.parent.glob("livestats-*.duckdb"), key=lambda p: p.stat().st_mtime)
    for old in copies[:-_KEPT]:
        old.unlink(missing_ok=True)
    return Published(path=copy, size=copy.stat().st_size, is_new=is_new)


@contextmanager
def reading(home: Home, time_zone: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the served copy.

    Raises NothingServed if nothing has been published yet.
    """
    if not home.served.exists():
        raise NothingServed(
            f"There is no {home.served} yet. Run `livestats backfill`, or `livestats publish` if "
            "days are captured already."
        )
    connection = duckdb.connect(str(home.served), read_only=True)
    try:
        connection.execute("SET TimeZone = ?", [time_zone])
        yield connection
    finally:
        connection.close()
