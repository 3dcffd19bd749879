"""The index of a shared home: which files it has, and the objects that hold them.

    data/<sha256>                                    an object: the content of one file or of several
    index/<fence>-<number>-<checksum>.json.gz        the files; the newest of these is the shared home

No object is ever replaced, and what no index names is not there: an index put last is the commit of all that it
names. `fence` is the number of the lease: what a host writes late, after it has lost the lease, sorts
before what the host after it wrote. Not here: what a host has of it (base.py, read it next).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resources.fs.object_store import ObjectStore, StoreError

FORMAT = 1
FOLDER, DATA = "index", "data"
_KEY = re.compile(r"index/([0-9]{20})-([0-9]{10})-([0-9a-f]{16})\.json\.gz")


@dataclass(frozen=True, order=True)
class IndexName:
    """The name of an index; the newest is the greatest."""

    fence: int
    number: int
    digest: str  # first 16 hexadecimal digits of its SHA-256

    @classmethod
    def parse(cls, key: str) -> IndexName | None:
        """The name in a key; None for any other object."""
        match = _KEY.fullmatch(key)
        return cls(int(match[1]), int(match[2]), match[3]) if match else None

    @property
    def key(self) -> str:
        """The key of its object."""
        return f"{FOLDER}/{self.fence:020d}-{self.number:010d}-{self.digest}.json.gz"


@dataclass(frozen=True)
class Entry:
    """A file of the shared home."""

    sha256: str
    size: int  # bytes

    @property
    def key(self) -> str:
        """The key of the object that holds it."""
        return f"{DATA}/{self.sha256}"


@dataclass(frozen=True, kw_only=True)
class Index:
    """The files of a shared home."""

    home: str  # id of the archive
    host: str  # that wrote it, for people
    files: Mapping[str, Entry]  # by path below the home
    is_swept: bool = True  # False: an erasure left objects, which are to be deleted

    def pack(self) -> bytes:
        """It as an object."""
        facts = {
            "format": FORMAT,
            "home": self.home,
            "host": self.host,
            "is_swept": self.is_swept,
            "files": {path: [one.sha256, one.size] for path, one in sorted(self.files.items())},
        }
        return gzip.compress(json.dumps(facts, separators=(",", ":")).encode(), 6, mtime=0)


def newest(store: ObjectStore) -> IndexName | None:
    """The name of the newest index; None if the store has none. Raises StoreError."""
    names = (IndexName.parse(key) for key in store.keys(FOLDER))
    return max((name for name in names if name is not None), default=None)


def read(store: ObjectStore, name: IndexName) -> Index:
    """An index. Raises StoreError, also if it is not as it was written."""
    target = io.BytesIO()
    store.get(name.key, target)
    data = target.getvalue()
    try:
        if hashlib.sha256(data).hexdigest()[:16] != name.digest:
            raise ValueError("it has changed since it was written")
        facts = json.loads(gzip.decompress(data))
        if facts["format"] != FORMAT:
            raise StoreError(
                f"{store.place.text} was written by a newer livestats. Use one version on all hosts."
            )
        return _of_facts(facts)
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{store.place.text}/{name.key} is damaged: {error}. Bring it back from an earlier version of the "
            "bucket, or empty the place: then a host with the archive puts all of it there again."
        ) from error


def _of_facts(facts: Mapping[str, Any]) -> Index:
    return Index(
        home=str(facts["home"]),
        host=str(facts["host"]),
        is_swept=bool(facts["is_swept"]),
        files={path: Entry(str(sha), int(size)) for path, (sha, size) in facts["files"].items()},
    )


def write(store: ObjectStore, index: Index, after: IndexName | None, fence: int) -> IndexName:
    """Put an index behind `after`, as the holder of the lease `fence`, and read it back; its name.

    Raises StoreError.
    """
    data, target = index.pack(), io.BytesIO()
    digest = hashlib.sha256(data).hexdigest()[:16]
    if after is None or fence > after.fence:
        name = IndexName(fence, 0, digest)
    else:
        name = IndexName(after.fence, after.number + 1, digest)
    store.put(io.BytesIO(data), name.key)
    store.get(name.key, target)
    if target.getvalue() != data:
        raise StoreError(
            f"{store.place.text}/{name.key} does not read back as it was put. Run again."
        )
    return name
