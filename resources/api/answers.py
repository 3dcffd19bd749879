"""From the bytes of an answer to one Arrow struct of the declared shape.

The fast reader is Arrow's own JSON parser, which refuses whatever is not exactly as declared. Then
the careful reader looks again: it accepts what is harmless (unknown fields, which it reports; whole
numbers written as 12.0; oddities in places that we do not keep) and names what is not, with its
path and value.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.json as pj

from resources.api.catalogue.model import Endpoint
from resources.api.errors import TryLater, WrongAnswer, from_answer, read_refusal
from resources.api.shape import Node, envelope


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
    shape = envelope(endpoint)
    fast = _fast(shape, body)
    if fast is not None:
        return Decoded(fast)
    return _careful(endpoint, shape, body, http_status)


def _fast(shape: Node, body: bytes) -> pa.StructArray | None:
    """Result if the body is exactly as declared, else None."""
    try:
        table = pj.read_json(
            pa.BufferReader(body),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(body) + 1),
            parse_options=pj.ParseOptions(
                explicit_schema=pa.schema(list(shape.arrow)),
                newlines_in_values=True,
                unexpected_field_behavior="error",
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    if table.num_rows != 1:
        return None
    metadata, result = (table.column(n).combine_chunks() for n in ("ResponseMetadata", "Result"))
    if result.null_count or not metadata.field("Error").null_count:
        return None
    return result if _is_complete(_node(shape, "Result"), result) else None


def _is_complete(node: Node, array: pa.StructArray) -> bool:
    """True if nothing required is null anywhere, and no item of a list is."""
    if array.null_count:
        return False
    for index, child in enumerate(node.children):
        if not child.kept:
            continue
        values = array.field(index)
        if child.required and values.null_count:
            return False
        if child.json == "list" and child.children[0].json == "object":
            items = values.flatten()
            if not _is_complete(child.children[0], items):
                return False
    return True


def _careful(endpoint: Endpoint, shape: Node, body: bytes, http_status: int) -> Decoded:
    action = endpoint.action
    try:
        document = json.loads(body)
    except ValueError as error:  # UnicodeDecodeError is one too
        raise TryLater(
            f"the answer of {len(body)} bytes is no JSON: cut off, or from a gateway",
            action=action,
            http_status=http_status,
        ) from error
    refusal = read_refusal(document)
    if refusal is not None:
        raise from_answer(action, http_status, refusal)
    if not isinstance(document, dict) or not isinstance(document.get("Result"), dict):
        raise TryLater("the answer holds neither a Result nor an Error", action=action)
    reader = _Reader(action)
    result = reader.clean(_node(shape, "Result"), document["Result"], "Result")
    try:
        array = pa.array([result], _node(shape, "Result").arrow)
    except (pa.ArrowInvalid, UnicodeEncodeError, OverflowError) as error:
        raise WrongAnswer(action, "Result", str(error), "within 64 bits and valid text") from error
    return Decoded(array, tuple(sorted(reader.unknown)))


def _node(shape: Node, name: str) -> Node:
    return next(child for child in shape.children if child.name == name)


class _Reader:
    """Reduces parsed JSON to the declared fields; collects the names of all others."""

    def __init__(self, action: str) -> None:
        self.action = action
        self.unknown: set[str] = set()

    def clean(self, node: Node, value: Any, path: str) -> Any:
        """`value` as `node` declares it; what is odd and not kept becomes None.

        Raises WrongAnswer where something that is kept is missing or of another type.
        """
        match node.json, value:
            case _, None:
                return None
            case "object", dict():
                return self._object(node, value, path)
            case "list", list():
                return [
                    self._item(node.children[0], v, f"{path}[{i}]") for i, v in enumerate(value)
                ]
            case ("text", str()) | ("boolean", bool()):
                return value
            case "integer", int() if not isinstance(value, bool):
                return value
            case "integer", float() if value.is_integer():
                return int(value)
            case "float", int() | float() if not isinstance(value, bool):
                return float(value)
        if node.kept:
            raise WrongAnswer(self.action, path, value, f"of type {node.json}")
        return None

    def _object(self, node: Node, value: dict[str, Any], path: str) -> dict[str, Any]:
        declared = {child.name: child for child in node.children}
        # A new field is reported once, not once for each row: without the positions in lists.
        self.unknown.update(
            re.sub(r"\[\d+\]", "[]", f"{path}.{name}") for name in value if name not in declared
        )
        cleaned = {}
        for name, child in declared.items():
            below = f"{path}.{name}"
            if child.required and name not in value:
                raise WrongAnswer(self.action, below, "missing", "there")
            cleaned[name] = self.clean(child, value.get(name), below)
            if child.required and cleaned[name] is None and child.json != "list":
                raise WrongAnswer(self.action, below, None, f"of type {child.json}")
        return cleaned

    def _item(self, node: Node, value: Any, path: str) -> Any:
        if value is None and node.kept:
            raise WrongAnswer(self.action, path, None, f"of type {node.json}")
        return self.clean(node, value, path)
