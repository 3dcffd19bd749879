"""Rebuilds lake files of captured days that are missing or out of date, without requests.

Not here: finding the days (ledger/states.py). Read next: lake/parquet.py.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import date

from resources.api.catalog.datasets import Dataset
from resources.api.errors import ApiError
from resources.fs import access, locks
from resources.home import day_lock
from resources.home.layout import Home
from resources.lake import parquet
from resources.ledger import refused_captures
from resources.raw import captures

log = logging.getLogger("livestats.capture")


UNREADABLE = (captures.UnusableCapture, ApiError)
"""Errors for a capture whose rows cannot be read."""


def ensure_lake_file(
    home: Home, dataset: Dataset, day: date, capture: captures.Capture
) -> tuple[parquet.Provenance, bool]:
    """Provenance of the day's lake file, made from `capture`, and whether it had to be rebuilt.

    The caller holds the lock of the day. Raises UNREADABLE if the capture cannot be read.
    """
    origin = parquet.provenance_of(parquet.path_of(home.lake, dataset.name, day))
    if origin is not None and parquet.is_current(origin, dataset, capture.name):
        return origin, False
    return make_lake_file(home, dataset, day, capture), True


def make_lake_file(
    home: Home, dataset: Dataset, day: date, capture: captures.Capture
) -> parquet.Provenance:
    """Make the day's lake file from `capture`; the caller holds the lock of the day.

    Raises UnusableCapture. One whose answers are refused is noted, so that the day is suspect.
    """
    folder = capture.folder.parent
    try:
        origin = parquet.normalise(home.lake, dataset, day, capture)
    except ApiError as error:
        refused_captures.note(folder, capture.name.text, error.what)
        again = "" if dataset.is_dimension else f" --from {day} --to {day}"
        raise captures.RefusedCapture(
            f"{capture.folder} is as it was written, and its answers are refused: {error.what}. The rows "
            f"of the day stay as they are. `livestats backfill --force --dataset {dataset.name}{again}` "
            "asks again while the API has the day. After that, move the folder out of the home: an "
            "earlier capture of the day is then used, or the day is lost."
        ) from error
    refused_captures.clear(folder)
    return origin


def rebuild_missing(home: Home, dataset: Dataset, days: Iterable[date]) -> list[date]:
    """Rebuild the lake files of `days` that are not made from the newest capture; the rebuilt days.

    A capture is committed before its lake file. A process that is killed in between leaves a day
    that is captured in the ledger and in no table. A file may also be of an earlier version of the
    declared schema. Every load therefore calls this first, for all days.

    A locked day is skipped: the process that holds the lock writes the file. A damaged capture is
    logged and skipped; `livestats status` and `verify` name its day.
    """
    rebuilt = []
    for day in sorted(days):
        held = day_lock.try_lock(home, dataset, day)
        if held is None:
            continue
        with held:
            folder = captures.folder_of(home.raw, dataset.name, day)
            capture = captures.newest(folder, home.time_zone)
            if capture is None:
                continue
            try:
                origin, is_rebuilt = ensure_lake_file(home, dataset, day, capture)
            except UNREADABLE as error:
                log.error("%s %s: %s", dataset.name, day, error)
                continue
            except (FileExistsError, NotADirectoryError) as error:  # in the place of a folder
                log.error("%s %s: %s", dataset.name, day, access.reason(error))
                continue
            if is_rebuilt:
                log.info(
                    "%s %s: lake file rebuilt from its capture, %d rows",
                    dataset.name,
                    day,
                    origin.rows,
                )
                rebuilt.append(day)
    return rebuilt


def days_free_to_repair(home: Home, dataset: Dataset, days: Iterable[date]) -> Iterator[date]:
    """Those of `days` that no process has locked."""
    for day in days:
        held = locks.try_lock(day_lock.file_of(home, dataset, day))
        if held is not None:
            held.release()
            yield day
