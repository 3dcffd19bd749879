"""Usage report as one HTML file for screen and paper, without network or scripts.

Here: the order of the parts of a page. Not here: what they say (section.py and its users).
Read next: section.py, page.html.j2, ../templates.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.reports import templates
from pipelines.reports.coverage import page as coverage_page
from pipelines.reports.usage.section import Section

STYLE = Path(__file__).with_name("report.css")


def page(title: str, about: Sequence[str], sections: Sequence[Section]) -> str:
    """The document; `about` are the lines below its title."""
    return templates.render(
        "usage/page.html.j2",
        [coverage_page.STYLE, STYLE],
        title=title,
        about=about,
        cards=[section.card for section in sections if section.card is not None],
        sections=[(section, _parts(section)) for section in sections],
        state_bar=coverage_page.state_bar,
    )


def _parts(section: Section) -> list[tuple[str, object]]:
    """Charts, tables and coverage bars, in the order of the page, with the macro of each."""
    parts: list[tuple[str, object]] = [("chart", chart) for chart in section.charts]
    parts += [("table", table) for table in section.tables]
    if section.strips:
        parts.append(("strips", section.strips))
    return parts
