"""Carriers that a captured day is split by, compared with the list of carriers.

A list that was short when a day was captured leaves figures out of it that nobody asked for.
Not here: domains, streams and addresses (coverage.py, read it next).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from resources.api.catalog.datasets import Dataset
from resources.api.catalog.spelling import Spelling
from resources.lake import parquet
from resources.ledger.known_items import read_columns, snapshots

LISTED_WITHIN = timedelta(days=3)
"""A carrier that is first listed so soon after a capture was there before: the list was short then.
One that is listed later is new, and makes no older day incomplete."""

_PREFIX = "carrier "
_KEY = Spelling.ANY_CASE.key


def is_split_by_carrier(dataset: Dataset) -> bool:
    """True if a dataset asks for every carrier that is listed."""
    return "ISP" in dataset.split and "ISPList" not in dataset.parameters


def asked_carriers(dataset: Dataset, manifest: Mapping[str, Any]) -> list[str]:
    """The carriers that every request of a capture names, sorted."""
    if not is_split_by_carrier(dataset):
        return []
    lists = [{*map(_KEY, one["payload"].get("ISPList", ()))} for one in manifest["requests"]]
    return sorted(set.intersection(*lists)) if lists else []


def listed_carriers(lake: Path) -> dict[str, date]:
    """The carriers of the newest list that has any, each with the day of the first that has it."""
    first: dict[str, date] = {}
    newest: Sequence[str] = ()
    for path in snapshots(lake, "isp"):
        listed = read_columns(path, ["isp"])["isp"].to_pylist()
        names = [name for name in listed if name.strip()]  # a blank is none
        newest = names or newest  # an empty list is a fault that passes
        for name in names:
            first.setdefault(_KEY(name), parquet.day_of(path))
    return {name: first[_KEY(name)] for name in newest}


def never_asked(listed: Mapping[str, date], asked: Iterable[str], captured: date) -> list[str]:
    """The carriers that a capture of that day should have asked for, as items that it lacks."""
    known = {*asked}
    return [
        f"{_PREFIX}{name}"
        for name, day in listed.items()
        if _KEY(name) not in known and day <= captured + LISTED_WITHIN
    ]


def lacks_carriers(lacking: Iterable[str]) -> bool:
    """True if carriers are among the items that a day lacks: all of the day is then asked again."""
    return any(item.startswith(_PREFIX) for item in lacking)
