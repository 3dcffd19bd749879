"""Which days to capture, in which order, from the ledger alone.

Requests and time are in estimate.py; running the plan is backfill/run.py. Read next: estimate.py.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.ledger import states, suspicion


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
    runs: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if runs and day - runs[-1][1] == timedelta(days=1) and day.day != 1:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def chunks(
    due: Mapping[str, Sequence[date]], *, again: bool = False, urgent: Iterable[states.Entry] = ()
) -> list[Chunk]:
    """Due days of datasets as chunks, in the order of capture.

    Months with a day in `urgent` (expires soon) come first, by expiry; then the other months,
    newest first, because they are queried most. A dataset that an urgent one needs is equally
    urgent. Datasets with the same range of days share a chunk, needed datasets first: within a
    chunk, a day waits for the same day of the datasets that it needs. A range of days that needs
    another range comes after it.
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
            datasets=tuple(shared[item]),
            first=item[0].first,
            last=item[0].last,
            again=again,
            expiring=item[0].deadline is not None,
        )
        for item in sorted(shared, key=order)
    ]


@dataclass(frozen=True)
class _Span:
    """Consecutive days of one month that a dataset is due for."""

    deadline: datetime | None  # expiry of the first day of the month, if that is soon
    first: date
    last: date

    def overlaps(self, other: _Span) -> bool:
        """Whether a day is in both."""
        return self.first <= other.last and other.first <= self.last


def _depth(name: str) -> int:
    """0 for a dataset that needs no other, else one more than the deepest that it needs."""
    return max((_depth(needed) + 1 for needed in DATASETS[name].needs), default=0)


def _wave(name: str, span: _Span, spans: Mapping[str, Collection[_Span]]) -> int:
    """How many chunks must end before the chunk of a dataset's days, because it needs them.

    Needed datasets with exactly the same days are in the same chunk; those with an earlier deadline
    are captured before anyway.
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
    """(dataset, month) -> expiry of its first urgent day, also for the datasets that it needs."""
    deadlines: dict[tuple[str, int], datetime] = {}
    for line in urgent:
        if line.askable_until is not None:
            for name in (line.dataset, *DATASETS[line.dataset].needs):
                key = (name, _month(line.day))
                deadlines[key] = min(deadlines.get(key, line.askable_until), line.askable_until)
    return deadlines


def _month(day: date) -> int:
    """Months since year 0."""
    return day.year * 12 + day.month


def what_is_due(archive: Archive) -> list[Chunk]:
    """What the schedule captures: missing days first, then days that are asked again."""
    ledgers = archive.ledgers(archive.daily, archive.first_day, archive.today)
    return [*missing(archive, ledgers), *restated(archive, ledgers)]


def missing(archive: Archive, ledgers: Mapping[str, Sequence[states.Entry]]) -> list[Chunk]:
    """All days that are not captured and still available, and captures without a lake file."""
    due: dict[str, Sequence[date]] = {}
    urgent: list[states.Entry] = []
    for name, lines in ledgers.items():
        without_file = archive.days_without_lake_file(lines)
        due[name] = [line.day for line in lines if line.can_be_asked or line.day in without_file]
        urgent += [line for line in lines if line.state is states.State.EXPIRING]
    return chunks(due, urgent=urgent)


def restated(archive: Archive, ledgers: Mapping[str, Sequence[states.Entry]]) -> list[Chunk]:
    """Recent complete days that were not re-read today, and suspect days that are due again.

    Late data may have arrived for the former; for the latter see suspicion.ASKED_AGAIN_DAYS.
    """
    now, zone = archive.now(), archive.settings.zone
    due: dict[str, Sequence[date]] = {}
    for name, lines in ledgers.items():
        dataset = archive.settings.of(DATASETS[name])
        due[name] = [
            line.day
            for line in lines
            if states.is_due_again(dataset, line, now, zone) or suspicion.is_due(line, now, zone)
        ]
    return chunks(due, again=True)
