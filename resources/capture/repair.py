"""Making up for a crash: the rows of a day that is captured, and whose lake file is not there.

A capture gets its name before its rows do. A process that is killed in between leaves a day that the
ledger calls captured and that no table has. Whoever loads makes such days first, from the capture,
without asking the API, whatever range is being worked on: what is green has its rows.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from resources.api.catalog.datasets import Dataset
from resources.api.errors import ApiError
from resources.fs import atomic, locks
from resources.home.layout import Home
from resources.lake import parquet
from resources.raw import captures

log = logging.getLogger("livestats.capture")


UNREADABLE = (captures.DamagedCapture, ApiError)
"""What a capture raises whose rows cannot be made."""


def ensure_lake_file(
    home: Home, dataset: Dataset, day: date, capture: captures.Capture
) -> tuple[parquet.Provenance, bool]:
    """The origin of a day's lake file, which is of `capture`, and whether it had to be made.

    The caller holds the day. Raises UNREADABLE if the file has to be made and cannot be.
    """
    origin = parquet.provenance_of(parquet.path_of(home.lake, dataset.name, day))
    if origin is not None and parquet.is_current(origin, capture.name):
        return origin, False
    return parquet.normalise(home.lake, dataset, day, capture), True


def rebuild_missing(home: Home, dataset: Dataset, days: Iterable[date]) -> list[date]:
    """Make the lake files of those `days` that have a capture and no file of it; which were made.

    A day that somebody is at work on is left to them. A damaged capture is logged and its day left
    as it was; it stays among those without rows, which `livestats status` and `verify` name.
    """
    made = []
    for day in sorted(days):
        with _day_lock(_folder(home, dataset, day)) as is_held:
            if not is_held or (capture := captures.newest(_folder(home, dataset, day))) is None:
                continue
            atomic.remove_stale_temps(parquet.path_of(home.lake, dataset.name, day).parent)
            try:
                origin, is_made = ensure_lake_file(home, dataset, day, capture)
            except UNREADABLE as error:
                log.error("%s %s: %s", dataset.name, day, error)
                continue
            if is_made:
                log.info("%s %s: rows made from its capture, %d", dataset.name, day, origin.rows)
                made.append(day)
    return made


def days_free_to_repair(home: Home, dataset: Dataset, days: Iterable[date]) -> Iterator[date]:
    """Those of `days` that nobody is at work on."""
    for day in days:
        with _day_lock(_folder(home, dataset, day)) as is_held:
            if is_held:
                yield day


def _folder(home: Home, dataset: Dataset, day: date) -> Path:
    return captures.folder_of(home.raw, dataset.name, day)


@contextmanager
def _day_lock(folder: Path) -> Iterator[bool]:
    """Hold the day, if nobody else does."""
    lock = locks.try_lock(folder)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            os.close(lock)
