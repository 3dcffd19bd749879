"""The page as it is written: sentences, tiles and tables of the whole range, which need no script.

The script fills the same places again for other days, and for a domain or a stream. Read next:
page.html.j2, script/texts.js.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipelines.reports.usage import gaps, words
from pipelines.reports.usage.entities import Entity, Store
from pipelines.reports.usage.figures import NONE, Reckoner
from pipelines.reports.usage.section import DAY_ROWS, MAIN, Column, Figure, Section, Table


@dataclass(frozen=True)
class Cell:
    """A cell of a table; with a bar if `part` (0 to 1 of the longest bar) is given."""

    text: str
    part: float | None = None

    @property
    def percent(self) -> float:
        """Length of the bar, 0 to 100."""
        return max(0.0, min(1.0, self.part or 0.0)) * 100


@dataclass(frozen=True)
class FilledTable:
    """A table with its rows; the first cell of each is its name."""

    table: Table
    rows: Sequence[Sequence[Cell]]
    note: str
    top: str  # the sentence about its first row


@dataclass(frozen=True)
class FilledTile:
    """A tile with its figures."""

    value: str
    detail: str
    change: str


@dataclass(frozen=True)
class View:
    """One section over the whole range, of what the report is about."""

    section: Section
    store: Store
    nothing: str = ""
    """Why there is nothing to show."""

    @cached_property
    def _reckoner(self) -> Reckoner:
        return Reckoner(self.store.starts, self.store.language)

    @property
    def is_shown(self) -> bool:
        """Whether the page has it without a script; that of a stream comes by choice."""
        return MAIN in self.section.scopes

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """The figures of the section as they are written."""
        return {
            name: self._reckoner.text(figure, self.store.main)
            for name, figure in self.section.figures.items()
        }

    @cached_property
    def headline(self) -> str:
        """The sentence that sums it up, and those about the first rows of its tables."""
        if self.nothing:
            return self.nothing
        first = next(
            sentence
            for figure, sentence in self.section.headlines
            if not figure or self._reckoner.value(self.section.figures[figure], self.store.main)
        )
        return " ".join([first.format(**self.texts), *(t.top for t in self.tables if t.top)])

    @cached_property
    def missing(self) -> str:
        """Which days are not included, and why."""
        if self.nothing and not self.store.source.is_on(self.section.needs[0]):
            return ""
        return gaps.missing(self.store.source, self.section.needs, self.store.language)

    @property
    def via(self) -> str:
        """Where the figures were measured, if that is another domain; else ""."""
        push = self.store.main.facts.get("push")
        return self.section.via_push.format(push=push) if push and self.section.via_push else ""

    @cached_property
    def tile(self) -> FilledTile | None:
        """Its main figure; None if there is nothing to show."""
        tile = self.section.tile
        if tile is None or self.nothing:
            return None
        now = self._reckoner.value(self.section.figures[tile.figure], self.store.main)
        change = gaps.compared(
            self.store.source,
            self.section,
            now if isinstance(now, int | float) else None,
            self.store.before.get(self.section.id),
            self.store.language,
        )
        detail = tile.detail.format(**self.texts) if now else ""
        return FilledTile(self.texts[tile.figure], detail, change)

    @cached_property
    def tables(self) -> Sequence[FilledTable]:
        """Its tables."""
        if self.nothing:
            return []
        return [
            self._by_entity(table, table.order) if table.order else self._by_day(table)
            for table in self.section.tables
        ]

    def _by_day(self, table: Table) -> FilledTable:
        days = self.store.source.range.days
        holes = {*self.store.source.holes(self.section.needs)}
        held = [(i, day) for i, day in enumerate(days) if day not in holes]
        rows = [
            [Cell(f"{day}"), *self._cells(table.columns, self.store.main, slice(i, i + 1))]
            for i, day in held[-DAY_ROWS:]
        ]
        return FilledTable(table, rows, self._note(table, len(held) - len(rows)), "")

    def _by_entity(self, table: Table, order: Figure) -> FilledTable:
        measured = [
            (value, entity)
            for entity in self.store.groups.get(table.group, {}).values()
            if order.of[0] in entity.series
            and isinstance(value := self._reckoner.value(order, entity), int | float)
            and value > 0
        ]
        measured.sort(key=lambda one: (-one[0], one[1].label, one[1].facts.get("domain", "")))
        shown = measured[: table.most]
        longest = {
            column.head: max((self._number(column, entity) for _, entity in shown), default=0)
            for column in table.columns
            if column.has_bar
        }
        rows = [
            [Cell(entity.label), *self._cells(table.columns, entity, slice(None), longest)]
            for _, entity in shown
        ]
        top = ""
        if shown and table.top:
            value = self._reckoner.written(shown[0][0], order.shown)
            top = table.top.format(name=shown[0][1].label, value=value)
        return FilledTable(table, rows, self._note(table, len(measured) - len(shown)), top)

    def _note(self, table: Table, left_out: int) -> str:
        """What is said below a table."""
        more = words.page("left_out", self.store.language).format(number=left_out)
        return " ".join(filter(None, [table.note, more if left_out else ""]))

    def _cells(
        self,
        columns: Sequence[Column],
        entity: Entity,
        days: slice,
        longest: Mapping[str, float] | None = None,
    ) -> list[Cell]:
        cells = []
        for column in columns:
            if column.figure is None:
                cells.append(Cell(entity.facts.get(column.fact, NONE)))
                continue
            most = (longest or {}).get(column.head)
            text = self._reckoner.text(column.figure, entity, days)
            cells.append(Cell(text, self._number(column, entity) / most if most else None))
        return cells

    def _number(self, column: Column, entity: Entity) -> float:
        """The figure of a column with a bar."""
        value = self._reckoner.value(column.figure, entity) if column.figure else None
        return value if isinstance(value, int | float) else 0.0
