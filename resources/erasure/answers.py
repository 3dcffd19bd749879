"""Cuts an item out of the text of an answer: its rows go, and every other byte stays as it was.

Here: JSON as text. Not here: the requests of an answer (requests.py), files (rewrite.py, read it next).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from json.decoder import WHITESPACE  # type: ignore[attr-defined]
from typing import Any

from resources.api.catalog import DATASETS
from resources.api.catalog.columns import APP, DOMAIN, STREAM
from resources.api.catalog.spelling import domain_spellings
from resources.errors import LivestatsError
from resources.raw.erasures import ItemKind, Sought, item_text

IDENTITY = (DOMAIN.name, APP.name, STREAM.name)
PERSONAL = frozenset(
    str(c.field) for d in DATASETS.values() for c in d.columns if c.is_personal and c.field
)
"""Names of the fields that hold addresses of persons, on the wire."""

_LONGEST = 253  # of a domain


class NotJson(LivestatsError):
    """A body that is no JSON: nothing can be cut out of it."""


def without(body: bytes, item: Sought, names: Mapping[str, str]) -> bytes:
    """The body without the item; the same bytes if it is not in it. `names`: what was asked about.

    Raises NotJson if it may name the item and is no JSON.
    """
    text = body.decode("utf-8", "surrogateescape")
    if not may_hold(text, item):
        return body
    try:
        cut = _Cut(text, item).all(names)
    except (ValueError, StopIteration, IndexError, RecursionError) as error:
        raise NotJson(str(error)) from error
    return body if cut == text else cut.encode("utf-8", "surrogateescape")


def may_hold(text: str, item: Sought) -> bool:
    """False if the text names the item in no spelling. Escapes may spell anything."""
    if item.text is None or "\\" in text:
        return True
    if item.kind is ItemKind.STREAM:
        return f'"{item.text.split("/", 2)[2]}"' in text
    if item.kind is ItemKind.ADDRESS and ":" in item.text:
        return ":" in text
    lower = text.lower()
    if item.kind is ItemKind.DOMAIN and not text.isascii() and len(domain_spellings(item.text)) > 1:
        return True  # which of the forms of letters beyond ASCII stands there is seen by its values
    return item.text in lower


def is_mention(value: object, item: Sought) -> bool:
    """True if a value by itself is the item. The name of a stream alone says nothing."""
    if not isinstance(value, str) or item.kind is ItemKind.STREAM or len(value) > _LONGEST + 1:
        return False
    return _may_be(item.kind, value) and item.is_text(item_text(item.kind, value))


def _may_be(kind: ItemKind, value: str) -> bool:
    """False for most values that are of another kind, so that they need not be hashed."""
    if kind is ItemKind.ADDRESS:
        return "." in value or ":" in value
    return " " not in value and "/" not in value


def is_of(item: Sought, names: Mapping[str, str]) -> bool:
    """True if a row with these names, of Domain, App and Stream, is about the item."""
    domain, app, stream = (names.get(name) for name in IDENTITY)
    if domain is None or item.kind is ItemKind.ADDRESS:
        return False
    if item.kind is ItemKind.DOMAIN:
        return item.is_text(item_text(item.kind, domain))
    return stream is not None and item.is_text(
        item_text(item.kind, f"{domain}/{app or ''}/{stream}")
    )


class _Cut:
    """One pass over a text."""

    def __init__(self, text: str, item: Sought) -> None:
        self._text, self._item = text, item
        self._scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]

    def all(self, names: Mapping[str, str]) -> str:
        start = self._skip(0)
        found, end = self._value(start, names, in_list=False)
        if self._skip(end) != len(self._text):
            raise ValueError("it goes on after its end")
        return f"{self._text[:start]}{found}{self._text[end:]}"

    def _skip(self, at: int) -> int:
        return int(WHITESPACE.match(self._text, at).end())

    def _value(self, at: int, names: Mapping[str, str], *, in_list: bool) -> tuple[str | None, int]:
        """The value at a place without the item, None if it is dropped from its list; its end."""
        found, end = self._scan(self._text, at)
        span = self._text[at:end]
        if not may_hold(span, self._item):
            return span, end
        if isinstance(found, dict):
            own = {k: found[k] for k in IDENTITY if isinstance(found.get(k), str)}
            names = {**names, **own}
            if in_list and self._is_row_of(found, names):
                return None, end
            if not any(self._is_of_interest(one) for one in found.values()):
                return span, end
            text, is_emptied = self._object(at, names)
            return (None if in_list and is_emptied else text), end
        if isinstance(found, list):
            return self._array(at, names)[0], end
        if is_mention(found, self._item):
            return (None if in_list else '""'), end
        return span, end

    def _is_of_interest(self, value: object) -> bool:
        return isinstance(value, dict | list) or is_mention(value, self._item)

    def _is_row_of(self, found: Mapping[str, Any], names: Mapping[str, str]) -> bool:
        if self._item.kind is not ItemKind.ADDRESS:
            return is_of(self._item, names)
        return any(is_mention(found[name], self._item) for name in PERSONAL & {*found})

    def _object(self, at: int, names: Mapping[str, str]) -> tuple[str, bool]:
        """The object at a place, and whether a list of rows in it lost all of them."""
        pieces, copied, is_emptied = [], at, False
        at = self._skip(at + 1)
        while self._text[at] != "}":
            at = self._skip(self._scan(self._text, at)[1])  # the name
            at = self._skip(at + 1)  # the colon
            pieces.append(self._text[copied:at])
            if self._text[at] == "[":
                text, end, lost_all = self._array(at, names)
                is_emptied = is_emptied or lost_all
            else:
                found, end = self._value(at, names, in_list=False)
                text = str(found)
            pieces.append(text)
            copied = end
            at = self._skip(end)
            if self._text[at] == ",":
                at = self._skip(at + 1)
        return "".join((*pieces, self._text[copied : at + 1])), is_emptied

    def _array(self, at: int, names: Mapping[str, str]) -> tuple[str, int, bool]:
        """The list at a place, its end, and whether it lost all of its rows."""
        pieces, start, first = ["["], at + 1, None
        at = self._skip(at + 1)
        dropped = kept = 0
        while self._text[at] != "]":
            before = self._text[start:at]  # white space, and the comma
            first = before if first is None else first
            is_row = self._text[at] == "{"
            text, end = self._value(at, names, in_list=True)
            if text is None:
                dropped += is_row
            else:
                pieces += [before if kept else first, text]
                kept += 1
            start, at = end, self._skip(end)
            if self._text[at] == ",":
                at = self._skip(at + 1)
        return "".join((*pieces, self._text[start : at + 1])), at + 1, bool(dropped and not kept)
