"""What the ledger says of some datasets at one moment: gathered once, told by terminal and page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from pipelines.reports.coverage import calendar
from resources.api.catalog.model import Dataset
from resources.archive import Archive
from resources.ledger import states
from resources.ledger.states import Entry, State
from resources.raw import captures

Days = Mapping[str, Sequence[date]]
"""Days by dataset."""

NEEDS: Mapping[str, str] = {
    "expiring": "Missing and soon forgotten",
    "partial": "Tried and not complete",
    "gap": "Missing between captured days",
}
"""Each kind of `coverage.attention` in words, most urgent first."""


@dataclass(frozen=True, kw_only=True)
class Lost:
    """Days that were never captured and are now out of the API's reach."""

    datasets: tuple[str, ...]  # which lost the same days at the same time
    days: tuple[date, ...]
    since: datetime  # when the API forgot the first of them
    until: datetime  # and when the last: one after the other, a day each day


@dataclass(frozen=True, kw_only=True)
class Report:
    """The ledger's lines from one day to another, and what follows from them."""

    home: Path
    now: datetime
    zone: ZoneInfo
    warning_days: int  # how long before it is forgotten a day is called expiring
    lines: Mapping[str, Sequence[Entry]]
    stale: Days = field(default_factory=dict)  # see ledger.stale_days; only datasets with any
    problems: Mapping[tuple[str, date], str] = field(default_factory=dict)
    """Why a day that was tried is not complete, in the words of the run that tried it last."""
    limits: Mapping[str, str] = field(default_factory=dict)
    """Which part of the account settings limit a dataset to; only datasets with such a limit."""

    @cached_property
    def needs(self) -> dict[str, dict[str, list[date]]]:
        """What needs a person; {} if nothing does."""
        return calendar.attention(self.lines)

    @property
    def needs_once(self) -> dict[str, dict[str, list[date]]]:
        """The same for people: no day twice, so a gap that was tried or expires is only that."""
        told: dict[str, set[date]] = {}
        found: dict[str, dict[str, list[date]]] = {}
        for kind in NEEDS:
            for name, days in self.needs.get(kind, {}).items():
                new = [day for day in days if day not in told.setdefault(name, set())]
                told[name].update(new)
                if new:
                    found.setdefault(kind, {})[name] = new
        return found

    @cached_property
    def newest(self) -> Entry | None:
        """The line that was captured last."""
        return calendar.newest_capture(self.lines)

    @cached_property
    def expiring(self) -> dict[datetime, dict[date, list[str]]]:
        """What is forgotten within `warning_days`: instant -> day -> datasets; soonest first."""
        horizon = self.now + timedelta(days=self.warning_days)
        found: dict[datetime, dict[date, list[str]]] = {}
        for until, day, entries in calendar.expires_next(self.lines):
            if until <= horizon:
                found.setdefault(until, {})[day] = [line.dataset for line in entries]
        return found

    @cached_property
    def lost(self) -> list[Lost]:
        """What was lost, once for datasets that lost the same."""
        shared: dict[tuple[tuple[date, datetime], ...], list[str]] = {}
        for name, entries in self.lines.items():
            days = tuple(
                (line.day, line.askable_until)
                for line in entries
                if line.state is State.LOST and line.askable_until is not None
            )
            if days:
                shared.setdefault(days, []).append(name)
        return [
            Lost(
                datasets=tuple(names),
                days=tuple(day for day, _ in days),
                since=min(at for _, at in days),
                until=max(at for _, at in days),
            )
            for days, names in shared.items()
        ]

    @cached_property
    def restated(self) -> list[Entry]:
        """Days with more than one capture, the one fetched last first."""
        found = [e for entries in self.lines.values() for e in entries if e.captures > 1]
        return sorted(found, key=lambda e: (e.captured_at or self.now, e.day), reverse=True)

    @property
    def can_be_asked(self) -> bool:
        """True if a backfill would find something to do."""
        return any(e.state.can_be_asked for entries in self.lines.values() for e in entries)

    def local(self, moment: datetime) -> str:
        """A moment as people of the business zone write it, to the minute."""
        return f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M}"

    def problems_of(self, name: str, days: Sequence[date]) -> list[str]:
        """The different reasons why these days are not complete, newest day first."""
        found = (self.problems.get((name, day), "") for day in sorted(days, reverse=True))
        return [*dict.fromkeys(filter(None, found))]


def alike(days: Days) -> list[tuple[tuple[str, ...], Sequence[date]]]:
    """Datasets with the same days together, in the order in which they come."""
    shared: dict[tuple[date, ...], list[str]] = {}
    for name, found in days.items():
        shared.setdefault(tuple(found), []).append(name)
    return [(tuple(names), found) for found, names in shared.items()]


def read(archive: Archive, datasets: Sequence[Dataset], first: date, last: date) -> Report:
    """The report on these datasets from `first` to `last`, both included.

    Looks at the folders of all days and at all lake files, and reads what has changed since the
    last look. Opens no database and asks nobody.
    """
    lines = {d.name: archive.ledger(d, first, max(first, last)) for d in datasets}
    stale = {
        name: states.stale_days(found, archive.home.lake, archive.home.remembered)
        for name, found in lines.items()
    }
    return Report(
        home=archive.home.root,
        now=archive.now(),
        zone=archive.settings.zone,
        warning_days=archive.settings.expiry_warning_days,
        lines=lines,
        stale={name: days for name, days in stale.items() if days},
        limits={name: limit for name in lines if (limit := archive.settings.narrowed(name))},
        problems={
            (line.dataset, line.day): problem
            for found in lines.values()
            for line in found
            if line.state in (State.PARTIAL, State.EXPIRING)
            and (
                problem := states.why_not_yet(
                    captures.folder_of(archive.home.raw, line.dataset, line.day)
                )
            )
        },
    )
