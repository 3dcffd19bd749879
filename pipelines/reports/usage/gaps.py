"""Text about missing days, and comparison of a figure with the range before.

Which days are missing is decided by scope.py. Read next: scope.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from pipelines.reports.usage import words
from pipelines.reports.usage.scope import Source
from pipelines.reports.usage.section import Section
from resources.i18n import say
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
NOT_CAPTURED = "Nothing to show: {names} is not captured in this archive."
NO_MART = "Nothing to show: the served copy has no {names}. Run `livestats publish`."
NO_PUSH_DOMAIN = "No push domain is known for {name}."


def missing_by_reason(source: Source, name: str) -> dict[str, list[date]]:
    """Reason -> days of the range that a dataset lacks."""
    missing_days: dict[str, list[date]] = {}
    states = source.states.get(name, {})
    for day in source.holes([name]):
        why = SUSPECT if (name, day) in source.suspect else WHY[states.get(day)]
        missing_days.setdefault(why, []).append(day)
    return missing_days


def listed(source: Source, name: str, language: str) -> str:
    """The missing days of a dataset with their reasons; "" if none is missing."""
    return "; ".join(
        words.page("reasoned", language).format(
            days=words.days_text(days, language), why=say(why, language)
        )
        for why, days in missing_by_reason(source, name).items()
    )


def missing(source: Source, datasets: Sequence[str], language: str) -> str:
    """A sentence about the days that one of `datasets` lacks; "" if none is missing."""
    parts = [f"{name} {found}" for name in datasets if (found := listed(source, name, language))]
    if not parts:
        return ""
    return words.page("without", language).format(
        number=words.count(len(source.holes(datasets))),
        all=words.count(source.range.length),
        list="; ".join(parts),
    )


def unavailable(source: Source, section: Section, language: str) -> str:
    """Why there is nothing to show; "" if there is data."""
    off = [name for name in section.needs if not source.is_on(name)]
    if off:
        return say(NOT_CAPTURED, language).format(names=", ".join(off))
    if len(source.holes(section.needs)) == source.range.length:
        return words.page("nothing", language)
    absent = [name for name in section.marts if not source.has(name)]
    if absent:
        return say(NO_MART, language).format(names=", ".join(absent))
    if section.via_push and source.domain is not None and source.domain.push is None:
        return say(NO_PUSH_DOMAIN, language).format(name=source.domain.name)
    return ""


def compared(
    source: Source,
    section: Section,
    now: float | None,
    before: float | None,
    language: str,
) -> str:
    """How the figure of a tile differs from the range of equal length before, or why that is unknown.

    Shares (0 to 1) are compared in percentage points.
    """
    if section.tile is None:
        return ""
    if source.holes(section.needs):
        return words.page("no_days", language)
    if source.holes(section.needs, source.range.before):
        return words.page("no_earlier_days", language)
    is_share = section.tile.change == "points"
    if now is None or before is None or not (before or is_share):
        return words.page("no_earlier", language)
    moved = words.points(now, before, language) if is_share else words.change(now, before, language)
    return words.page("compared", language).format(change=moved)
