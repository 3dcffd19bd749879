"""The parts of the usage report as plain text and SVG: sections with cards, charts and tables.

No HTML here: see page.py and page.html.j2. Read next: traffic.py, the first section.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from resources.ledger.states import State


@dataclass(frozen=True)
class Bar:
    """A figure with a bar whose length is `part` (0 to 1) of the longest bar."""

    text: str
    part: float

    @property
    def percent(self) -> float:
        """Length of the bar, 0 to 100."""
        return max(0.0, min(1.0, self.part)) * 100


@dataclass(frozen=True)
class Table:
    """Rows of text and bars. The last `figures` columns hold figures and are aligned right."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str | Bar]]
    figures: int = 1  # number of columns at the end that hold figures
    folded: bool = False  # shown on click: the figures behind a chart
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """A drawing with its title, a note, and the table of its figures."""

    title: str
    svg: str
    note: str = ""
    table: Table | None = None


@dataclass(frozen=True)
class Card:
    """The main figure of a section, for the top of the page."""

    label: str
    value: str
    detail: str = ""
    change: str = ""


@dataclass(frozen=True)
class Strip:
    """The state of each day of a dataset."""

    name: str
    states: Sequence[State | None]  # None: the day is not in the ledger
    complete: str
    missing: str


@dataclass(frozen=True)
class Section:
    """One subject of the report."""

    title: str
    headline: str  # the one sentence that sums it up
    missing: str = ""  # which days are not included, and why
    sentences: Sequence[str] = ()
    card: Card | None = None
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    strips: Sequence[Strip] = ()
