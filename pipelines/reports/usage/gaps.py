"""What is missing from a section, in words, and whether two ranges can be compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from pipelines.cli import screen
from pipelines.reports.usage import words
from pipelines.reports.usage.scope import Source
from pipelines.reports.usage.section import Section
from resources.ledger.states import State

WHY: Mapping[State | None, str] = {
    State.PARTIAL: "not captured completely yet",
    State.MISSING: "not captured",
    State.SETTLING: "not complete at the vendor yet",
    State.EXPIRING: "not captured, and soon forgotten by the vendor",
    State.LOST: "lost: nobody captured them, and the vendor has forgotten them",
    None: "outside the archive",
}


def kinds(source: Source, name: str) -> dict[State | None, list[date]]:
    """The days of the range that a dataset lacks, by where they stand; None: not in the ledger."""
    found: dict[State | None, list[date]] = {}
    states = source.states.get(name, {})
    for day in source.holes([name]):
        found.setdefault(states.get(day), []).append(day)
    return found


def missing(source: Source, datasets: Sequence[str]) -> str:
    """A sentence about the days that one of `datasets` lacks; "" if all are there."""
    parts = [
        f"{screen.days_text(days)} ({name}: {WHY[state]})"
        for name in datasets
        for state, days in kinds(source, name).items()
    ]
    if not parts:
        return ""
    days = len(source.holes(datasets))
    return f"Without {screen.counted(days, 'day')} of {source.range.length:,}: {'; '.join(parts)}."


def absent(
    source: Source, title: str, datasets: Sequence[str], tables: Sequence[str]
) -> Section | None:
    """The section's place where there is nothing to show, and why; None if there is something."""
    off = [name for name in datasets if not source.is_on(name)]
    if off:
        return Section(
            title,
            f"Nothing to show: {' and '.join(off)} {'is' if len(off) == 1 else 'are'} not captured "
            "in this archive.",
        )
    if len(source.holes(datasets)) == source.range.length:
        why = missing(source, datasets)
        return Section(title, "Nothing to show: no day of the range is complete.", missing=why)
    unmade = [name for name in tables if not source.has(name)]
    if unmade:
        return Section(
            title,
            f"Nothing to show: the served copy has no {' and '.join(unmade)}. Run `livestats "
            "publish`: it makes them.",
        )
    return None


def compared(
    source: Source,
    datasets: Sequence[str],
    now: float | None,
    before: Callable[[], float | None],
    *,
    is_share: bool = False,
) -> str:
    """How `now` differs from the equal range before; a reason where that cannot be said.

    The difference of shares (0 to 1) is told in percentage points.
    """
    if source.holes(datasets):
        return "no comparison: days are missing"
    if source.holes(datasets, source.range.before):
        return "no comparison: earlier days are missing"
    then = before()
    if now is None or then is None or not (then or is_share):
        return "nothing to compare with"
    if is_share:
        return f"{words.points(now, then)} against before"
    return f"{words.change(now, then)} against before"
