"""Reads the lines of a log file, gzipped or plain, within bounds.

Not here: what a line says (mentions.py, parse.py).
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from resources.errors import LivestatsError

LONGEST = 1 << 20
"""Bytes of a line. None that is documented has more than some thousand."""

_GZIP = b"\x1f\x8b"


class UnreadableFile(LivestatsError):
    """The lines of a file cannot be read; the message says why."""


def is_gzip(path: Path) -> bool:
    """Whether a file is gzipped, by its first bytes."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP


def is_whole_gzip(path: Path) -> bool:
    """Whether a file is gzipped and unpacks to its end."""
    try:
        with gzip.open(path) as file:
            while file.read(LONGEST):
                pass
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return False
    return is_gzip(path)  # no byte at all unpacks to nothing


def read(path: Path, most_bytes: int | None = None) -> Iterator[bytes]:
    """The lines of a file, each with its end. Never more than a line is in memory.

    Raises UnreadableFile for a damaged file, a line above LONGEST, or more than `most_bytes` unpacked.
    """
    total = 0
    with path.open("rb") as raw:
        opened = gzip.GzipFile(fileobj=raw) if is_gzip(path) else raw
        file = cast(BinaryIO, opened)
        try:
            while line := file.readline(LONGEST + 1):
                total += len(line)
                if len(line) > LONGEST:
                    raise UnreadableFile(f"{path}: a line has more than {LONGEST} bytes")
                if most_bytes is not None and total > most_bytes:
                    raise UnreadableFile(f"{path}: more than {most_bytes} bytes unpacked")
                yield line
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise UnreadableFile(f"{path} is damaged: {error}") from error
