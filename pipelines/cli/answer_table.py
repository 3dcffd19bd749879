"""The answer of a query as text for people: tables of whole columns, Markdown, or a line for each value.

Not here: files for programs (resources/serving/export.py); which rows are asked for (query.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from resources.api.errors import printable

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

MISSING = "NULL"
HIDDEN = "…"

_LEAST_TEXT = 32
"""Cells of a text column, beyond which it may be folded to make room for others."""

_PLAN = ("explain_key", "explain_value")
"""The columns of EXPLAIN, whose plan DuckDB draws in several lines."""

_NUMBERS = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "DOUBLE", "FLOAT"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
)


@dataclass(frozen=True)
class Column:
    """One column of an answer: its name and its cells as they are shown."""

    name: str
    cells: Sequence[str]
    is_number: bool

    @cached_property
    def aligned(self) -> list[str]:
        """Its cells, numbers with their decimal points below each other."""
        if not self.is_number:
            return [*self.cells]
        after = [len(dot + rest) for _, dot, rest in (cell.partition(".") for cell in self.cells)]
        most = max(after, default=0)
        return [
            cell if cell == MISSING else cell + " " * (most - length)
            for cell, length in zip(self.cells, after, strict=True)
        ]

    @cached_property
    def width(self) -> int:
        """Cells of a terminal that its widest line takes; Chinese characters take two."""
        from rich.cells import cell_len

        texts = (self.name, *self.aligned)
        return max(cell_len(line) for text in texts for line in text.split("\n"))

    @property
    def least_width(self) -> int:
        """The width it has to have: a number is never folded."""
        return self.width if self.is_number else min(self.width, _LEAST_TEXT)


def columns(
    names: Sequence[str], types: Sequence[object], rows: Sequence[Sequence[object]]
) -> list[Column]:
    """The columns of an answer. Foreign text is cleaned of what a terminal would not print."""
    clean = _clean_lines if tuple(names) == _PLAN else printable
    return [
        Column(
            printable(name),
            [_cell(row[number], clean) for row in rows],
            is_number=str(kind).startswith(_NUMBERS),
        )
        for number, (name, kind) in enumerate(zip(names, types, strict=True))
    ]


def table(
    found: Sequence[Column], room: int | None, *, has_lines: bool
) -> tuple[RenderableType, int]:
    """A table of whole columns, in a box with `has_lines`; and how many columns are not in it.

    Of columns that do not fit into `room` cells (None: no bound) the middle ones are left out, and a
    column of `…` stands for them.
    """
    from rich import box
    from rich.table import Table

    gap = 3 if has_lines else 2
    free = None if room is None else room - (1 if has_lines else -2)
    left, right = _chosen([one.least_width for one in found], free, gap)
    shown = [*(found[i] for i in left), *(found[i] for i in right)]
    hidden = len(found) - len(shown)
    if hidden:
        sign = Column(HIDDEN, [HIDDEN] * len(found[0].cells), is_number=False)
        shown.insert(len(left), sign)
    made = Table(box=box.SQUARE if has_lines else None, pad_edge=has_lines, header_style="bold")
    for one, width in zip(shown, _widths(shown, free, gap), strict=True):
        made.add_column(_text(_padded(one, one.name)), width=width, overflow="fold")
    for row in zip(*([_padded(one, cell) for cell in one.aligned] for one in shown), strict=True):
        made.add_row(*map(_text, row))
    return made, hidden


def markdown(found: Sequence[Column]) -> str:
    """A table of GitHub's Markdown, all columns of it."""
    lines = [
        "| " + " | ".join(_escaped(one.name) for one in found) + " |",
        "|" + "|".join("---:" if one.is_number else "---" for one in found) + "|",
    ]
    rows = zip(*(one.cells for one in found), strict=True)
    lines += ["| " + " | ".join(map(_escaped, row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def lines(found: Sequence[Column]) -> str:
    """One line for each value, `name = value`, and an empty line between two rows."""
    from rich.cells import cell_len

    widest = max(cell_len(one.name) for one in found)
    names = [" " * (widest - cell_len(one.name)) + one.name for one in found]
    rows = zip(*(one.cells for one in found), strict=True)
    blocks = ["\n".join(f"{n} = {v}" for n, v in zip(names, row, strict=True)) for row in rows]
    return "\n\n".join(blocks) + "\n" if blocks else ""


def _chosen(widths: Sequence[int], free: int | None, gap: int) -> tuple[list[int], list[int]]:
    """The columns that fit, from both ends inwards: those at the left, those at the right.

    `widths` are at least needed, `free` is the room for all with `gap` cells for each.
    """
    if free is None or sum(widths) + gap * len(widths) <= free:
        return [*range(len(widths))], []
    left: list[int] = [0]
    right: list[int] = []
    used = widths[0] + gap + len(HIDDEN) + gap
    first, last = 1, len(widths) - 1
    while first <= last:
        is_right = len(right) < len(left)
        index = last if is_right else first
        used += widths[index] + gap
        if used > free:
            break
        (right if is_right else left).append(index)
        first, last = first + (not is_right), last - is_right
    return left, right[::-1]


def _widths(shown: Sequence[Column], free: int | None, gap: int) -> list[int | None]:
    """The width of each column: its own, or what is left for texts that have to be folded."""
    if free is None:
        return [None] * len(shown)
    widths = [one.least_width for one in shown]
    spare = max(0, free - sum(widths) - gap * len(widths))
    for i in sorted(range(len(shown)), key=lambda i: shown[i].width - widths[i]):
        more = min(spare, shown[i].width - widths[i])
        widths[i] += more
        spare -= more
    return [*widths]


def _padded(column: Column, text: str) -> str:
    """Numbers and their names at the right. Not by rich, which would strip what aligns the points."""
    from rich.cells import cell_len

    return " " * (column.width - cell_len(text)) + text if column.is_number else text


def _cell(value: object, clean: Callable[[str], str]) -> str:
    if value is None:
        return MISSING
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
    if isinstance(value, int | Decimal):
        return str(value)
    return clean(str(value))


def _text(cell: str) -> Text:
    from rich.text import Text

    return Text(cell, style="dim" if cell.strip() in (MISSING, HIDDEN) else "")


def _escaped(cell: str) -> str:
    """Text that Markdown takes for itself."""
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", "<br>")


def _clean_lines(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))
