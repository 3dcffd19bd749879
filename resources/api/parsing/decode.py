"""Decodes the bytes of a response to one Arrow struct of the declared shape.

Strict first (Arrow's JSON parser), then lenient (decode_lenient.py, read it next). Not here: rows
and columns (flatten.py, convert.py).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from resources.api.catalog.model import Endpoint
from resources.api.parsing import bounds, decode_lenient
from resources.api.parsing.response_schema import Node, envelope, items_of

_OVERLONG_NUMBER = re.compile(rb"[0-9]{%d}" % (sys.int_info.default_max_str_digits + 1))
"""A number with more digits than Python converts."""


@dataclass(frozen=True)
class DecodedResponse:
    """One response: Result as an Arrow array of one struct, and the names of undeclared fields.

    The struct is null if Result is null or, `is_without_result`, missing: there is nothing.
    """

    result: pa.StructArray
    unknown: tuple[str, ...] = ()
    is_without_result: bool = False


def decode(endpoint: Endpoint, body: bytes, http_status: int = 200) -> DecodedResponse:
    """Decode one response.

    Raises TryLater if the body is not JSON or has neither Result nor Error; the error that the
    API's envelope states, also inside HTTP 200; WrongAnswer for a missing or mistyped field.
    """
    return _decode(endpoint, envelope(endpoint), body, http_status, len(body))


def decode_batch(endpoint: Endpoint, bodies: Sequence[bytes]) -> pa.StructArray | None:
    """Result of each response, in order, from one call of the parser.

    None if any of them is not exactly as declared. The caller then decodes each one by `decode`.
    """
    if not all(_is_one_line(body) for body in bodies):
        return None
    shape = envelope(endpoint)
    table = _parse_json(shape, b"\n".join(bodies), "error", is_lines=True)
    return _valid_results(shape, table) if table is not None and len(table) == len(bodies) else None


def _is_one_line(body: bytes) -> bool:
    """True if bodies like this can be joined by line breaks without changing their meaning.

    No document can span two lines: JSON has no raw line break inside a string, and no `{` directly
    after `}` inside a document. So every line that parses holds at least one document, and if there
    are as many documents as lines, each line holds exactly one.
    """
    return body[:1] == b"{" and body[-1:] == b"}" and b"\n" not in body


def decode_items(
    endpoint: Endpoint, name: str, items: bytes, first: int, size: int
) -> DecodedResponse:
    """Decode a slice of the list `name` in Result, as if it were the whole list.

    `first` is the list position of its first item, `size` the bytes of the whole response; both are
    for messages. Raises what `decode` raises.
    """
    text = b'{"Result":{"%s":[%s]}}' % (name.encode(), items)
    return _decode(endpoint, items_of(endpoint, name), text, 200, size, first)


def _decode(
    endpoint: Endpoint, shape: Node, text: bytes, http_status: int, size: int, first: int = 0
) -> DecodedResponse:
    found = _decode_strict(endpoint.action, shape, text)
    if found is not None:
        return found
    cleaned, unknown, has_result = decode_lenient.read(
        endpoint.action, shape, text, http_status, size, first
    )
    array = pa.array([cleaned["Result"]], shape.child("Result").arrow)
    return DecodedResponse(array, tuple(sorted(unknown)), is_without_result=not has_result)


def _decode_strict(action: str, shape: Node, text: bytes) -> DecodedResponse | None:
    """Result and undeclared fields; None if anything else is not as declared.

    Arrow's parser refuses undeclared fields. It then reads twice more: once to find their names,
    once to ignore them.
    """
    # Arrow's parser crashes the process if the text is just `null`.
    if not text.lstrip().startswith(b"{"):
        bounds.check(action, text)
        return None
    table = _parse_json(shape, text, "error")
    unknown: tuple[str, ...] = ()
    if table is None:
        bounds.check(action, text)
        unknown = _undeclared_fields(shape, text)
        is_refused = any(name.partition(".")[0] == "Error" for name in unknown)
        table = _parse_json(shape, text, "ignore") if unknown and not is_refused else None
    if table is None or table.num_rows != 1:
        return None
    result = _valid_results(shape, table)
    return None if result is None else DecodedResponse(result, unknown)


def _valid_results(shape: Node, table: pa.Table) -> pa.StructArray | None:
    """Result of each response; None if any holds an error of the API or is not complete."""
    results = one_piece(table.column("Result"))
    if results.null_count:
        return None
    if "ResponseMetadata" in table.column_names:
        metadata = one_piece(table.column("ResponseMetadata"))
        if metadata.field("Error").null_count < len(metadata):
            return None
    return results if _is_complete(shape.child("Result"), results) else None


def one_piece(column: pa.ChunkedArray) -> pa.Array:
    """The column as one array; not copied if it has one chunk."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _parse_json(
    shape: Node,
    text: bytes,
    other_fields: Literal["error", "infer", "ignore"],
    *,
    is_lines: bool = False,
) -> pa.Table | None:
    """The text as parsed by Arrow; None if the parser refuses it.

    `is_lines`: line breaks occur only between documents, so the parser need not search their ends.
    """
    try:
        table = pj.read_json(
            pa.BufferReader(text),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(text) + 1),
            parse_options=pj.ParseOptions(
                explicit_schema=pa.schema(list(shape.arrow)),
                newlines_in_values=not is_lines,
                unexpected_field_behavior=other_fields,
            ),
        )
        table.validate(full=True)  # the parser does not check UTF-8
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    return table


def _undeclared_fields(shape: Node, text: bytes) -> tuple[str, ...]:
    """Paths of undeclared fields; empty also if the text cannot be parsed for another reason."""
    if _OVERLONG_NUMBER.search(text):
        return ()
    table = _parse_json(shape, text, "infer")
    if table is None:
        return ()
    try:
        return tuple(sorted(set(_undeclared_in(shape, pa.struct(table.schema), ""))))
    except UnicodeDecodeError:  # a field name that is not UTF-8
        return ()


def _undeclared_in(node: Node, found: pa.StructType, path: str) -> Iterator[str]:
    """Paths of fields that the type has and the node has not, spelled as decode_lenient does."""
    declared = {child.name: child for child in node.children}
    for f in found:
        if f.name not in declared:
            yield decode_lenient.unknown_name(path, f.name)
            continue
        child, kind, below = declared[f.name], f.type, f"{path}.{f.name}".lstrip(".")
        while child.json == "list":
            child, kind, below = child.children[0], kind.value_type, f"{below}[0]"
        if child.json == "object":
            yield from _undeclared_in(child, kind, below)


def _is_complete(node: Node, array: pa.StructArray) -> bool:
    """True if no required field and no list item is null, and all kept numbers are finite."""
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
