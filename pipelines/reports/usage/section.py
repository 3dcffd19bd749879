"""What the usage report shows, declared as data: sections with tiles, charts, tables and sentences.

All of it is in English and without figures. view.py fills it for the page as it is written, the script
again for the days and the domain or stream that its reader chooses; both read the same declarations.
Read next: figures.py, traffic.py, the first section.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar

from resources.config import ENGLISH
from resources.i18n import say

T = TypeVar("T")
DAY_ROWS = 400
"""Of a table by day: the newest ones."""

How = Literal["sum", "max", "when", "share", "rest", "p95", "days", "main"]
Shown = Literal["bytes", "mbps", "count", "share", "seconds", "moment", "clock", "text"]
MAIN, DOMAIN, STREAM = "main", "domain", "stream"


@dataclass(frozen=True)
class Figure:
    """A number made from the daily series of an entity, over the chosen days. See figures.py."""

    how: How
    of: Sequence[str]  # series; several are added up day by day, but for `main`, which picks one
    shown: Shown = "count"
    per: Sequence[str] = ()  # of share and rest: what it is a part of
    names: Sequence[str] = ()  # of main: what each of `of` is called
    scale: float = 1  # factor, such as 1/60 from minutes to hours


@dataclass(frozen=True)
class Column:
    """A column of figures, or of a fact that an entity has beside its series (`domain`)."""

    head: str
    figure: Figure | None = None
    fact: str = ""
    has_bar: bool = False

    @property
    def is_number(self) -> bool:
        """Whether it is aligned right."""
        return self.figure is not None and self.figure.shown != "text" and not self.has_bar


@dataclass(frozen=True)
class Table:
    """One row for each entity of a group, greatest `order` first; or for each day."""

    id: str
    caption: str
    group: str  # of entities, or "day"
    head: str  # of the names of rows
    columns: Sequence[Column]
    order: Figure | None = None  # entities where it is 0 are left out
    most: int = 20  # rows; of a table by day DAY_ROWS
    top: str = ""  # sentence about the first row: {name} and {value}, its `order`
    note: str = ""


@dataclass(frozen=True)
class Line:
    """One line or one part of a bar: a series or a share of two, by day."""

    label: str
    of: Sequence[str]
    per: Sequence[str] = ()
    is_rest: bool = False  # 1 minus the share
    colour: int = 1  # of the variables --s1 to --s6


@dataclass(frozen=True)
class Chart:
    """A chart over time."""

    id: str
    title: str
    lines: Sequence[Line]
    shown: Shown
    style: Literal["bars", "lines", "steps"] = "bars"
    fine: str = ""  # name of a series with more than a value a day, for short choices
    by: str = ""  # group of entities with a line of their own beside or instead of the first
    mark: str = ""  # a figure of the section, drawn as a dashed line
    note: str = ""


@dataclass(frozen=True)
class Tile:
    """The main figure of a section, for the top of the page."""

    label: str
    figure: str
    detail: str = ""
    change: Literal["part", "points", ""] = "part"


@dataclass(frozen=True)
class Section:
    """One subject of the report."""

    id: str
    title: str
    needs: Sequence[str]  # datasets: days without one of them are in no figure
    marts: Sequence[str]
    figures: Mapping[str, Figure]
    headlines: Sequence[tuple[str, str]]  # figure that must not be 0 ("": always), sentence
    sentences: Sequence[str] = ()
    tile: Tile | None = None
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    scopes: Sequence[str] = (MAIN, DOMAIN)  # which pages of the report have it
    via_push: str = ""  # sentence with {push}, where the figures are those of a push domain


def said(part: T, language: str) -> T:
    """A declaration with all its sentences in `language`; ids and names of series stay as they are."""
    if language == ENGLISH:
        return part
    found: T = _said(part, language)
    return found


_WORDS = {"caption", "head", "label", "title", "note", "top", "detail", "via_push"}
_LISTS = {"sentences", "names"}


def _said(part: Any, language: str) -> Any:
    if isinstance(part, Figure):
        return replace(part, names=tuple(say(name, language) for name in part.names))
    if isinstance(part, Mapping):
        return {key: _said(value, language) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        return [_said(one, language) for one in part]
    if not is_dataclass(part):
        return part
    changed = {}
    for one in fields(part):
        value = getattr(part, one.name)
        if one.name in _WORDS:
            changed[one.name] = say(value, language) if value else value
        elif one.name in _LISTS:
            changed[one.name] = [say(text, language) for text in value]
        elif one.name == "headlines":
            changed[one.name] = [(figure, say(text, language)) for figure, text in value]
        else:
            changed[one.name] = _said(value, language)
    return replace(part, **changed)  # type: ignore[type-var]
