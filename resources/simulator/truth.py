"""What the world holds, without HTTP, pages, spans or windows: for tests to compare with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from resources.api.catalog.model import SPLITS, Endpoint, RowLayout
from resources.simulator import generic
from resources.simulator.api import ANSWERERS, OF_VOLCENGINE
from resources.simulator.query import Query
from resources.simulator.settings import AnswerOptions
from resources.simulator.world import World

_ALL_IN_ONE_PAGE = 10**9
_SETTLED = timedelta(days=30)


def rows(
    world: World,
    action: str,
    parameters: Mapping[str, Any],
    start: datetime,
    end: datetime,
    *,
    now: datetime | None = None,
    endpoints: Mapping[str, Endpoint] = OF_VOLCENGINE,
) -> list[dict[str, Any]]:
    """The rows of [start, end), each an object of API field names with the labels above it.

    `parameters` are those of the API but for times and pages; nothing is checked. A dimension of
    DetailField with a single value in its filter is filled in, though the API would not say it.
    As known at `now`, by default a month after `end`: late data has arrived, pushes have ended.
    Times end in +08:00; ranks are the order of the rows.
    """
    endpoint = endpoints[action]
    known_at = now if now is not None else end + _SETTLED
    values = {p.name: p.default for p in endpoint.parameters if p.default is not None}
    values |= parameters
    if endpoint.paging is not None:
        values |= {endpoint.paging.number_param: 1, endpoint.paging.size_param: _ALL_IN_ONE_PAGE}
    query = Query(
        endpoint,
        parameters,
        values,
        start=int(start.timestamp()),
        end=int(end.timestamp()),
        now=int(known_at.timestamp()),
        options=AnswerOptions(),
    )
    result = ANSWERERS.get(action, generic.answer)(world, query)
    layout = endpoint.rows
    if endpoint.split_rows is not None and endpoint.split_rows.levels[0].name in result:
        layout = endpoint.split_rows
    if layout.is_the_answer:
        return [{f.name: result[f.name] for f in layout.levels[0].fields}]
    return list(_flat(layout, 0, result, _single_values(query)))


def _single_values(query: Query) -> dict[str, Any]:
    """The labels of dimensions that were asked for, and have one value only."""
    found: dict[str, Any] = {}
    for name in query.texts("DetailField"):
        split = SPLITS.get(name)
        listed = query.texts(split.filter) if split and split.filter else []
        if len(listed) == 1:
            found[name] = listed[0]
    return found


def _flat(
    layout: RowLayout, depth: int, above: Mapping[str, Any], carried: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    level = layout.levels[depth]
    items = above.get(level.name) or []
    if not items and layout.outer and depth:
        yield carried
    for item in items:
        scalars = {f.name: item[f.name] for f in level.fields if f.name in item}
        if depth + 1 == len(layout.levels):
            yield {**carried, **scalars}
        else:
            # Codes and names occur on several levels of one layout: the path tells them apart.
            kept = {_named(layout, depth, name): value for name, value in scalars.items()}
            yield from _flat(layout, depth + 1, item, {**carried, **kept})


def _named(layout: RowLayout, depth: int, name: str) -> str:
    below = {f.name for level in layout.levels[depth + 1 :] for f in level.fields}
    return f"{layout.levels[depth].name}.{name}" if name in below else name
