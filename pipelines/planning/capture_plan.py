"""Which days to ask for, in which order: decided from the ledger alone."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from resources.api.catalog import DATASETS
from resources.api.catalog.model import Dataset
from resources.archive import Archive
from resources.ledger import states


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
    due: Mapping[str, Sequence[date]], *, again: bool = False, urgent: Iterable[states.Entry] = ()
) -> list[Chunk]:
    """Due days of datasets as runs, in the order of doing.

    First the months with a day in `urgent` (soon forgotten by the API), what is forgotten soonest
    before all; then the other months, newest first, because they are asked about most. A dataset
    that an urgent one needs is as urgent. Datasets with the same run of days share it, those first
    that others need: within a run, a day waits for its own of those. What needs another run of days
    comes after that.
    """
    deadlines = _deadlines(urgent)
    spans = {
        name: {_Span(deadlines.get((name, _month(a))), a, b) for a, b in ranges(days)}
        for name, days in due.items()
    }
    shared: dict[tuple[_Span, int], list[str]] = defaultdict(list)
    for name in sorted(due, key=_depth):
        for span in spans[name]:
            shared[span, _wave(name, span, spans)].append(name)

    def order(item: tuple[_Span, int]) -> tuple[float, int, int, date]:
        span, wave = item
        soonest = math.inf if span.deadline is None else span.deadline.timestamp()
        return (soonest, -_month(span.first), wave, span.first)

    return [
        Chunk(
            datasets=tuple(shared[found]),
            first=found[0].first,
            last=found[0].last,
            again=again,
            expiring=found[0].deadline is not None,
        )
        for found in sorted(shared, key=order)
    ]


@dataclass(frozen=True)
class _Span:
    """Consecutive days of one month that a dataset is due for."""

    deadline: datetime | None  # when the first of the month is forgotten, if that is soon
    first: date
    last: date

    def overlaps(self, other: _Span) -> bool:
        """True if a day is in both."""
        return self.first <= other.last and other.first <= self.last


def _depth(name: str) -> int:
    """0 for a dataset that stands alone, else one more than the last that it needs."""
    return max((_depth(needed) + 1 for needed in DATASETS[name].needs), default=0)


def _wave(name: str, span: _Span, spans: Mapping[str, Collection[_Span]]) -> int:
    """How many runs must have ended before that of a dataset's days, because it needs them.

    What it needs for exactly the same days is captured in the same run; what has an earlier
    deadline has been captured before.
    """
    return max(
        (
            _wave(needed, other, spans) + (other != span)
            for needed in DATASETS[name].needs
            for other in spans.get(needed, ())
            if other.overlaps(span) and other.deadline == span.deadline
        ),
        default=0,
    )


def _deadlines(urgent: Iterable[states.Entry]) -> dict[tuple[str, int], datetime]:
    """When the first day of a dataset's month is forgotten; what it needs is due by then as well."""
    found: dict[tuple[str, int], datetime] = {}
    for line in urgent:
        if line.askable_until is not None:
            for name in (line.dataset, *DATASETS[line.dataset].needs):
                at = (name, _month(line.day))
                found[at] = min(found.get(at, line.askable_until), line.askable_until)
    return found


def _month(day: date) -> int:
    """Months since year 0."""
    return day.year * 12 + day.month


def missing(archive: Archive, datasets: Sequence[Dataset]) -> list[Chunk]:
    """All that is not captured and can still be asked for, and captures without a lake file."""
    due: dict[str, Sequence[date]] = {}
    urgent: list[states.Entry] = []
    for dataset in datasets:
        lines = archive.ledger(dataset, archive.first_day, archive.today)
        unmade = archive.unmade(lines)
        due[dataset.name] = [
            line.day for line in lines if line.state.can_be_asked or line.day in unmade
        ]
        urgent += [line for line in lines if line.state is states.State.EXPIRING]
    return chunks(due, urgent=urgent)


def restated(archive: Archive, datasets: Sequence[Dataset]) -> list[Chunk]:
    """Young complete days that were not asked again today: late data may have come."""
    now, zone = archive.now(), archive.settings.zone
    due: dict[str, Sequence[date]] = {}
    for dataset in datasets:
        first = archive.today - timedelta(days=dataset.reread_days)
        lines = archive.ledger(dataset, first, archive.today)
        due[dataset.name] = [
            line.day for line in lines if states.is_due_again(dataset, line, now, zone)
        ]
    return chunks(due, again=True)
