"""Cache files of the ledger: JSON with a checksum and the version of its format. Each may be deleted.

Not here: what is in them (file_index.py, coverage_cache.py).
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from resources.fs import atomic

Stat = tuple[int, int, int, int]
"""Inode, bytes, mtime and ctime in ns, of a folder or file."""


def stat_of(path: Path) -> Stat | None:
    """The stat of a cache file; None if there is none. Every write gives another one."""
    try:
        return numbers_of(path.stat())
    except OSError:
        return None


def numbers_of(stat: os.stat_result) -> Stat:
    """The four numbers of `stat` that tell whether a file or folder was changed."""
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def read(path: Path, version: str) -> dict[str, Any]:
    """The facts in a cache file; {} if it is missing, damaged or of another version.

    `version` names what is in the file and its form, which a change of either changes.
    """
    try:
        digest, _, text = path.read_bytes().partition(b"\n")
        if hashlib.sha256(text).hexdigest().encode() == digest:
            found = json.loads(text)
            if found["format"] == version:
                return dict(found["facts"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # then the archive is read
    return {}


def write(path: Path, version: str, facts: dict[str, Any]) -> bool:
    """Write a cache file; False if this user may not, who reads the archive in each command."""
    text = json.dumps({"format": version, "facts": facts}, separators=(",", ":")).encode()
    with suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        atomic.write_atomically(path, hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
        return True
    return False
