"""From the bytes of an answer to one Arrow struct of the declared shape.

The fast reader is Arrow's own JSON parser, which refuses whatever is not exactly as declared. Then
the careful reader looks again: it accepts what is harmless (unknown fields, which it reports; whole
numbers written as 12.0; oddities in places that we do not keep) and names what is not, with its
path and value.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from resources.api.catalogue.model import Endpoint
from resources.api.errors import TryLater, WrongAnswer, from_answer, printable, read_refusal
from resources.api.shape import Json, Node, envelope

_SMALLEST_INT, _LARGEST_INT = -(2**63), 2**63 - 1
_LARGEST_FLOAT = sys.float_info.max
_EXPECTED: dict[Json, str] = {
    "text": "text of valid characters",
    "integer": "a whole number of at most 64 bits",
    "float": "a finite number",
    "boolean": "true or false",
    "object": "an object",
    "list": "a list",
}


@dataclass(frozen=True)
class Decoded:
    """One answer: Result as an Arrow array of one struct, and the fields nobody declared."""

    result: pa.StructArray
    unknown: tuple[str, ...] = ()


class _Contradiction(ValueError):
    """A JSON object that gives one name two values: which of them holds is anybody's guess."""

    def __init__(self, name: str, values: list[Any]) -> None:
        super().__init__(name)
        self.name = printable(name, longest=80)
        self.values = values


def decode(endpoint: Endpoint, body: bytes, http_status: int = 200) -> Decoded:
    """Read one answer.

    Raises TryLater if the body is no JSON or holds neither Result nor Error; the error of the
    API's own envelope, also inside HTTP 200; WrongAnswer for a missing or mistyped field.
    """
    shape = envelope(endpoint)
    fast = _fast(shape, body)
    if fast is not None:
        return Decoded(fast)
    try:
        return _careful(endpoint, shape, body, http_status)
    except RecursionError as error:
        raise TryLater(
            f"the answer of {len(body)} bytes is nested deeper than any answer of the API",
            action=endpoint.action,
            http_status=http_status,
        ) from error


def _fast(shape: Node, body: bytes) -> pa.StructArray | None:
    """Result if the body is exactly as declared, else None."""
    # Arrow takes the whole process down if the body is just `null`.
    if not body.lstrip().startswith(b"{"):
        return None
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
        table.validate(full=True)  # the parser lets invalid UTF-8 through
    except pa.ArrowInvalid:
        return None
    if table.num_rows != 1:
        return None
    metadata, result = (table.column(n).combine_chunks() for n in ("ResponseMetadata", "Result"))
    if result.null_count or not metadata.field("Error").null_count:
        return None
    return result if _is_complete(_node(shape, "Result"), result) else None


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


def _careful(endpoint: Endpoint, shape: Node, body: bytes, http_status: int) -> Decoded:
    action = endpoint.action
    try:
        document = json.loads(body, object_pairs_hook=_object_of)
    except _Contradiction as error:
        raise WrongAnswer(action, f"a field {error.name}", error.values, "given once") from error
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
    cleaned = reader.clean(shape, document, "")
    array = pa.array([cleaned["Result"]], _node(shape, "Result").arrow)
    return Decoded(array, tuple(sorted(reader.unknown)))


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; naming a field twice is harmless as long as it says the same."""
    found = dict(pairs)
    if len(found) < len(pairs):
        for name, value in pairs:
            if value != found[name]:
                raise _Contradiction(name, [v for n, v in pairs if n == name])
    return found


def _is_valid(text: str) -> bool:
    """False for half a character: JSON can spell a lone surrogate, UTF-8 cannot hold it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


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
            case "text", str() if _is_valid(value):
                return value
            case "boolean", bool():
                return value
            case ("integer", int() | float()) if not isinstance(value, bool):
                if _SMALLEST_INT <= value <= _LARGEST_INT and value == int(value):
                    return int(value)
            case ("float", int() | float()) if not isinstance(value, bool):
                if abs(value) <= _LARGEST_FLOAT:  # false for NaN, too
                    return float(value)
        if node.kept:
            raise WrongAnswer(self.action, path, value, _EXPECTED[node.json])
        return None

    def _object(self, node: Node, value: dict[str, Any], path: str) -> dict[str, Any]:
        declared = {child.name: child for child in node.children}
        # A new field is reported once, not once for each row: without the positions in lists.
        self.unknown.update(
            printable(re.sub(r"\[\d+\]", "[]", f"{path}.{name}".lstrip(".")))
            for name in value
            if name not in declared
        )
        cleaned = {}
        for name, child in declared.items():
            below = f"{path}.{name}".lstrip(".")
            if child.required and name not in value:
                raise WrongAnswer(self.action, below, "missing", "there")
            cleaned[name] = self.clean(child, value.get(name), below)
            if child.required and cleaned[name] is None and child.json != "list":
                raise WrongAnswer(self.action, below, None, _EXPECTED[child.json])
        return cleaned

    def _item(self, node: Node, value: Any, path: str) -> Any:
        if value is None and node.kept:
            raise WrongAnswer(self.action, path, None, _EXPECTED[node.json])
        return self.clean(node, value, path)
