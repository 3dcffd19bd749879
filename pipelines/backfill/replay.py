"""Normalising again from the raw archive, offline: the lake as the present code makes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from resources.api.catalog.datasets import Dataset
from resources.archive import Archive
from resources.capture import replay_rejected
from resources.capture.repair import UNREADABLE, make_lake_file
from resources.fs import access, locks
from resources.home import day_lock
from resources.raw import captures


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """One day that was normalised again, or could not be."""

    dataset: str
    day: date
    rows: int = 0
    is_recovered: bool = False  # a capture was made of answers that no version could read so far
    problem: str = ""


def captured(
    archive: Archive, datasets: Sequence[Dataset], first: date | None, last: date | None
) -> list[tuple[Dataset, date]]:
    """Every day with a capture or rejected answers in the range, dimensions' days included."""
    return [
        (dataset, day)
        for dataset in datasets
        for day, folder in captures.days_of(archive.home.raw, dataset.name).items()
        if (first is None or day >= first)
        and (last is None or day <= last)
        and (captures.captures_in(folder) or captures.rejected_in(folder))
    ]


def replay(archive: Archive, days: Sequence[tuple[Dataset, date]]) -> Iterator[Replayed]:
    """Make the lake file of each day anew from its newest capture; one day's damage stops no other.

    Rejected answers that the present version can read become a capture first.
    Waits for a day that a capture is at work on.
    """
    for dataset, day in days:
        folder = captures.folder_of(archive.home.raw, dataset.name, day)
        is_recovered = False
        try:
            with day_lock.locked(archive.home, dataset, day):
                zone = archive.settings.time_zone
                for misplaced, problem in captures.misplaced_in(folder, zone):
                    text = f"{misplaced.folder} {problem}. {captures.MISPLACED_REMEDY}"
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
