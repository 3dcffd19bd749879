"""Which days to ask for, in which order: decided from the ledger alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from resources import ledger
from resources.api.catalogue.model import Dataset
from resources.archive import Archive
from resources.ledger import LONGEST_RUN_DAYS


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Consecutive days that one run captures for some datasets."""

    datasets: tuple[str, ...]
    first: date
    last: date
    again: bool = False
    expiring: bool = False

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.last - self.first).days + 1


def ranges(days: Iterable[date], longest: int = LONGEST_RUN_DAYS) -> list[tuple[date, date]]:
    """Days as the fewest runs of consecutive days, none longer than `longest`, in time order.

    The newest run is full and the oldest takes the rest, so that days at the old end, which are
    asked for first, come in a short run.
    """
    found: list[tuple[date, date]] = []
    for day in sorted(set(days), reverse=True):
        if found and found[-1][0] - day == timedelta(days=1):
            first, last = found[-1]
            if (last - first).days + 1 < longest:
                found[-1] = (day, last)
                continue
        found.append((day, day))
    return found[::-1]


def chunks(
    due: dict[str, Sequence[date]], *, again: bool = False, urgent: Iterable[date] = ()
) -> list[Chunk]:
    """Due days of datasets as runs: datasets with the same run of days share it.

    Runs with a day in `urgent` (soon forgotten by the API) come first, oldest first; then the
    others, newest first: what is asked about most is there soonest.
    """
    soon = set(urgent)
    shared: dict[tuple[date, date], list[str]] = defaultdict(list)
    for name, days in due.items():
        for span in ranges(days):
            shared[span].append(name)
    found = [
        Chunk(
            datasets=tuple(names),
            first=first,
            last=last,
            again=again,
            expiring=any(first <= day <= last for day in soon),
        )
        for (first, last), names in shared.items()
    ]
    return sorted(
        found, key=lambda c: (not c.expiring, c.first.toordinal() * (1 if c.expiring else -1))
    )


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
