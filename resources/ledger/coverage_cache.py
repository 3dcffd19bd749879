"""Cache files of what captures asked about, by the name of the capture, which never changes.

Here: one file for each dataset, with a checksum of its own; each may be deleted. Not here: what the
entries mean (coverage.py).
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

from resources.fs import atomic

_FORMAT = 9


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


_kept: dict[Path, tuple[tuple[int, ...] | None, DatasetCache]] = {}


def read(path: Path) -> DatasetCache:
    """The cached items in a file; nothing if it is missing, damaged or of another format.

    The same object as before while nobody has written the file: with what was found since, in
    whatever thread. It takes about 100 kB for each year of a dataset.
    """
    state = _state(path)
    kept = _kept.get(path)
    if kept is None or kept[0] != state:
        kept = _kept[path] = state, _parsed(path)
    return kept[1]


def _state(path: Path) -> tuple[int, ...] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _parsed(path: Path) -> DatasetCache:
    try:
        digest, _, text = path.read_bytes().partition(b"\n")
        facts = json.loads(text)
        if hashlib.sha256(text).hexdigest().encode() == digest and facts["format"] == _FORMAT:
            captures = {name: _from_json(values) for name, values in facts["captures"].items()}
            return DatasetCache(captures, facts["item_sets"], facts["unlisted"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # then the manifests are read
    return DatasetCache()


def _from_json(values: list[Any]) -> CaptureItems:
    asked, lacking, sources, absent_sources, domains, listed = values
    return CaptureItems(
        asked, tuple(lacking), tuple(sources), tuple(absent_sources), domains, listed
    )


def write(path: Path, cached: DatasetCache) -> None:
    """Write a cache file, if this user may."""
    facts = {
        "format": _FORMAT,
        "captures": {name: astuple(items) for name, items in dict(cached.captures).items()},
        "item_sets": dict(cached.item_sets),
        "unlisted": dict(cached.unlisted),
    }
    text = json.dumps(facts, separators=(",", ":")).encode()
    with suppress(OSError):  # a user with read-only access reads all manifests each time
        path.parent.mkdir(exist_ok=True)
        atomic.write_atomically(path, hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
        _kept[path] = _state(path), cached
