"""The ledger as a calendar: which days of which dataset are there, month by month."""

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
    State.PARTIAL: "?",
    State.MISSING: ".",
    State.SETTLING: "~",
    State.EXPIRING: "!",
    State.LOST: "x",
}
"""One ASCII character each: wider ones do not line up in every terminal and font."""

MEANINGS: Mapping[State, str] = {
    State.CAPTURED: "captured",
    State.EMPTY: "captured, nothing there",
    State.PARTIAL: "tried, not complete",
    State.MISSING: "missing",
    State.SETTLING: "not complete at the vendor yet",
    State.EXPIRING: "missing, soon forgotten",
    State.LOST: "lost",
}


_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Strip:
    """Some datasets whose month looks the same."""

    datasets: tuple[str, ...]
    signs: str  # one for each day of the month; a blank before and after the range


@dataclass(frozen=True)
class Month:
    """One month of the calendar."""

    first: date  # its first day
    strips: tuple[Strip, ...]

    @property
    def looks(self) -> tuple[tuple[tuple[str, ...], str], ...] | None:
        """Datasets with the one sign that each has all month; None if some day differs."""
        signs = [(strip.datasets, set(strip.signs)) for strip in self.strips]
        if any(len(found) != 1 for _, found in signs):
            return None
        return tuple((datasets, found.pop()) for datasets, found in signs)


def stretches(found: Sequence[Month]) -> list[list[Month]]:
    """Months one by one, but those in a row whose every day looks the same together."""
    together: list[list[Month]] = []
    for month in found:
        if together and month.looks is not None and month.looks == together[-1][0].looks:
            together[-1].append(month)
        else:
            together.append([month])
    return together


def months(lines: Mapping[str, Sequence[Entry]]) -> list[Month]:
    """The calendar, oldest month first; datasets with equal strips share one, as they come."""
    days = [line.day for entries in lines.values() for line in entries]
    if not days:
        return []
    found = []
    for first in _firsts(min(days), max(days)):
        alike: dict[str, list[str]] = {}
        for name, entries in lines.items():
            alike.setdefault(_strip(entries, first), []).append(name)
        strips = tuple(Strip(tuple(names), signs) for signs, names in alike.items())
        found.append(Month(first, strips))
    return found


def _firsts(oldest: date, newest: date) -> Iterator[date]:
    first = oldest.replace(day=1)
    while first <= newest:
        yield first
        first = _next(first)


def _next(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _strip(entries: Iterable[Entry], first: date) -> str:
    signs = {line.day: SIGNS[line.state] for line in entries}
    length = (_next(first) - first).days
    return "".join(signs.get(first + timedelta(days=i), " ") for i in range(length))


def counts(entries: Iterable[Entry]) -> Counter[State]:
    """How many days are in each state."""
    return Counter(line.state for line in entries)


def gaps(entries: Sequence[Entry]) -> list[date]:
    """Days that could be asked for and lie between captured ones."""
    complete = [line.day for line in entries if line.state.is_complete]
    if not complete:
        return []
    first, last = min(complete), max(complete)
    return [e.day for e in entries if e.state.can_be_asked and first < e.day < last]


def attention(lines: Mapping[str, Sequence[Entry]]) -> dict[str, dict[str, list[date]]]:
    """What needs a person: `partial`, `expiring` and `gap` days by dataset; {} if nothing does."""
    found: dict[str, dict[str, list[date]]] = {}
    for name, entries in lines.items():
        for what, days in (
            ("partial", [e.day for e in entries if e.state is State.PARTIAL]),
            ("expiring", [e.day for e in entries if e.state is State.EXPIRING]),
            ("gap", gaps(entries)),
        ):
            if days:
                found.setdefault(what, {})[name] = days
    return found


def newest_capture(lines: Mapping[str, Sequence[Entry]]) -> Entry | None:
    """The line that was captured last."""
    captured = (e for entries in lines.values() for e in entries if e.captured_at is not None)
    return max(captured, key=_captured_at, default=None)


def _captured_at(line: Entry) -> tuple[datetime, date]:
    return line.captured_at or _NEVER, line.day


def expires_next(
    lines: Mapping[str, Sequence[Entry]],
) -> list[tuple[datetime, date, list[Entry]]]:
    """Days that are not captured, with the instant at which the API forgets them, soonest first."""
    waiting = [
        e
        for entries in lines.values()
        for e in entries
        if e.state.can_be_asked and e.askable_until is not None
    ]
    waiting.sort(key=_until)
    return [(*when, list(group)) for when, group in groupby(waiting, key=_until)]


def _until(line: Entry) -> tuple[datetime, date]:
    return line.askable_until or _NEVER, line.day
