"""The parts of a report, as plain text and drawings; the page makes HTML of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from resources.ledger.states import State


@dataclass(frozen=True)
class Bar:
    """A figure with a bar of that part (0 to 1) of the longest."""

    text: str
    part: float


@dataclass(frozen=True)
class Table:
    """Rows of text, and bars; a column is to the right if it holds figures."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str | Bar]]
    figures: int = 1  # how many columns at the end hold figures
    folded: bool = False  # shown at a click: it says in figures what a picture shows
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """A drawing with its title, what it says in words, and its figures."""

    title: str
    svg: str
    note: str = ""
    table: Table | None = None


@dataclass(frozen=True)
class Card:
    """The one figure of a section for the top of the page."""

    label: str
    value: str
    detail: str = ""
    change: str = ""


@dataclass(frozen=True)
class Strip:
    """Where each day of a dataset stands."""

    name: str
    states: Sequence[State | None]  # None: the archive is not about the day
    complete: str
    missing: str


@dataclass(frozen=True)
class Section:
    """One subject of the report."""

    title: str
    headline: str  # the sentence that somebody in a hurry reads
    missing: str = ""  # which days are not in it, and why
    sentences: Sequence[str] = ()
    card: Card | None = None
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    strips: Sequence[Strip] = ()
