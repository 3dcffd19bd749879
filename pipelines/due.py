"""Which days to ask for, in which order: decided from the ledger alone."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from resources import ledger
from resources.api.catalogue import DATASETS
from resources.api.catalogue.model import Dataset
from resources.archive import Archive


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Consecutive days of one month that one run captures for some datasets."""

    datasets: tuple[str, ...]
    first: date
    last: date
    again: bool = False
    expiring: bool = False

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.last - self.first).days + 1


def ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """Days as the fewest runs of consecutive days of one calendar month, in time order."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and day - found[-1][1] == timedelta(days=1) and day.day != 1:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def chunks(
    due: Mapping[str, Sequence[date]], *, again: bool = False, urgent: Iterable[ledger.Entry] = ()
) -> list[Chunk]:
    """Due days of datasets as runs, in the order of doing.

    First the months with a day in `urgent` (soon forgotten by the API), what is forgotten soonest
    before all; then the other months, newest first, because they are asked about most. Within a
    month, the datasets that stand alone come before those that need the same days of others, and a
    dataset that an urgent one needs is as urgent. Datasets with the same run of days share it.
    """
    deadlines = _deadlines(urgent)
    shared: dict[tuple[datetime | None, int, date, date], list[str]] = defaultdict(list)
    for name, days in due.items():
        for first, last in ranges(days):
            deadline = deadlines.get((name, _month(first)))
            shared[deadline, _wave(name), first, last].append(name)

    def order(item: tuple[datetime | None, int, date, date]) -> tuple[float, int, int, date]:
        deadline, wave, first, _ = item
        soonest = math.inf if deadline is None else deadline.timestamp()
        return (soonest, -_month(first), wave, first)

    return [
        Chunk(
            datasets=tuple(shared[found]),
            first=found[2],
            last=found[3],
            again=again,
            expiring=found[0] is not None,
        )
        for found in sorted(shared, key=order)
    ]


def _deadlines(urgent: Iterable[ledger.Entry]) -> dict[tuple[str, int], datetime]:
    """When the first day of a dataset's month is forgotten; what it needs is due by then as well."""
    found: dict[tuple[str, int], datetime] = {}
    for line in urgent:
        if line.askable_until is not None:
            for name in (line.dataset, *DATASETS[line.dataset].needs):
                at = (name, _month(line.day))
                found[at] = min(found.get(at, line.askable_until), line.askable_until)
    return found


def _wave(name: str) -> int:
    """0 for a dataset that stands alone, else one more than the last that it needs."""
    return max((_wave(needed) + 1 for needed in DATASETS[name].needs), default=0)


def _month(day: date) -> int:
    """Months since year 0."""
    return day.year * 12 + day.month


def missing(archive: Archive, datasets: Sequence[Dataset]) -> list[Chunk]:
    """All that is not captured and can still be asked for, and captures without a lake file."""
    due: dict[str, Sequence[date]] = {}
    urgent: list[ledger.Entry] = []
    for dataset in datasets:
        lines = archive.ledger(dataset, archive.first_day, archive.today)
        unmade = archive.unmade(dataset, lines)
        due[dataset.name] = [
            line.day for line in lines if line.state.can_be_asked or line.day in unmade
        ]
        urgent += [line for line in lines if line.state is ledger.State.EXPIRING]
    return chunks(due, urgent=urgent)


def restated(archive: Archive, datasets: Sequence[Dataset]) -> list[Chunk]:
    """Young complete days that were not asked again today: late data may have come."""
    now, zone = archive.now(), archive.settings.zone
    due: dict[str, Sequence[date]] = {}
    for dataset in datasets:
        first = archive.today - timedelta(days=dataset.reread_days)
        lines = archive.ledger(dataset, first, archive.today)
        due[dataset.name] = [
            line.day for line in lines if ledger.is_due_again(dataset, line, now, zone)
        ]
    return chunks(due, again=True)
