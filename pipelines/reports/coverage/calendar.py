"""Calendar of the ledger: the state of each day of each dataset, by month, and counts of days.

No text and no HTML here: see cli/status.py and page.py. Read next: report.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from resources.ledger.states import Entry, State

SIGNS: Mapping[State, str] = {
    State.CAPTURED: "#",
    State.EMPTY: "o",
    State.INCOMPLETE: "+",
    State.PARTIAL: "?",
    State.MISSING: ".",
    State.SETTLING: "~",
    State.EXPIRING: "!",
    State.LOST: "x",
}
"""One ASCII character each: wider characters do not line up in every terminal and font."""

MEANINGS: Mapping[State, str] = {
    State.CAPTURED: "captured",
    State.EMPTY: "captured, nothing there",
    State.INCOMPLETE: "captured, items lack",
    State.PARTIAL: "tried, not complete",
    State.MISSING: "missing",
    State.SETTLING: "not complete at the vendor yet",
    State.EXPIRING: "missing, expires soon",
    State.LOST: "lost",
}

SUSPECT_SIGN, SUSPECT_MEANING = "%", "suspect: other datasets or the answer itself contradict it"
"""Of a complete day that is suspect, in the place of its state's."""

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Strip:
    """Datasets that have the same states on all days of a month."""

    datasets: tuple[str, ...]
    signs: str  # one per day of the month; a blank outside the range


@dataclass(frozen=True)
class Month:
    """One month of the calendar."""

    first: date  # its first day
    strips: tuple[Strip, ...]

    @property
    def uniform_signs(self) -> tuple[tuple[tuple[str, ...], str], ...] | None:
        """Datasets with the one sign that they have all month; None if a day differs."""
        signs = [(strip.datasets, set(strip.signs)) for strip in self.strips]
        if any(len(distinct) != 1 for _, distinct in signs):
            return None
        return tuple((datasets, distinct.pop()) for datasets, distinct in signs)


def group_uniform_months(all_months: Sequence[Month]) -> list[list[Month]]:
    """Consecutive months with the same `uniform_signs` grouped together; any other month alone."""
    groups: list[list[Month]] = []
    for month in all_months:
        signs = month.uniform_signs
        if groups and signs is not None and signs == groups[-1][0].uniform_signs:
            groups[-1].append(month)
        else:
            groups.append([month])
    return groups


def months(lines: Mapping[str, Sequence[Entry]]) -> list[Month]:
    """The calendar, oldest month first. Datasets with equal signs share a strip."""
    days = [line.day for entries in lines.values() for line in entries]
    if not days:
        return []
    result = []
    for first in _month_starts(min(days), max(days)):
        names_by_signs: dict[str, list[str]] = {}
        for name, entries in lines.items():
            names_by_signs.setdefault(_month_signs(entries, first), []).append(name)
        strips = tuple(Strip(tuple(names), signs) for signs, names in names_by_signs.items())
        result.append(Month(first, strips))
    return result


def _month_starts(oldest: date, newest: date) -> Iterator[date]:
    first = oldest.replace(day=1)
    while first <= newest:
        yield first
        first = _next_month(first)


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _month_signs(entries: Iterable[Entry], first: date) -> str:
    signs = {line.day: sign_of(line) for line in entries}
    length = (_next_month(first) - first).days
    return "".join(signs.get(first + timedelta(days=i), " ") for i in range(length))


def sign_of(line: Entry) -> str:
    """The sign of a day."""
    return SUSPECT_SIGN if line.is_suspect else SIGNS[line.state]


def meaning_of(line: Entry) -> str:
    """What the sign of a day means."""
    return SUSPECT_MEANING if line.is_suspect else MEANINGS[line.state]


def counts(entries: Iterable[Entry]) -> Counter[State]:
    """Number of days in each state."""
    return Counter(line.state for line in entries)


def gaps(entries: Sequence[Entry]) -> list[date]:
    """Days between captured ones that are not captured and can still be."""
    captured = [line.day for line in entries if line.state.is_captured]
    if not captured:
        return []
    first, last = min(captured), max(captured)
    missing = (e for e in entries if e.can_be_asked and not e.state.is_captured)
    return [e.day for e in missing if first < e.day < last]


def attention(lines: Mapping[str, Sequence[Entry]]) -> dict[str, dict[str, list[date]]]:
    """Reason -> dataset -> days that need attention; {} if none do.

    Reasons: `partial`, `expiring`, `gap`, `incomplete`, `suspect`.
    """
    result: dict[str, dict[str, list[date]]] = {}
    for name, entries in lines.items():
        for reason, days in (
            ("partial", [e.day for e in entries if e.state is State.PARTIAL]),
            ("expiring", [e.day for e in entries if e.state is State.EXPIRING]),
            ("gap", gaps(entries)),
            (
                "incomplete",
                [e.day for e in entries if e.state is State.INCOMPLETE and e.can_be_asked],
            ),
            ("suspect", [e.day for e in entries if e.is_suspect]),
        ):
            if days:
                result.setdefault(reason, {})[name] = days
    return result


def newest_capture(lines: Mapping[str, Sequence[Entry]]) -> Entry | None:
    """The entry that was captured last."""
    captured = (e for entries in lines.values() for e in entries if e.captured_at is not None)
    return max(captured, key=_captured_at, default=None)


def _captured_at(line: Entry) -> tuple[datetime, date]:
    return line.captured_at or _NEVER, line.day


def expires_next(
    lines: Mapping[str, Sequence[Entry]],
) -> list[tuple[datetime, date, list[Entry]]]:
    """Missing days grouped by their expiry (when the API stops serving them), soonest first."""
    waiting = [
        e
        for entries in lines.values()
        for e in entries
        if e.can_be_asked and e.askable_until is not None
    ]
    waiting.sort(key=_until)
    return [(*when, list(group)) for when, group in groupby(waiting, key=_until)]


def _until(line: Entry) -> tuple[datetime, date]:
    return line.askable_until or _NEVER, line.day
