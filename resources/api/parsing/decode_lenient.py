"""The lenient decoder: accepts harmless deviations and names the others with path and value.

It is many times slower than Arrow's parser, so it reads only what the strict decoder refuses
(decode.py, read it next).
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from resources.api.error_codes import from_answer, read_refusal
from resources.api.errors import NEITHER, NO_RESULT, TryLater, WrongAnswer, printable
from resources.api.parsing.response_schema import Json, Node

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


class _DuplicateField(ValueError):
    """A JSON object has one field twice with different values; neither can be preferred."""

    def __init__(self, name: str, values: list[Any]) -> None:
        super().__init__(name)
        self.name = printable(name, longest=80)
        self.values = values


def read(
    action: str, shape: Node, text: bytes, http_status: int, size: int, first: int = 0
) -> tuple[Any, set[str], bool]:
    """(the document `text` reduced to `shape`, names of undeclared fields, whether it has a Result).

    `text` is a response of `size` bytes, or a slice of its list that begins at item `first`.

    Raises TryLater if it is not JSON or has neither Result nor Error; the error that the API's
    envelope states; WrongAnswer for a missing or mistyped field.
    """
    try:
        document = json.loads(text, object_pairs_hook=_unique_fields)
    except _DuplicateField as error:
        raise WrongAnswer(action, f"a field {error.name}", error.values, "given once") from error
    except ValueError as error:  # UnicodeDecodeError is one too
        raise TryLater(
            f"the answer of {size} bytes is no JSON: cut off, or from a gateway",
            action=action,
            http_status=http_status,
            no_answer=True,
        ) from error
    refusal = read_refusal(document)
    if refusal is not None:
        raise from_answer(action, http_status, refusal)
    if not isinstance(document, dict) or not _has_result(shape, document):
        beside = _beside(shape, document) if isinstance(document, dict) else []
        raise TryLater(
            NEITHER + (f", but {printable(', '.join(beside), longest=80)}" if beside else ""),
            NO_RESULT,
            action=action,
            http_status=http_status,
            no_answer=not isinstance(document, dict) or "ResponseMetadata" not in document,
        )
    reader = _Reader(action, first)
    return reader.clean(shape, document, ""), reader.unknown, "Result" in document


def _has_result(shape: Node, document: dict[str, Any]) -> bool:
    """True if there is a Result. A null is one where the vendor's types allow it: there is nothing.

    It is none if something else stands beside it: a gateway that tells a failure in words of its own
    says null as well. Where it may be null, it may be missing beside the metadata of an answer; whether
    that is taken for nothing is a setting (api.missing_result).
    """
    if isinstance(document.get("Result"), dict):
        return True
    if "Result" in document:
        is_null = document["Result"] is None
    else:
        is_null = _names_a_request(document.get("ResponseMetadata"))
    return is_null and not shape.child("Result").required and not _beside(shape, document)


def _names_a_request(metadata: object) -> bool:
    """True for the metadata of an answer: they name the request that it belongs to."""
    found = metadata if isinstance(metadata, dict) else {}
    return any(isinstance(found.get(name), str) for name in ("RequestId", "RequestID"))


def _beside(shape: Node, document: dict[str, Any]) -> list[str]:
    """Names of the fields beside Result that no answer of the API has, those that say something."""
    declared = {child.name for child in shape.children}
    return [name for name, value in document.items() if name not in declared and value]


def unknown_name(path: str, name: str) -> str:
    """Path of an undeclared field, without list positions, so that it is reported once."""
    return printable(re.sub(r"\[\d+\]", "[]", f"{path}.{name}".lstrip(".")))


def _unique_fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. A repeated field is accepted if all its values are equal."""
    found = dict(pairs)
    if len(found) < len(pairs):
        for name, value in pairs:
            if value != found[name]:
                raise _DuplicateField(name, [v for n, v in pairs if n == name])
    return found


def _is_valid(text: str) -> bool:
    """False for a lone surrogate: JSON can escape it, UTF-8 cannot encode it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Reader:
    """Reduces parsed JSON to the declared fields; collects the names of the others in `unknown`."""

    def __init__(self, action: str, first: int) -> None:
        self.action, self.first = action, first
        self.unknown: set[str] = set()

    def clean(self, node: Node, value: Any, path: str) -> Any:
        """`value` as `node` declares it; a wrong type in a field that is not kept becomes None.

        Raises WrongAnswer where a kept field is missing or has another type.
        """
        match node.json, value:
            case _, None:
                return None
            case "object", dict():
                return self._object(node, value, path)
            case "list", list():
                start = self.first if path.count(".") == 1 and "[" not in path else 0
                return [
                    self._item(node.children[0], v, f"{path}[{i}]")
                    for i, v in enumerate(value, start)
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
            case "integer", str() if node.is_echo and value.isdecimal() and len(value) < 19:
                return int(value)
            case "text", int() if node.is_echo and not isinstance(value, bool):
                if abs(value) <= _LARGEST_INT:
                    return str(value)
        if node.kept or node.is_echo:
            raise WrongAnswer(self.action, path, value, _EXPECTED[node.json])
        return None

    def _object(self, node: Node, value: dict[str, Any], path: str) -> dict[str, Any]:
        declared = {child.name: child for child in node.children}
        self.unknown.update(unknown_name(path, name) for name in value if name not in declared)
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
