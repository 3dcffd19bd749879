"""Section "Coverage": which days of which dataset the report is made from.

Reasons for missing days are in gaps.py. Read next: gaps.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipelines.reports.coverage import page as coverage_page
from pipelines.reports.usage import gaps, words
from pipelines.reports.usage.scope import Source
from resources.api.catalog import DAILY
from resources.i18n import say

TEXTS: Mapping[str, str] = {
    "title": "Coverage",
    "nothing": "The archive has no day of this range.",
    "all": "All {number} datasets are complete on all of these days.",
    "some": "{whole} of {number} datasets are complete. Missing days of the others are hatched in the "
    "charts and in no figure.",
    "off": "Not captured in this archive at all: {names}.",
    "dataset": "Dataset",
    "days": "Days",
    "complete": "Complete",
    "missing": "Missing",
    "part": "{number} of {all}",
}
"""By these keys the script has them too."""


@dataclass(frozen=True)
class Strip:
    """The state of each day of a dataset."""

    name: str
    bar: Markup
    complete: str
    missing: str


@dataclass(frozen=True)
class Coverage:
    """What the section says."""

    headline: str
    sentence: str
    strips: Sequence[Strip]
    texts: Mapping[str, str]


def coverage(source: Source, language: str) -> Coverage:
    """Which days of the range are in the archive, and which are not."""
    texts = {key: say(text, language) for key, text in TEXTS.items()}
    days = source.range.days
    strips = []
    incomplete = 0
    for name, states in source.states.items():
        holes = source.holes([name])
        incomplete += bool(holes)
        counts = {"number": words.count(len(days) - len(holes)), "all": words.count(len(days))}
        strips.append(
            Strip(
                name,
                coverage_page.state_bar([states.get(day) for day in days]),
                texts["part"].format(**counts),
                gaps.listed(source, name, language),
            )
        )
    if not strips:
        return Coverage(texts["nothing"], "", [], texts)
    off = [d.name for d in DAILY if not source.is_on(d.name)]
    numbers = {"number": len(strips), "whole": len(strips) - incomplete}
    return Coverage(
        texts["some" if incomplete else "all"].format(**numbers),
        texts["off"].format(names=", ".join(off)) if off else "",
        strips,
        texts,
    )
