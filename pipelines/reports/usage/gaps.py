"""Text about missing days, and comparison of a figure with the range before.

Which days are missing is decided by scope.py. Read next: scope.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from pipelines.cli import screen
from pipelines.reports.usage import words
from pipelines.reports.usage.scope import Source
from pipelines.reports.usage.section import Section
from resources.ledger.states import State

WHY: Mapping[State | None, str] = {
    State.INCOMPLETE: "captured, and items lack",
    State.PARTIAL: "not captured completely yet",
    State.MISSING: "not captured",
    State.SETTLING: "not complete at the vendor yet",
    State.EXPIRING: "not captured, expires soon",
    State.LOST: "lost: not captured before they expired",
    None: "outside the archive",
}


SUSPECT = "suspect: other datasets or the answer itself contradict it"


def missing_by_reason(source: Source, name: str) -> dict[str, list[date]]:
    """Reason -> days of the range that a dataset lacks."""
    missing_days: dict[str, list[date]] = {}
    states = source.states.get(name, {})
    for day in source.holes([name]):
        why = SUSPECT if (name, day) in source.suspect else WHY[states.get(day)]
        missing_days.setdefault(why, []).append(day)
    return missing_days


def missing(source: Source, datasets: Sequence[str]) -> str:
    """A sentence about the days that one of `datasets` lacks; "" if none is missing."""
    parts = [
        f"{screen.days_text(days)} ({name}: {why})"
        for name in datasets
        for why, days in missing_by_reason(source, name).items()
    ]
    if not parts:
        return ""
    days = len(source.holes(datasets))
    return f"Without {screen.counted(days, 'day')} of {source.range.length:,}: {'; '.join(parts)}."


def unavailable(
    source: Source, title: str, datasets: Sequence[str], tables: Sequence[str]
) -> Section | None:
    """A section that says why there is nothing to show; None if there is data."""
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
    absent = [name for name in tables if not source.has(name)]
    if absent:
        return Section(
            title,
            f"Nothing to show: the served copy has no {' and '.join(absent)}. Run `livestats "
            "publish`.",
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
    """How `now` differs from the range of equal length before, or why that is unknown.

    Shares (0 to 1) are compared in percentage points.
    """
    if source.holes(datasets):
        return "no comparison: days are missing"
    if source.holes(datasets, source.range.before):
        return "no comparison: earlier days are missing"
    then = before()
    if now is None or then is None or not (then or is_share):
        return "no comparison: no earlier data"
    if is_share:
        return f"{words.points(now, then)} vs. the period before"
    return f"{words.change(now, then)} vs. the period before"
