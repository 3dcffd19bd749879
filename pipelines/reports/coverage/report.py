"""Coverage report: what the ledger says about some datasets, read once for the terminal and the page.

Here: figures and groups. Not here: their text (cli/status.py) and HTML (page.py).
Read next: calendar.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from pipelines.reports.coverage import calendar
from resources.api.catalog.datasets import Dataset
from resources.api.errors import printable
from resources.archive import Archive
from resources.capture import rejected_answers
from resources.ledger import states
from resources.ledger.states import Entry, State
from resources.ledger.unlisted import UnlistedDomain, unlisted_in
from resources.logs import states as log_states
from resources.logs.states import LogDay, LogState
from resources.raw import captures, erasures
from resources.warehouse import days_set_aside

Days = Mapping[str, Sequence[date]]
"""Days by dataset."""

_NAMED = 5  # items of an incomplete day that are named

ATTENTION_LABELS: Mapping[str, str] = {
    "expiring": "Missing and expiring soon",
    "partial": "Tried and not complete",
    "gap": "Missing between captured days",
    "incomplete": "Incomplete (captured, and items lack)",
    "suspect": "Suspect (other datasets or the answer itself contradict it)",
}
"""Label of each reason of `calendar.attention`, most urgent first."""


@dataclass(frozen=True, kw_only=True)
class LostDays:
    """Days that were not captured before the API stopped serving them."""

    datasets: tuple[str, ...]  # all that lost exactly these days at the same time
    days: tuple[date, ...]
    since: datetime  # when the first day expired
    until: datetime  # when the last day expired


@dataclass(frozen=True, kw_only=True)
class AttentionItem:
    """Days that need attention for one reason, with the datasets that have the same days."""

    what: str
    datasets: tuple[str, ...]
    days: Sequence[date]
    problems: Sequence[str]  # distinct errors of the last attempts


@dataclass(frozen=True, kw_only=True)
class Report:
    """The ledger entries of a range of days, and figures derived from them."""

    home: Path
    now: datetime
    zone: ZoneInfo
    warning_days: int  # days before its expiry from which a missing day counts as expiring
    lines: Mapping[str, Sequence[Entry]]
    stale: Days = field(default_factory=dict)  # see ledger.stale_days; only datasets with any
    rejected: Days = field(default_factory=dict)
    """Days that lack what rejected answers may hold; only datasets with any."""
    set_aside: Days = field(default_factory=dict)
    """Days that the last load could not take; only datasets with any."""
    problems: Mapping[tuple[str, date], str] = field(default_factory=dict)
    """Why a tried day is not complete: the error of the last attempt."""
    limits: Mapping[str, str] = field(default_factory=dict)
    """Part of the account that the settings limit a dataset to; only datasets with a limit."""
    unlisted: Sequence[UnlistedDomain] = ()
    """Domains of the settings that the account does not list."""
    log_days: Sequence[LogDay] = ()
    """What is kept of the vendor's log files, by day; [] if the settings do not ask for them."""
    erased: Sequence[str] = ()
    """What was erased from the archive, in words."""

    @cached_property
    def attention(self) -> dict[str, dict[str, list[date]]]:
        """Reason -> dataset -> days that need attention; {} if none do."""
        return calendar.attention(self.lines)

    @property
    def attention_once(self) -> dict[str, dict[str, list[date]]]:
        """`attention` with each day under its most urgent reason only."""
        seen: dict[str, set[date]] = {}
        result: dict[str, dict[str, list[date]]] = {}
        for reason in ATTENTION_LABELS:
            for name, days in self.attention.get(reason, {}).items():
                new = [day for day in days if day not in seen.setdefault(name, set())]
                seen[name].update(new)
                if new:
                    result.setdefault(reason, {})[name] = new
        return result

    @property
    def attention_days(self) -> int:
        """How many dataset-days need attention."""
        return sum(
            len(days) for by_dataset in self.attention_once.values() for days in by_dataset.values()
        )

    @property
    def attention_items(self) -> list[AttentionItem]:
        """`attention_once`, with datasets that have the same days grouped together."""
        return [
            AttentionItem(
                what=ATTENTION_LABELS[reason],
                datasets=names,
                days=days,
                problems=[*dict.fromkeys(p for n in names for p in self.problems_of(n, days))],
            )
            for reason, by_dataset in self.attention_once.items()
            for names, days in group_by_days(by_dataset)
        ]

    @cached_property
    def newest(self) -> Entry | None:
        """The entry that was captured last."""
        return calendar.newest_capture(self.lines)

    @cached_property
    def expiring(self) -> dict[datetime, dict[date, list[str]]]:
        """Missing days that expire within `warning_days`: expiry -> day -> datasets; soonest first."""
        horizon = self.now + timedelta(days=self.warning_days)
        result: dict[datetime, dict[date, list[str]]] = {}
        for until, day, entries in calendar.expires_next(self.lines):
            if until <= horizon:
                result.setdefault(until, {})[day] = [line.dataset for line in entries]
        return result

    @cached_property
    def expiring_groups(self) -> dict[datetime, list[tuple[tuple[str, ...], Sequence[date]]]]:
        """The same for people: expiry -> datasets that lack the same days, and these days."""
        result = {}
        for until, by_day in self.expiring.items():
            days: dict[str, list[date]] = {}
            for day, names in by_day.items():
                for name in names:
                    days.setdefault(name, []).append(day)
            result[until] = group_by_days(days)
        return result

    @cached_property
    def lost(self) -> list[LostDays]:
        """Lost days, with datasets that lost the same days grouped together."""
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
            LostDays(
                datasets=tuple(names),
                days=tuple(day for day, _ in days),
                since=min(at for _, at in days),
                until=max(at for _, at in days),
            )
            for days, names in shared.items()
        ]

    @cached_property
    def lost_in_part(self) -> Days:
        """Captured days that lack items which the API has forgotten; only datasets with any."""
        found = {
            name: [line.day for line in entries if line.is_lost_in_part]
            for name, entries in self.lines.items()
        }
        return {name: days for name, days in found.items() if days}

    @property
    def lost_in_part_groups(self) -> list[tuple[tuple[str, ...], Sequence[date]]]:
        """`lost_in_part`, with datasets that have the same days grouped together."""
        return group_by_days(self.lost_in_part)

    @cached_property
    def restated(self) -> list[Entry]:
        """Days with more than one capture, latest capture first."""
        restated = [e for entries in self.lines.values() for e in entries if e.captures > 1]
        return sorted(restated, key=lambda e: (e.captured_at or self.now, e.day), reverse=True)

    @property
    def restated_by_dataset(self) -> list[list[Entry]]:
        """`restated`, one list for each dataset."""
        by_dataset: dict[str, list[Entry]] = {}
        for line in self.restated:
            by_dataset.setdefault(line.dataset, []).append(line)
        return [*by_dataset.values()]

    @cached_property
    def stale_keys(self) -> frozenset[tuple[str, date]]:
        """Dataset and day of everything in `stale`."""
        return frozenset((name, day) for name, days in self.stale.items() for day in days)

    @property
    def stale_groups(self) -> list[tuple[tuple[str, ...], Sequence[date]]]:
        """`stale`, with datasets that have the same days grouped together."""
        return group_by_days(self.stale)

    @property
    def rejected_groups(self) -> list[tuple[tuple[str, ...], Sequence[date]]]:
        """`rejected`, with datasets that have the same days grouped together."""
        return group_by_days(self.rejected)

    @property
    def set_aside_groups(self) -> list[tuple[tuple[str, ...], Sequence[date]]]:
        """`set_aside`, with datasets that have the same days grouped together."""
        return group_by_days(self.set_aside)

    @property
    def suspect_days(self) -> int:
        """How many dataset-days are suspect."""
        return sum(line.is_suspect for entries in self.lines.values() for line in entries)

    @property
    def can_be_asked(self) -> bool:
        """Whether a backfill would have something to do."""
        return any(e.can_be_asked for entries in self.lines.values() for e in entries)

    def local(self, moment: datetime) -> str:
        """`moment` in the business time zone, to the minute."""
        return f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M}"

    def problems_of(self, name: str, days: Sequence[date]) -> list[str]:
        """Distinct reasons why these days are not complete, newest day first."""
        problems = (self.problems.get((name, day), "") for day in sorted(days, reverse=True))
        return [*dict.fromkeys(filter(None, problems))]


