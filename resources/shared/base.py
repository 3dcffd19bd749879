"""What a home and the store had in common when they last met: the base of comparing them.

    state/shared/base.json.gz

It may be deleted: then every file is read and compared. Not here: the comparison (tree.py, read it next).
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from resources.fs import atomic
from resources.home.layout import Home
from resources.shared.index import Entry, IndexName

Stamp = tuple[int, int]
"""Size and modification time in nanoseconds: a file that has them unchanged is not read again."""


def folder_of(home: Home) -> Path:
    """Where this host keeps what it knows of the store."""
    return home.state / "shared"


@dataclass(frozen=True)
class Base:
    """The files that home and store had in common, by path."""

    place: str = ""  # bucket and prefix
    index: IndexName | None = None
    is_swept: bool = True
    files: Mapping[str, Entry] = field(default_factory=dict)
    stamps: Mapping[str, Stamp] = field(default_factory=dict)  # of those that may change

    @classmethod
    def of(cls, home: Home, place: str) -> Base:
        """That of a home and a place; an empty one if they never met, or it cannot be read."""
        with suppress(OSError, EOFError, ValueError, KeyError, TypeError):
            data = _path(home).read_bytes()
            digest, _, packed = data.partition(b"\n")
            facts = json.loads(gzip.decompress(packed))
            is_whole = hashlib.sha256(packed).hexdigest().encode() == digest
            if is_whole and facts["place"] == place:
                return cls(
                    place,
                    IndexName.parse(facts["index"]),
                    facts["is_swept"],
                    {path: Entry(sha, size) for path, (sha, size) in facts["files"].items()},
                    {path: (size, at) for path, (size, at) in facts["stamps"].items()},
                )
        return cls(place)

    def save(self, home: Home) -> None:
        """Write it."""
        facts = {
            "place": self.place,
            "index": self.index and self.index.key,
            "is_swept": self.is_swept,
            "files": {path: [one.sha256, one.size] for path, one in self.files.items()},
            "stamps": self.stamps,
        }
        packed = gzip.compress(json.dumps(facts, separators=(",", ":")).encode(), 1, mtime=0)
        folder_of(home).mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(packed).hexdigest().encode()
        atomic.write_atomically(_path(home), digest + b"\n" + packed)


def _path(home: Home) -> Path:
    return folder_of(home) / "base.json.gz"
