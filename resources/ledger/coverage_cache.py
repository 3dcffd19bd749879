"""Cache files of what captures asked about, by the name of the capture, which never changes.

Here: one file for each dataset, with a checksum of its own; each may be deleted. Not here: what the
entries mean (coverage.py).
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

from resources.ledger import cache_file

_FORMAT = "items 10"


@dataclass(frozen=True)
class CaptureItems:
    """What a capture asked about, from its manifest. Never changes: neither does the capture."""

    asked: str  # digest of the items that were asked
    lacking: tuple[str, ...] = ()  # items with a request that has no proven answer
    sources: tuple[str, ...] = ()  # captures that listed the streams or addresses
    absent_sources: tuple[str, ...] = ()  # datasets that list some and were not captured then
    domains: str = ""  # digest of the domains that were known then
    values: str = ""  # digest of the carriers and regions that were asked for


@dataclass
class DatasetCache:
    """The cached items of one dataset's captures."""

    captures: dict[str, CaptureItems] = field(default_factory=dict)  # by name
    item_sets: dict[str, list[str]] = field(
        default_factory=dict
    )  # digest -> domains, listed values
    unlisted: dict[str, list[str]] = field(default_factory=dict)  # comparison -> lacking items
    changes: int = 0


_kept: dict[Path, tuple[cache_file.Stat | None, DatasetCache]] = {}


def read(path: Path) -> DatasetCache:
    """The cached items in a file; nothing if it is missing, damaged or of another format.

    The same object as before while nobody has written the file: with what was found since, in
    whatever thread. It takes about 100 kB for each year of a dataset.
    """
    state = cache_file.stat_of(path)
    kept = _kept.get(path)
    if kept is None or kept[0] != state:
        kept = _kept[path] = state, _parsed(path)
    return kept[1]


def _parsed(path: Path) -> DatasetCache:
    facts = cache_file.read(path, _FORMAT)
    if not facts:
        return DatasetCache()
    captures = {name: _from_json(values) for name, values in facts["captures"].items()}
    return DatasetCache(captures, facts["item_sets"], facts["unlisted"])


def _from_json(values: list[Any]) -> CaptureItems:
    asked, lacking, sources, absent_sources, domains, listed = values
    return CaptureItems(
        asked, tuple(lacking), tuple(sources), tuple(absent_sources), domains, listed
    )


def write(path: Path, cached: DatasetCache) -> None:
    """Write a cache file, if this user may."""
    facts = {
        "captures": {name: astuple(items) for name, items in dict(cached.captures).items()},
        "item_sets": dict(cached.item_sets),
        "unlisted": dict(cached.unlisted),
    }
    if cache_file.write(path, _FORMAT, facts):
        _kept[path] = cache_file.stat_of(path), cached