def group_by_days(days: Days) -> list[tuple[tuple[str, ...], Sequence[date]]]:
    """Datasets with the same days grouped together, in order of first appearance."""
    names_by_days: dict[tuple[date, ...], list[str]] = {}
    for name, its_days in days.items():
        names_by_days.setdefault(tuple(its_days), []).append(name)
    return [(tuple(names), its_days) for its_days, names in names_by_days.items()]


def read(archive: Archive, datasets: Sequence[Dataset], first: date, last: date) -> Report:
    """The report on these datasets from `first` to `last`, both included.

    Lists the folders of all days and the lake files, and reads only what changed since the last
    call. Opens no database and makes no API call.
    """
    lines = archive.ledgers(datasets, first, max(first, last))
    files = _log_days(archive, lines, first, last)
    if files:
        of_files = [_with_files(line, files.get(line.day)) for line in lines[log_states.DATASET]]
        lines = {**lines, log_states.DATASET: of_files}
    stale = {
        name: states.stale_days(entries, archive.home.lake, archive.home.file_index)
        for name, entries in lines.items()
    }
    rejected = {name: _days_with_rejected(archive, entries) for name, entries in lines.items()}
    return Report(
        home=archive.home.root,
        now=archive.now(),
        zone=archive.settings.zone,
        warning_days=archive.settings.expiry_warning_days,
        lines=lines,
        stale={name: days for name, days in stale.items() if days},
        rejected={name: days for name, days in rejected.items() if days},
        set_aside=_days_set_aside(archive, lines),
        limits={name: limit for name in lines if (limit := archive.settings.narrowed(name))},
        unlisted=unlisted_in(archive.home.lake, archive.settings),
        erased=erasures.in_words(archive.home.raw),
        log_days=[*files.values()],
        problems={
            (line.dataset, line.day): problem
            for entries in lines.values()
            for line in entries
            if (problem := _problem(archive, line, files))
        },
    )


