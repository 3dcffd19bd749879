"""From the bytes of an answer to one Arrow struct of the declared shape.

The fast reader is Arrow's own JSON parser, which refuses whatever is not exactly as declared. Where
it meets fields that nobody declared, it reads twice more: once to find their names, once without
them. All else that it refuses the careful reader looks at again: it accepts what is harmless (whole
numbers written as 12.0; oddities in places that we do not keep) and names what is not, with its
path and value.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from resources.api import careful
from resources.api.catalogue.model import Endpoint
from resources.api.errors import TryLater
from resources.api.shape import Node, envelope, items_of
from resources.api.slices import Brackets

_DEEPEST = 64
"""Brackets inside of brackets; Arrow's parser dies of some ten thousand in a field it must guess."""
_ENDLESS_NUMBER = re.compile(rb"[0-9]{%d}" % (sys.int_info.default_max_str_digits + 1))
"""No number that Python reads."""


@dataclass(frozen=True)
class Decoded:
    """One answer: Result as an Arrow array of one struct, and the fields nobody declared."""

    result: pa.StructArray
    unknown: tuple[str, ...] = ()


def decode(endpoint: Endpoint, body: bytes, http_status: int = 200) -> Decoded:
    """Read one answer.

    Raises TryLater if the body is no JSON or holds neither Result nor Error; the error of the
    API's own envelope, also inside HTTP 200; WrongAnswer for a missing or mistyped field.
    """
    return _decode(endpoint, envelope(endpoint), body, http_status, len(body))


def decode_items(endpoint: Endpoint, name: str, items: bytes, first: int, size: int) -> Decoded:
    """Read some items of the list `name` in Result, as if no others were in it.

    `first` is the position of the first of them in the list, `size` that of the whole answer in
    bytes. Raises what `decode` raises.
    """
    text = b'{"Result":{"%s":[%s]}}' % (name.encode(), items)
    return _decode(endpoint, items_of(endpoint, name), text, 200, size, first)


def _decode(
    endpoint: Endpoint, shape: Node, text: bytes, http_status: int, size: int, first: int = 0
) -> Decoded:
    found = _fast(shape, text)
    if found is not None:
        return found
    try:
        cleaned, unknown = careful.read(endpoint.action, shape, text, http_status, size, first)
    except RecursionError as error:
        raise TryLater(
            f"the answer of {size} bytes is nested deeper than any answer of the API",
            action=endpoint.action,
            http_status=http_status,
        ) from error
    array = pa.array([cleaned["Result"]], shape.child("Result").arrow)
    return Decoded(array, tuple(sorted(unknown)))


def _fast(shape: Node, text: bytes) -> Decoded | None:
    """Result if the text is as declared, but for fields that are not; else None."""
    # Arrow takes the whole process down if the text is just `null`.
    if not text.lstrip().startswith(b"{"):
        return None
    table = _parsed(shape, text, "error")
    unknown: tuple[str, ...] = ()
    if table is None:
        unknown = _undeclared(shape, text)
        table = _parsed(shape, text, "ignore") if unknown else None
    if table is None or table.num_rows != 1:
        return None
    result = table.column("Result").combine_chunks()
    if result.null_count:
        return None
    if "ResponseMetadata" in table.column_names:
        metadata = table.column("ResponseMetadata").combine_chunks()
        if not metadata.field("Error").null_count:
            return None
    return Decoded(result, unknown) if _is_complete(shape.child("Result"), result) else None


def _parsed(
    shape: Node, text: bytes, other_fields: Literal["error", "infer", "ignore"]
) -> pa.Table | None:
    """The text as Arrow's parser reads it, None if it refuses."""
    try:
        table = pj.read_json(
            pa.BufferReader(text),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(text) + 1),
            parse_options=pj.ParseOptions(
                explicit_schema=pa.schema(list(shape.arrow)),
                newlines_in_values=True,
                unexpected_field_behavior=other_fields,
            ),
        )
        table.validate(full=True)  # the parser lets invalid UTF-8 through
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    return table


def _undeclared(shape: Node, text: bytes) -> tuple[str, ...]:
    """The fields that nobody declared; none also if the parser refuses the text for another reason."""
    _, depths = Brackets().find(text)
    if not len(depths) or depths.max() > _DEEPEST or _ENDLESS_NUMBER.search(text):
        return ()
    table = _parsed(shape, text, "infer")
    if table is None:
        return ()
    try:
        return tuple(sorted(set(_unknown(shape, pa.struct(table.schema), ""))))
    except UnicodeDecodeError:  # a name that is no text
        return ()


def _unknown(node: Node, found: pa.StructType, path: str) -> Iterator[str]:
    """Names of what a type has and the node has not, as the careful reader spells them."""
    declared = {child.name: child for child in node.children}
    for f in found:
        if f.name not in declared:
            yield careful.unknown_name(path, f.name)
            continue
        child, kind, below = declared[f.name], f.type, f"{path}.{f.name}".lstrip(".")
        while child.json == "list":
            child, kind, below = child.children[0], kind.value_type, f"{below}[0]"
        if child.json == "object":
            yield from _unknown(child, kind, below)


def _is_complete(node: Node, array: pa.StructArray) -> bool:
    """True if nothing required is null anywhere, no item of a list is, and numbers are finite."""
    if array.null_count:
        return False
    for index, child in enumerate(node.children):
        if not child.kept:
            continue
        values = array.field(index)
        if child.required and values.null_count:
            return False
        if child.json == "float" and not pc.all(pc.is_finite(values), min_count=0).as_py():
            return False
        if child.json == "object" and not _is_complete(child, values):
            return False
        if child.json == "list" and not _is_complete(child.children[0], values.flatten()):
            return False
    return True
