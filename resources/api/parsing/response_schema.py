"""The declared JSON shape of a response, derived from the catalog entry of its endpoint.

The strict decoder uses it as an Arrow type, the lenient one node by node (decode.py, read it next).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Literal

import pyarrow as pa

from resources.api.catalog.model import ColumnType, Endpoint, Field, ListLevel, RowLayout
from resources.api.catalog.parameters import WireType

Json = Literal["text", "integer", "float", "boolean", "object", "list"]

_SCALARS: dict[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "float": pa.float64(),
    "boolean": pa.bool_(),
}
_JSON_OF_KIND: dict[ColumnType, Json] = {
    ColumnType.TEXT: "text",
    ColumnType.INSTANT: "text",
    ColumnType.INTEGER: "integer",
    ColumnType.INSTANT_MS: "integer",
    ColumnType.FLOAT: "float",
    ColumnType.BOOLEAN: "boolean",
}


@dataclass(frozen=True)
class Node:
    """One field or list item of the response.

    `kept` is False for a field that becomes no column; a wrong type there does not fail the day,
    except in an echo, which is compared with the request (echoes.py).
    """

    name: str
    json: Json
    children: tuple[Node, ...] = ()  # fields of an object; of a list, its one item type
    required: bool = False
    kept: bool = True
    is_echo: bool = False

    @cached_property
    def arrow(self) -> pa.DataType:
        """The Arrow type of the node."""
        if self.json == "object":
            return pa.struct([pa.field(c.name, c.arrow) for c in self.children])
        if self.json == "list":
            return pa.list_(self.children[0].arrow)
        return _SCALARS[self.json]

    def child(self, name: str) -> Node:
        """The child field `name`. Raises StopIteration if there is none."""
        return next(child for child in self.children if child.name == name)


def _object(
    name: str, children: Iterable[Node], *, required: bool = False, kept: bool = True
) -> Node:
    return Node(name, "object", tuple(children), required=required, kept=kept)


def _list(name: str, item: Node, *, required: bool = False, kept: bool = True) -> Node:
    return Node(name, "list", (item,), required=required, kept=kept)


def _ignored(name: str, json: Json = "text") -> Node:
    return Node(name, json, kept=False)


def _as_ignored(node: Node) -> Node:
    """The node with `kept` and `required` False for itself and everything below."""
    children = tuple(map(_as_ignored, node.children))
    return replace(node, children=children, required=False, kept=False)


def _echo(name: str, json: Json = "text", *children: Node) -> Node:
    return Node(name, json, children, kept=False, is_echo=True)


_REGION = _echo("item", "object", *map(_echo, ("Area", "Country", "Province")))
_ECHO: dict[WireType, Node] = {
    WireType.TEXT: _echo(""),
    WireType.TIME: _echo(""),
    WireType.INTEGER_TEXT: _echo(""),
    WireType.INTEGER: _echo("", "integer"),
    WireType.TEXTS: _echo("", "list", _echo("item")),
    WireType.INTEGERS: _echo("", "list", _echo("item", "integer")),
    WireType.REGIONS: _echo("", "list", _REGION),
}

_ERROR = _object(
    "Error",
    (_ignored("CodeN", "integer"), *map(_ignored, ("Code", "Message"))),
    kept=False,
)
_METADATA = _object(
    "ResponseMetadata",
    (
        *map(_ignored, ("RequestId", "RequestID", "Action", "Version", "Service", "Region")),
        _ERROR,
    ),
    kept=False,
)


def _scalar(field: Field) -> Node:
    required = field.required and field.column is not None
    return Node(field.name, _JSON_OF_KIND[field.kind], (), required, field.column is not None)


def _levels(levels: Sequence[ListLevel], totals: Iterable[Node]) -> Node:
    """The list of the first level, with the lists of the other levels nested in its items."""
    level, below = levels[0], levels[1:]
    if not (level.fields or below):
        return _list(level.name, _ignored("item"), required=level.required)
    children = [_scalar(f) for f in level.fields]
    if below:
        children.append(_levels(below, ()))
    children += [_as_ignored(_levels((n,), ())) for n in level.ignored_lists]
    item = _object("item", _unique((*children, *totals)))
    return _list(level.name, item, required=level.required)


def _unique(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """The nodes without repeated names; the first of each name is kept."""
    found: dict[str, Node] = {}
    for node in nodes:
        found.setdefault(node.name, node)
    return tuple(found.values())


def _rows(layout: RowLayout) -> tuple[Node, ...]:
    """The fields of Result that hold the rows: a list, or where Result is the row its values."""
    if layout.is_the_answer:
        return tuple(_scalar(f) for f in layout.levels[0].fields)
    return (_levels(layout.levels, ()),)


@cache
def envelope(endpoint: Endpoint) -> Node:
    """The whole response of `endpoint`: metadata; Result with rows, totals, paging, echoed parameters."""
    totals = tuple(replace(_ignored(t.name), json=_JSON_OF_KIND[t.kind]) for t in endpoint.totals)
    result: list[Node] = [*_rows(endpoint.rows)]
    if endpoint.split_rows is not None:
        result.append(_levels(endpoint.split_rows.levels, totals))
    result += totals
    result += [_as_ignored(_levels((n,), ())) for n in endpoint.ignored_lists]
    result += [_scalar(f) for f in endpoint.ignored_fields]
    paging = endpoint.paging
    if paging is not None:
        json: Json = "text" if paging.as_text else "integer"
        names = [n for n in (paging.echo, paging.total) if n]
        # Ranks travel as text and the other totals as numbers; each is read in either form.
        block = [Node(n, json, required=True, is_echo=True) for n in names]
        block.append(_ignored("PageSize", json))
        result += block if paging.block is None else [_object(paging.block, block, required=True)]
    result += [replace(_ECHO[p.wire_type], name=p.name) for p in endpoint.parameters if p.echoed]
    whole = _object("Result", _unique(result), required=not endpoint.null_result)
    return _object("", (_METADATA, whole))


@cache
def items_of(endpoint: Endpoint, name: str) -> Node:
    """A response whose Result has the list `name` only: the shape of a slice."""
    items = envelope(endpoint).child("Result").child(name)
    return _object("", (_object("Result", (items,), required=True),))
