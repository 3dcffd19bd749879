"""Moves single files between a home and the store, several at a time, each held against its SHA-256.

Not here: which files (pull.py, push.py).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from resources.fs import atomic
from resources.fs.digest_writer import DigestWriter
from resources.fs.object_store import ObjectStore, StoreError
from resources.shared.index import Entry

AT_ONCE = 8
"""Requests under way: one waits for the network, and does little else."""

T = TypeVar("T")


@dataclass
class Moved:
    """What was moved, in one direction."""

    files: int = 0
    bytes: int = 0

    def add(self, entries: Iterable[Entry]) -> None:
        """Count files."""
        for one in entries:
            self.files, self.bytes = self.files + 1, self.bytes + one.size


def for_each(items: Iterable[T], work: Callable[[T], None]) -> None:
    """Do `work` for each item, several at a time; the first error ends it, and is raised."""
    with ThreadPoolExecutor(AT_ONCE, "shared") as threads:
        waiting = [threads.submit(work, one) for one in items]
        try:
            for one in waiting:
                one.result()
        except BaseException:
            threads.shutdown(wait=True, cancel_futures=True)
            raise


def fetch(store: ObjectStore, entry: Entry, path: Path) -> None:
    """Write an object into the new file `path`. Raises StoreError, also if it is not as it was put."""
    target = DigestWriter(path)
    try:
        store.get(entry.key, target)
    finally:
        target.close()
    if not target.has_taken(entry.size, entry.sha256):
        path.unlink()
        raise StoreError(
            f"{store.place.text}/{entry.key} is not what was put there: {target.size:,} other bytes than the "
            f"{entry.size:,} that the index names. Bring it back from an earlier version of the bucket, or let "
            "a host whose home has the file run `livestats sync --all`."
        )
    atomic.fsync(path)


def put(store: ObjectStore, path: Path, entry: Entry) -> None:
    """Put a file and read it back. Raises StoreError, OSError."""
    with path.open("rb") as source:
        store.put(source, entry.key)
    there = DigestWriter()
    store.get(entry.key, there)
    if not there.has_taken(entry.size, entry.sha256):
        raise StoreError(
            f"{store.place.text}/{entry.key} reads back as {there.size:,} other bytes than the {entry.size:,} "
            f"of {path}: the file changed meanwhile, or the store does not keep what it gets. Run again."
        )


def link(source: Path, path: Path) -> None:
    """Make `path` the same file as `source`, or a copy where the file system has no hard links."""
    try:
        os.link(source, path)
    except OSError:
        shutil.copyfile(source, path)
        atomic.fsync(path)
