"""What a manifest says without an item: requests, what lacks, counts and words.

Not here: the answers (answers.py), counts that are made anew from the rows (rewrite.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from resources.api.catalog.columns import APP, DOMAIN, STREAM
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import Scope
from resources.erasure.answers import is_mention, is_of
from resources.raw.erasures import ItemKind, Sought

GONE = "(erased)"
"""In the place of a text that named the item."""

_LISTS = ("lacking", "rejected", "unanswered")


def names_of(dataset: Dataset, payload: Mapping[str, Any]) -> dict[str, str]:
    """What the rows of a request are about, if all of them are; nothing for a whole account."""
    if DOMAIN.column not in dataset.column:
        return {}
    domains = payload.get("DomainList")
    found = {name: payload.get(name) for name in (DOMAIN.name, APP.name, STREAM.name)}
    if found[DOMAIN.name] is None and isinstance(domains, list) and len(domains) == 1:
        found[DOMAIN.name] = domains[0]
    return {name: value for name, value in found.items() if isinstance(value, str)}


def payload_without(
    dataset: Dataset, payload: Mapping[str, Any], item: Sought
) -> dict[str, Any] | None:
    """A request without the item; None if it is about nothing else."""
    if is_of(item, names_of(dataset, payload)):
        return None
    left: dict[str, Any] = {}
    for name, value in payload.items():
        if isinstance(value, list):
            rest = [one for one in value if not is_mention(one, item)]
            if value and not rest and _is_about_items(dataset):
                return None
            left[name] = rest
        else:
            left[name] = "" if is_mention(value, item) else value
    return left


def _is_about_items(dataset: Dataset) -> bool:
    return dataset.scope is Scope.ADDRESSES or DOMAIN.column in dataset.column


def entry_without(
    dataset: Dataset, entry: Mapping[str, Any], item: Sought
) -> dict[str, Any] | None:
    """An entry of a manifest about a request; None if it is about nothing else."""
    payload = payload_without(dataset, entry["payload"], item)
    if payload is None:
        return None
    left = {**entry, "payload": payload}
    for key in ("only", "items"):
        if key in entry:
            left[key] = [one for one in entry[key] if not _names(item, one)]
    return {k: _words(v, item) if k in ("error",) else v for k, v in left.items()}


def _names(item: Sought, text: str) -> bool:
    """True if an item of a request, as `items_of` gives it, is the erased one or of it."""
    if item.kind is ItemKind.ADDRESS:
        return is_mention(text, item)
    domain, _, rest = text.partition("/")
    app, _, stream = rest.partition("/")
    names = {DOMAIN.name: domain, **({APP.name: app, STREAM.name: stream} if rest else {})}
    return is_of(item, names)


def facts_without(
    dataset: Dataset, facts: Mapping[str, Any], item: Sought, kept: Sequence[int] | None = None
) -> dict[str, Any]:
    """All entries of a manifest but `requests`, without the item.

    `kept`: numbers of the requests that stay; rejected answers have an entry for each.
    """
    left: dict[str, Any] = {}
    for key, value in facts.items():
        if key == "rejected" and kept is not None:
            entries = [entry_without(dataset, value[n], item) for n in kept if n < len(value)]
            left[key] = [one for one in entries if one is not None]
        elif key in _LISTS and isinstance(value, list):
            entries = [entry_without(dataset, one, item) for one in value]
            left[key] = [one for one in entries if one is not None]
        elif key == "settings":  # compared with the settings of today, which name it as well
            left[key] = value
        else:
            left[key] = _cleaned(value, item)
    if not left.get("lacking", True):
        del left["lacking"]
    return left


def _cleaned(value: Any, item: Sought) -> Any:
    """A fact without keys, elements and words that are the item."""
    if isinstance(value, dict):
        return {k: _cleaned(v, item) for k, v in value.items() if not is_mention(k, item)}
    if isinstance(value, list):
        rows = [one for one in value if not _is_dropped(one, item)]
        return [_cleaned(one, item) for one in rows]
    return _words(value, item)


def _is_dropped(value: Any, item: Sought) -> bool:
    """True for an element of a list that is the item, or a row or a sentence about it."""
    if isinstance(value, list):  # see lake/long_events.py
        return any(is_mention(one, item) for one in value)
    return isinstance(value, str) and (is_mention(value, item) or _words(value, item) == GONE)


def _words(value: Any, item: Sought) -> Any:
    """A text that quotes the item is replaced; only one whose value is known can be found so."""
    if not isinstance(value, str) or item.text is None:
        return value
    quotes = [item.text] if item.kind is not ItemKind.STREAM else item.text.split("/", 2)
    return GONE if all(_is_word(one, value) for one in quotes if one) else value


def _is_word(word: str, text: str) -> bool:
    """True if a name stands in a text by itself, not as a part of a longer one."""
    return re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-]|\.\w)", text, re.I) is not None


def words_without(facts: Any, item: Sought) -> Any:
    """Notes without texts that quote the item."""
    if isinstance(facts, dict):
        return {k: words_without(v, item) for k, v in facts.items()}
    if isinstance(facts, list):
        return [words_without(one, item) for one in facts]
    return _words(facts, item)
