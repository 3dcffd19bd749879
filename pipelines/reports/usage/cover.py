"""Section "Coverage": which days of which dataset the report is made from.

Reasons for missing days are in gaps.py. Read next: gaps.py.
"""

from __future__ import annotations

from pipelines.cli import screen
from pipelines.reports.usage import gaps
from pipelines.reports.usage.scope import Source
from pipelines.reports.usage.section import Section, Strip
from resources.api.catalog import DAILY

TITLE = "Coverage"


def section(source: Source) -> Section:
    """Which days of the range are in the archive, and which are not."""
    days = source.range.days
    strips = []
    incomplete = 0
    for name, states in source.states.items():
        here = [states.get(day) for day in days]
        holes = source.holes([name])
        incomplete += bool(holes)
        strips.append(
            Strip(
                name,
                here,
                f"{len(days) - len(holes):,} of {len(days):,}",
                _missing_text(source, name),
            )
        )
    off = [d.name for d in DAILY if not source.is_on(d.name)]
    if not strips:
        return Section(TITLE, "The archive has no day of this range.")
    whole = len(strips) - incomplete
    headline = (
        f"All {screen.counted(len(strips), 'dataset')} are complete on all "
        f"{screen.counted(len(days), 'day')}."
        if not incomplete
        else f"{whole} of {screen.counted(len(strips), 'dataset')} are complete. Missing days of the "
        "others are hatched in the charts and in no figure."
    )
    return Section(
        TITLE,
        headline,
        sentences=[f"Not captured in this archive at all: {', '.join(off)}."] if off else [],
        strips=strips,
    )


def _missing_text(source: Source, name: str) -> str:
    """Which days are missing, and why."""
    missing = gaps.missing_by_reason(source, name).items()
    return "; ".join(f"{screen.days_text(days)} {why}" for why, days in missing)
