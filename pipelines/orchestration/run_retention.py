"""Dagster's run history does not grow for ever: old runs are forgotten, what they brought is not.

Not here: when it happens (upkeep.py).
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

KEEP_DAYS = 30

_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What was removed from the history."""

    runs: int = 0  # gone altogether
    shortened: int = 0  # only their logs are gone: assets still show what they brought
    bytes: int = 0  # of log files


def forget_old_runs(
    history: dg.DagsterInstance, keep_days: int = KEEP_DAYS, now: datetime | None = None
) -> Forgotten:
    """Remove runs that ended and were started more than `keep_days` before `now`.

    A run that holds the newest event of some asset or day loses its logs only, since Dagster
    would show the day as never captured without it. The archive needs none of it either way.

    Raises ValueError for less than one day.
    """
    if keep_days < 1:
        raise ValueError(f"{keep_days} days are too few to keep: give at least 1.")
    before = (now or datetime.now(UTC)) - timedelta(days=keep_days)
    old = [
        record.dagster_run.run_id
        for record in history.get_run_records(dg.RunsFilter(statuses=_ENDED, created_before=before))
    ]
    root = Path(history.root_directory)
    if not any(path.exists() for run in old for path in _files(root, run)):
        return Forgotten()  # the usual case: spare the look at all events
    shown = _shown(history)
    gone = [run for run in old if run not in shown]
    for run in gone:
        history.delete_run(run)
    return Forgotten(
        runs=len(gone),
        shortened=len(old) - len(gone),
        bytes=sum(_remove(path) for run in old for path in _files(root, run)),
    )


def _shown(history: dg.DagsterInstance) -> set[str]:
    """Runs that hold the newest materialization of an asset or of one of its days."""
    found: set[str] = set()
    for key in history.all_asset_keys():
        days: set[str | None] = set()
        cursor: str | None = None
        more = True
        while more:
            page = history.fetch_materializations(key, limit=_AT_ONCE, cursor=cursor)
            for record in page.records:
                if record.partition_key not in days:
                    days.add(record.partition_key)
                    found.add(record.run_id)
            cursor, more = page.cursor, page.has_more
    return found


def _files(root: Path, run: str) -> list[Path]:
    """Where the in-home instance keeps one run's events and output."""
    events = root / "history" / "runs"
    return [*(events / f"{run}.db{end}" for end in ("", "-wal", "-shm")), root / "storage" / run]


def _remove(path: Path) -> int:
    """Remove a file or folder, if it is there; the bytes it took."""
    size = 0
    with suppress(FileNotFoundError):  # the job of another account on the same page was first
        if path.is_dir():
            size = sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
            shutil.rmtree(path)
        else:
            size = path.stat().st_size
            path.unlink()
    return size