def _log_days(
    archive: Archive, lines: Mapping[str, Sequence[Entry]], first: date, last: date
) -> dict[date, LogDay]:
    """What is kept of the log files of each day, if the settings ask for them."""
    if log_states.DATASET not in lines:
        return {}
    found = log_states.of_days(archive.home, archive.settings, archive.now(), first, last)
    return {one.day: one for one in found}


def _with_files(line: Entry, files: LogDay | None) -> Entry:
    """The line of a captured list, which is not complete before its files are."""
    if files is None or not line.state.is_complete or files.state is LogState.KEPT:
        return line
    if files.state is LogState.GROWING:
        return replace(line, state=State.SETTLING)
    return replace(line, state=State.INCOMPLETE, can_be_completed=files.can_be_asked)


def _days_set_aside(archive: Archive, lines: Mapping[str, Sequence[Entry]]) -> Days:
    """Days of `lines` that the last load could not take."""
    found: dict[str, list[date]] = {}
    for name, day in sorted(days_set_aside.read(archive.home)):
        if any(line.day == day for line in lines.get(name, ())):
            found.setdefault(name, []).append(day)
    return found


def _days_with_rejected(archive: Archive, entries: Sequence[Entry]) -> list[date]:
    """Days that are not complete, with rejected answers about what they lack."""
    zone = archive.settings.time_zone
    return [
        line.day
        for line in entries
        if (line.lacking or not line.state.is_complete)
        and rejected_answers.has_relevant_rejected(
            captures.folder_of(archive.home.raw, line.dataset, line.day), zone
        )
    ]


def _problem(archive: Archive, line: Entry, files: Mapping[date, LogDay]) -> str:
    """Why a tried day is not complete, or which domains make it suspect; "" if neither."""
    if line.state in (State.PARTIAL, State.EXPIRING):
        return states.partial_reason(captures.folder_of(archive.home.raw, line.dataset, line.day))
    if line.state is State.INCOMPLETE and not line.lacking and line.day in files:
        return printable(f"log files: {files[line.day].reason}")
    if not line.lacking:
        return line.doubt
    more = len(line.lacking) - _NAMED
    return printable(
        f"lacks {', '.join(line.lacking[:_NAMED])}" + (f" and {more} more" if more > 0 else "")
    )
