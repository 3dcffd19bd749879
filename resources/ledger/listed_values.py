"""Carriers and regions that a captured day was asked about, compared with the account's lists of them.

A list that was short when a day was captured leaves figures out of it that nobody asked for.
Not here: domains, streams and addresses (coverage.py, read it next).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from resources.api.catalog.cuts import text_of_region
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.spelling import Spelling
from resources.ledger.known_items import REGION_COLUMNS, listed_names
from resources.ledger.manifest_items import THE_ACCOUNT, UNASKED, item_key, items_in

LISTED_WITHIN = timedelta(days=3)
"""A value that is first listed so soon after a capture was there before: the list was short then.
One that is listed later is new, and makes no older day incomplete."""

_CARRIER, _REGION = "carrier ", "region "
_ISP_LIST = "ISPList"
_LISTS: Mapping[str, tuple[str, str, Sequence[str]]] = {
    "isps": (_CARRIER, "isp", ["isp"]),
    "areas": (_REGION, "region", REGION_COLUMNS[:1]),
    "countries": (_REGION, "region", REGION_COLUMNS[:2]),
    "provinces": (_REGION, "region", REGION_COLUMNS),
}
"""What a dataset takes from a list: prefix of the item, dataset that lists it, columns of its name."""
_KEY = Spelling.ANY_CASE.key


def lists_of(dataset: Dataset) -> tuple[str, ...]:
    """The lists, as fields of Inventory, of which a dataset asks for everything that they have."""
    is_split = _is_split_by_carrier(dataset)
    return tuple(dict.fromkeys((*(["isps"] if is_split else []), *dataset.drawn.values())))


def _is_split_by_carrier(dataset: Dataset) -> bool:
    return "ISP" in dataset.split and _ISP_LIST not in dataset.parameters


def asked_values(dataset: Dataset, manifest: Mapping[str, Any]) -> list[str]:
    """The carriers and regions that a capture asked for about all of its items, sorted.

    As items in the form in which they are compared.
    """
    found: set[str] = set()
    if _is_split_by_carrier(dataset):  # each request names all of them
        lists = [one["payload"].get(_ISP_LIST, ()) for one in _asked(dataset, manifest, "requests")]
        named = [{_KEY(_item("isps", value)) for value in values} for values in lists]
        found |= set.intersection(*named) if named else set()
    if dataset.drawn:
        found |= _drawn_values(dataset, manifest)
    return sorted(found)


def _drawn_values(dataset: Dataset, manifest: Mapping[str, Any]) -> set[str]:
    """Those of a cut that asks once for each value: asked for about every item, answered or not."""
    asked: dict[str, set[str]] = {}
    every: set[str] = set()
    for one in (*_asked(dataset, manifest, "requests"), *_asked(dataset, manifest, "lacking")):
        items = {item_key(dataset, item) for item in items_in(dataset, one) or (THE_ACCOUNT,)}
        every |= items
        for parameter, source in dataset.drawn.items():
            for value in one["payload"].get(parameter, ()):
                asked.setdefault(_KEY(_item(source, value)), set()).update(items)
    return {value for value, items in asked.items() if items == every}


def _asked(dataset: Dataset, manifest: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Entries of requests, without those about nothing but what is not asked any more."""
    unasked, entries = {*manifest.get(UNASKED, ())}, manifest.get(key, ())
    if not unasked:
        return [*entries]
    items = [{item_key(dataset, item) for item in items_in(dataset, one)} for one in entries]
    return [one for one, its in zip(entries, items, strict=True) if not its or its - unasked]


def _item(source: str, value: object) -> str:
    text = text_of_region(value) if isinstance(value, Mapping) else str(value)
    return f"{_LISTS[source][0]}{text}"


def listed_values(lake: Path, source: str) -> dict[str, date]:
    """What the newest list has that has anything, as items, each with the first day it was listed.

    `source` is a field of Inventory, such as isps. Raises PrerequisiteMissing for a damaged list.
    """
    prefix, name, columns = _LISTS[source]
    return {prefix + "/".join(one): day for one, day in listed_names(lake, name, columns).items()}


def never_asked(listed: Mapping[str, date], asked: Iterable[str], captured: date) -> list[str]:
    """The items of a list that a capture of that day should have asked for, and did not."""
    known = {*asked}
    return [
        found
        for found, day in listed.items()
        if _KEY(found) not in known and day <= captured + LISTED_WITHIN
    ]


def lacks_values(lacking: Iterable[str]) -> bool:
    """True if carriers or regions are among the items that a day lacks: it is then asked again whole."""
    return any(item.startswith((_CARRIER, _REGION)) for item in lacking)
