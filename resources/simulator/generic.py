"""Answers for an endpoint that the world does not know: made from its catalog entry alone.

So a new entry can be planned, fetched, normalised and loaded in tests before anybody has taught
the world what its numbers should be.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from resources.api.catalog.model import SPLITS, ColumnType, Field, ResponseTotal, RowLayout
from resources.simulator.noise import key_of, uniform
from resources.simulator.pushes import DAY_S, day_of, day_start
from resources.simulator.query import Query
from resources.simulator.render import Result, echo, number, page_of, times
from resources.simulator.world import World

_ITEMS = (
    3  # of a list that runs neither over slots nor over domains; of events, for a domain and day
)
_INSTANTS = (ColumnType.INSTANT, ColumnType.INSTANT_MS)


def answer(world: World, query: Query) -> Result:
    """Lists, totals and pages as the entry says; values depend on what they are about and on time only."""
    endpoint = query.endpoint
    rows = _items(world, query, endpoint.rows, 0, (endpoint.action,))
    leaves = rows if len(endpoint.rows.levels) == 1 else []
    head = endpoint.rows.levels[0].name
    result = echo(query)
    if endpoint.rows.is_the_answer:
        result |= {**rows[0], **result}
    elif endpoint.paging is not None and len(endpoint.rows.levels) == 1:
        result |= page_of(query, rows)
    else:
        result[head] = rows
    if query.splits and endpoint.split_rows is not None:
        layout = endpoint.split_rows
        items = _split_items(world, query, layout)
        result[layout.levels[0].name] = items
        leaves = []
        for item in items:
            below = item[layout.levels[1].name] if len(layout.levels) == 2 else []
            item.update(_totals([t for t in endpoint.totals if t.in_splits], below))
            leaves += below
    return result | _totals(endpoint.totals, leaves)


def _split_items(world: World, query: Query, layout: RowLayout) -> list[Result]:
    """An item for each combination of the values that are asked for, labelled with them only."""
    names = [field.name for field in layout.levels[0].fields if field.name in query.splits]
    path = (query.endpoint.action, *(_alone(query) or ("split",)))
    items = []
    for values in product(*(_values_of(world, query, name) for name in names)):
        item: Result = dict(zip(names, values, strict=True))
        below = _items(world, query, layout, 1, (*path, *values))
        items.append(item | {layout.levels[1].name: below})
    return items


def _values_of(world: World, query: Query, name: str) -> list[str]:
    """What a split runs over: the values of its filter, made-up ones if it has none."""
    if name == "Domain":
        return [site.name for site in world.sites_of(query)]
    chosen = query.texts(SPLITS[name].filter or "")
    return list(dict.fromkeys(chosen)) or [f"{name}-{i}" for i in range(_ITEMS)]


def _alone(query: Query) -> tuple[str, ...]:
    """The path of a domain that is asked for alone: its plain list is its part of a split one."""
    one = query.text("Domain")
    names = [one] if one else query.texts("DomainList")
    return ("split", names[0]) if len(names) == 1 else ()


def _totals(totals: Sequence[ResponseTotal], leaves: Sequence[Result]) -> Result:
    """What an answer, or one item of a split, tells about the rows in it."""
    found: Result = {}
    for total in totals:
        values = [row[total.of] for row in leaves if total.of in row] or [0]
        value = sum(values) if total.how == "sum" else max(values)
        found[total.name] = number(value) if total.kind is ColumnType.FLOAT else int(value)
    return found


def _items(
    world: World,
    query: Query,
    layout: RowLayout,
    depth: int,
    path: tuple[object, ...],
) -> list[Result]:
    level = layout.levels[depth]
    names = {field.name for field in level.fields}
    fixed: str | None = None
    over: Sequence[tuple[object, int]]  # what an item is about, and when it happens
    is_present = query.endpoint.is_present_state
    now = day_start(day_of(query.now)) if is_present else query.start
    slots: dict[object, int] = {}  # by how they are written, which no value depends on
    if "TimeStamp" in names:
        slots = dict(zip(times(query.slots, query.options), query.slots.tolist(), strict=True))
        over, fixed = [(stamp, now) for stamp in slots], "TimeStamp"
        path = (*path, *_alone(query)) if depth == 0 else path
    elif "Domain" in names and (is_present or not any(f.kind in _INSTANTS for f in level.fields)):
        over, fixed = [(site.name, now) for site in world.sites_of(query)], "Domain"
        if depth + 1 == len(layout.levels):
            path = (*path, day_of(now))  # figures of a window, here of its day
    elif depth or is_present:
        over = [(i, now) for i in range(_ITEMS)]
    else:
        over = _events(world, query, path)
    items = []
    for thing, at in over:
        here = (*path, slots.get(thing, thing))
        item: Result = {
            field.name: thing
            if field.name == fixed
            else _value(query, field, (*here, field.name), at + 60 * place)
            for place, field in enumerate(level.fields)
        }
        if isinstance(thing, tuple) and "Domain" in names:
            item["Domain"] = thing[0]
        if depth + 1 < len(layout.levels):
            below = layout.levels[depth + 1].name
            item[below] = _items(world, query, layout, depth + 1, here)
        items.append(item)
    return items


def _events(
    world: World, query: Query, path: tuple[object, ...]
) -> list[tuple[tuple[str, int, int], int]]:
    """Some things that happened to each domain on each day of the window, none of them twice."""
    found = []
    for site in world.sites_of(query):
        for day in range(day_of(query.start), day_of(query.end - 1) + 1):
            for i in range(_ITEMS):
                at = day_start(day) + key_of(*path, site.name, day, i) % (DAY_S - 3600)
                if query.start <= at < query.end:
                    found.append(((site.name, day, i), at))
    return found


def _value(query: Query, field: Field, path: tuple[object, ...], at: int) -> Any:
    match field.kind:
        case ColumnType.INTEGER:
            return key_of(*path) % (
                1000 if field.unit else 1_000_000_000
            )  # a code tells rows apart
        case ColumnType.FLOAT:
            return number(round(1000.0 * uniform(*path), 3))
        case ColumnType.BOOLEAN:
            return uniform(*path) < 0.5
        case ColumnType.INSTANT:
            return times(np.array([at]), query.options)[0]
        case ColumnType.INSTANT_MS:
            return at * 1000
        case ColumnType.DATE:
            return times(np.array([at]), query.options)[0][:10]
    return f"{field.name}-{key_of(*path) % 100_000}"
