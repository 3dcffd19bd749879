"""Which days to ask for, in which order: decided from the ledger alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

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
    due: Mapping[str, Sequence[date]], *, again: bool = False, urgent: Iterable[date] = ()
) -> list[Chunk]:
    """Due days of datasets as runs, in the order of doing.

    Month by month: first the months with a day in `urgent` (soon forgotten by the API), oldest
    first, then the others, newest first, because they are asked about most. Within a month, the
    datasets that stand alone come before those that need the same days of others. Datasets with
    the same run of days share it.
    """
    pressing = {_month(day) for day in urgent}
    shared: dict[tuple[int, date, date], list[str]] = defaultdict(list)
    for name, days in due.items():
        for first, last in ranges(days):
            shared[(1 if DATASETS[name].needs else 0, first, last)].append(name)
    found = [
        (
            wave,
            Chunk(
                datasets=tuple(names),
                first=first,
                last=last,
                again=again,
                expiring=_month(first) in pressing,
            ),
        )
        for (wave, first, last), names in shared.items()
    ]

    def order(item: tuple[int, Chunk]) -> tuple[bool, int, int, date]:
        wave, chunk = item
        month = _month(chunk.first) * (1 if chunk.expiring else -1)
        return (not chunk.expiring, month, wave, chunk.first)

    return [chunk for _, chunk in sorted(found, key=order)]


def _month(day: date) -> int:
    """Months since year 0."""
    return day.year * 12 + day.month


def missing(archive: Archive, datasets: Sequence[Dataset]) -> list[Chunk]:
    """All that is not captured and can still be asked for."""
    due: dict[str, Sequence[date]] = {}
    urgent: set[date] = set()
    for dataset in datasets:
        lines = archive.ledger(dataset, archive.first_day, archive.today)
        due[dataset.name] = [line.day for line in lines if line.state.can_be_asked]
        urgent |= {line.day for line in lines if line.state is ledger.State.EXPIRING}
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
