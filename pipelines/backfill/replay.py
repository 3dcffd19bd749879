"""Normalising again from the raw archive, offline: the lake as the present code makes it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from resources.api.catalog.datasets import Dataset
from resources.archive import Archive
from resources.capture import derive, replay_rejected
from resources.capture.inventory import InventoryReader
from resources.capture.repair import UNREADABLE, make_lake_file
from resources.fs import access, atomic, locks
from resources.home import day_lock
from resources.home.folders import is_closed
from resources.raw import captures

log = logging.getLogger("livestats.replay")


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """One day that was normalised again, or could not be."""

    dataset: str
    day: date
    rows: int = 0
    is_derived: bool = False  # a capture was made of answers of another dataset
    is_recovered: bool = False  # a capture was made of answers that no version could read so far
    problem: str = ""


def captured(
    archive: Archive, datasets: Sequence[Dataset], first: date | None, last: date | None
) -> list[tuple[Dataset, date]]:
    """Every day with a capture or rejected answers in the range, dimensions' days included.

    And those of an account-wide series, if it is switched on, that a split dataset has captured.
    Without those of folders that this user may not look into.
    """
    found, raw = [], archive.home.raw
    for dataset in datasets:
        is_on = dataset.name in archive.settings.datasets
        names = [dataset.name, *(dataset.derived_from if is_on else ())]
        open_ones = [name for name in names if not is_closed(raw / name)]
        folders = [item for name in open_ones for item in captures.days_of(raw, name).items()]
        there = {
            day
            for day, folder in folders
            if (first is None or day >= first)
            and (last is None or day <= last)
            and (captures.captures_in(folder) or captures.rejected_in(folder))
        }
        found += [(dataset, day) for day in sorted(there)]
    return found


def replay(archive: Archive, days: Sequence[tuple[Dataset, date]]) -> Iterator[Replayed]:
    """Make the lake file of each day anew from its newest capture; one day's damage stops no other.

    Rejected answers that the present version can read become a capture first. A day of an
    account-wide series without a capture is made of the answers of a split dataset, if they hold it.
    Waits for a day that a capture is at work on.
    """
    sources = derive.Sources(
        archive.home,
        archive.settings,
        archive.coverage(),
        InventoryReader(archive.home.lake, archive.settings),
        archive.now(),
    )
    for dataset, day in days:
        folder = captures.folder_of(archive.home.raw, dataset.name, day)
        made = _derived(archive, sources, archive.settings.of(dataset), day)
        if made is not None:
            yield made
        if made is not None or not folder.is_dir():
            continue
        is_recovered = False
        try:
            with day_lock.locked(archive.home, dataset, day):
                zone = archive.settings.time_zone
                for misplaced, problem in captures.misplaced_in(folder, zone):
                    text = f"{misplaced.folder} {problem}. {captures.MISPLACED_REMEDY}"
                    yield Replayed(dataset=dataset.name, day=day, problem=text)
                for one in captures.erased_in(folder):
                    text = f"{one.folder} is of before an erasure. {captures.ERASED_REMEDY}"
                    yield Replayed(dataset=dataset.name, day=day, problem=text)
                try:
                    is_recovered = replay_rejected.make_captures(archive.home, dataset, day, zone)
                except UNREADABLE as error:  # the captures of the day may be intact
                    yield Replayed(dataset=dataset.name, day=day, problem=str(error))
                capture = captures.newest(folder, zone)
                if capture is None:
                    continue
                rows = make_lake_file(archive.home, dataset, day, capture).rows
        except (*UNREADABLE, locks.LockTimeout) as error:
            yield Replayed(dataset=dataset.name, day=day, problem=str(error))
        except OSError as error:
            if not access.is_of_one_place(error):
                raise
            yield Replayed(dataset=dataset.name, day=day, problem=access.reason(error))
        else:
            yield Replayed(dataset=dataset.name, day=day, rows=rows, is_recovered=is_recovered)


def _derived(
    archive: Archive, sources: derive.Sources, dataset: Dataset, day: date
) -> Replayed | None:
    """A day without a capture, or behind its source, made of that; None if that cannot be."""
    folder = captures.folder_of(archive.home.raw, dataset.name, day)

    def is_due() -> bool:
        return not captures.captures_in(folder) or sources.is_outdated(dataset, day)

    if not dataset.derived_from or not is_due():
        return None
    source, reason = sources.of(dataset, day)
    try:
        if source is not None:
            with day_lock.locked(archive.home, dataset, day):
                atomic.make_folder(folder, archive.home.root)
                if is_due():
                    rows = derive.make_capture(archive.home, dataset, day, source).rows
                    return Replayed(dataset=dataset.name, day=day, rows=rows, is_derived=True)
    except (*UNREADABLE, locks.LockTimeout) as error:
        reason = str(error)
    if reason:
        log.warning("%s %s: not made out of captured answers: %s", dataset.name, day, reason)
    return None
