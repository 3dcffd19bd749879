"""Cache files of what captures asked about, by the name of the capture, which never changes.

Here: one file for each dataset, with a checksum of its own; each may be deleted. Not here: what the
entries mean (coverage.py).
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from resources.fs import atomic

_FORMAT = 8


@dataclass
class DatasetCache:
    """The cached items of one dataset's captures."""

    captures: dict[str, list[Any]] = field(default_factory=dict)  # name -> CaptureItems
    item_sets: dict[str, list[str]] = field(
        default_factory=dict
    )  # digest -> domains, listed values
    unlisted: dict[str, list[str]] = field(default_factory=dict)  # comparison -> lacking items
    changes: int = 0


def read(path: Path) -> DatasetCache:
    """The cached items in a file; nothing if it is missing, damaged or of another format."""
    try:
        digest, _, text = path.read_bytes().partition(b"\n")
        facts = json.loads(text)
        if hashlib.sha256(text).hexdigest().encode() == digest and facts["format"] == _FORMAT:
            return DatasetCache(facts["captures"], facts["item_sets"], facts["unlisted"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # then the manifests are read
    return DatasetCache()


def write(path: Path, cached: DatasetCache) -> None:
    """Write a cache file, if this user may."""
    facts = {
        "format": _FORMAT,
        "captures": cached.captures,
        "item_sets": cached.item_sets,
        "unlisted": cached.unlisted,
    }
    text = json.dumps(facts, separators=(",", ":")).encode()
    with suppress(OSError):  # a user with read-only access reads all manifests each time
        path.parent.mkdir(exist_ok=True)
        atomic.write_atomically(path, hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
