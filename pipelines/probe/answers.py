"""Rows, slots and sums of an answer, read leniently: what is odd about it is what a probe looks for.

What an answer proves before it is kept is in resources/api/parsing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import reduce
from itertools import pairwise
from math import gcd, isfinite
from typing import Any

from pipelines.probe.calls import Reply
from resources.api.catalog.model import ColumnType, Endpoint, ListLevel, RowLayout

Row = Mapping[str, Any]
_NUMBERS = (ColumnType.FLOAT, ColumnType.INTEGER)


def listed(parent: Row, name: str) -> list[Row]:
    """The objects of a list; [] if there is none."""
    found = parent.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def items(result: Row, levels: Sequence[ListLevel]) -> list[Row]:
    """The objects of the innermost list."""
    found: list[Row] = [result]
    for level in levels:
        if level.name:
            found = [row for parent in found for row in listed(parent, level.name)]
    return found


def levels_of(endpoint: Endpoint) -> Iterator[tuple[RowLayout, int]]:
    """Every level of an endpoint: its layout, and its number in it."""
    for layout in (endpoint.rows, endpoint.split_rows):
        for number in range(len(layout.levels) if layout else 0):
            if layout is not None:
                yield layout, number


def rows(reply: Reply) -> list[Row]:
    """The innermost rows of the list that is not split."""
    return items(reply.result, reply.endpoint.rows.levels)


def split_rows(reply: Reply) -> list[Row]:
    """The innermost rows of the split."""
    layout = reply.endpoint.split_rows
    return items(reply.result, layout.levels) if layout else []


def details(reply: Reply) -> list[Row]:
    """The items of the split: one for each domain, for example."""
    layout = reply.endpoint.split_rows
    return items(reply.result, layout.levels[:1]) if layout else []


def number(value: object) -> float:
    """A figure, in quotes or not; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0.0
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return 0.0
    return found if isfinite(found) else 0.0


def figures(endpoint: Endpoint, row: Row) -> list[float]:
    """The numbers of a row; those of the lists in it too."""
    names = {
        f.name
        for layout, n in levels_of(endpoint)
        for f in layout.levels[n].fields
        if f.kind in _NUMBERS
    }
    found = [number(value) for name, value in row.items() if name in names]
    for value in row.values():
        if isinstance(value, list):
            found += [n for one in value if isinstance(one, dict) for n in figures(endpoint, one)]
    return found


def is_zero(endpoint: Endpoint, row: Row) -> bool:
    """True for a row in which nothing happened."""
    return not any(figures(endpoint, row))


def moment(text: object) -> datetime | None:
    """A time with an offset; None for anything else."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None


def series(reply: Reply) -> dict[datetime, bool]:
    """The slots of a series: start -> whether something happened in it. Of the split if that is all."""
    level = _slot_level(reply.endpoint.rows)
    found = items(reply.result, level) if level else []
    if not found and reply.endpoint.split_rows is not None:
        level = _slot_level(reply.endpoint.split_rows)
        found = items(reply.result, level) if level else []
    slots: dict[datetime, bool] = {}
    for row in found:
        at = moment(row.get("TimeStamp"))
        if at is not None:
            slots[at] = slots.get(at, False) or not is_zero(reply.endpoint, row)
    return slots


def _slot_level(layout: RowLayout) -> Sequence[ListLevel]:
    """The levels down to the one with time stamps."""
    for number, level in enumerate(layout.levels):
        if "TimeStamp" in {field.name for field in level.fields}:
            return layout.levels[: number + 1]
    return ()


def step_s(slots: Mapping[datetime, bool]) -> int:
    """The width that all steps between slots are a multiple of; 0 if there are no two slots."""
    steps = [int((b - a).total_seconds()) for a, b in pairwise(sorted(slots))]
    return reduce(gcd, steps, 0)


def activity(reply: Reply) -> str:
    """What the rows of a good answer say: "something", "zeros" or "nothing"."""
    found = [*rows(reply), *split_rows(reply)]
    if not found:
        return "nothing"
    is_active = any(not is_zero(reply.endpoint, row) for row in found)
    return "something" if is_active else "zeros"
