"""The checksum of a lake file: the SHA-256 of all its other bytes, in its own footer.

Parquet has a checksum per data page, but none for the footer. The digest replaces a placeholder of
its length there, so one rename publishes file and checksum together. Read next: parquet.py.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from resources.errors import LivestatsError

KEY = b"livestats.sha256"
"""Key of the checksum in the metadata of a file; its value is BLANK until `write`."""

BLANK = b"0" * (hashlib.sha256().digest_size * 2)
# In the footer: the key, then, in Thrift's compact protocol, its value as a string of that length.
# Data cannot imitate it: statistics come before it in the footer, and JSON escapes byte 0x18.
_MARK = KEY + bytes([0x18, len(BLANK)])
_TAIL = 1 << 18  # the mark is within so many last bytes; the footer is far smaller
_CHUNK = 1 << 20


class DamagedFile(LivestatsError):
    """The bytes of a lake file are not those that were written; the message says how."""


def write(path: Path) -> None:
    """Replace the placeholder in a finished file by its checksum."""
    at, _, digest = _digests(path)
    with path.open("r+b") as file:
        file.seek(at)
        file.write(digest)


def check(path: Path) -> None:
    """Verify the checksum of a lake file. Raises DamagedFile if it differs, OSError if unreadable."""
    _, told, found = _digests(path)
    if told != found:
        raise DamagedFile("has changed since it was written")


def _digests(path: Path) -> tuple[int, bytes, bytes]:
    """Offset of a file's checksum, the stored checksum, and the computed one."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        start = max(0, file.seek(0, os.SEEK_END) - _TAIL)
        file.seek(start)
        at = file.read().rfind(_MARK)
        if at < 0:
            raise DamagedFile("holds no checksum: it was cut short, or livestats did not write it")
        at += start + len(_MARK)
        file.seek(0)
        while chunk := file.read(min(_CHUNK, at - file.tell())):
            digest.update(chunk)
        told = file.read(len(BLANK))
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return at, told, digest.hexdigest().encode()
