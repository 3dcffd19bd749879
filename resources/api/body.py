"""The body of a response: bytes if it is small, compressed if it is large, and bounded in any case.

A large body is compressed while it is received, and read in pieces. Files of the archive are opened
in `raw.captures`. Next: `parsing.slices`.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

import pyarrow as pa

from resources.api.errors import AnswerTooLarge

LARGE_BYTES = 8_000_000
"""A larger body is compressed while it is received; a smaller one costs less as it is."""

MAX_BYTES = 64_000_000
"""A larger body is not received to its end: its request is sent again in parts, for shorter windows."""

PIECE_BYTES = 1_000_000
"""Bytes that are compressed or read at a time."""

_ZSTD_LEVEL = 1
"""As small as level 3 for the answers of every endpoint, in two thirds of the time."""


def pack(piece: bytes) -> bytes:
    """Bytes as one zstd frame."""
    return bytes(pa.Codec("zstd", compression_level=_ZSTD_LEVEL).compress(piece, asbytes=True))


def unpack(stored: bytes, size: int) -> bytes:
    """The `size` bytes of the frames made by `pack`."""
    return bytes(pa.Codec("zstd").decompress(stored, decompressed_size=size, asbytes=True))


class Packed:
    """A large body: zstd frames, one after the other. Safe to share among threads."""

    def __init__(
        self,
        source: bytes | BinaryIO,
        start: int,
        stored: int,
        size: int,
        broken: Callable[[Exception], Exception] = lambda error: OSError(str(error)),
    ) -> None:
        """`stored` bytes of `source` from `start` on are `size` bytes of answer; a file stays open.

        `broken` makes the error that is raised if they cannot be read.
        """
        self._source, self._start, self._broken = source, start, broken
        self.stored, self._size = stored, size

    def __len__(self) -> int:
        return self._size

    def pieces(self) -> Iterator[bytes]:
        """The body, piece by piece."""
        left = self._size
        try:
            with pa.CompressedInputStream(pa.PythonFile(_Part(self)), "zstd") as stream:
                while piece := stream.read(PIECE_BYTES):
                    left -= len(piece)
                    yield piece
        except (OSError, pa.ArrowException) as error:
            raise self._broken(error) from error
        if left:
            raise self._broken(ValueError(f"it unpacks to {self._size - left} bytes"))

    def whole(self) -> bytes:
        """The body in memory."""
        try:
            return unpack(self.read_stored(0, self.stored), self._size)
        except (OSError, pa.ArrowException) as error:
            raise self._broken(error) from error

    def frames(self) -> Iterator[bytes]:
        """The stored bytes, piece by piece."""
        for at in range(0, self.stored, PIECE_BYTES):
            yield self.read_stored(at, PIECE_BYTES)

    def read_stored(self, at: int, most: int) -> bytes:
        """At most so many of the stored bytes."""
        size, start = min(most, self.stored - at), self._start + at
        if isinstance(self._source, bytes):
            return self._source[start : start + size]
        return os.pread(self._source.fileno(), size, start)


class _Part(io.RawIOBase):
    """The stored bytes of a packed body as a file of their own."""

    def __init__(self, body: Packed) -> None:
        self._body, self._at = body, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        found = self._body.read_stored(self._at, len(buffer))
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)


Body = bytes | Packed


def pieces(body: Body) -> Iterator[bytes]:
    """A body in pieces; a small one is one piece."""
    if isinstance(body, bytes):
        yield body
    else:
        yield from body.pieces()


def whole(body: Body) -> bytes:
    """All of a body in memory."""
    return body if isinstance(body, bytes) else body.whole()


class Incoming:
    """Collects a body while it is received, and removes secrets that the server echoes."""

    def __init__(
        self, redact: Callable[[bytes], bytes] = lambda text: text, longest: int = 0
    ) -> None:
        """`redact` removes secrets, `longest` is the length of the longest one in bytes."""
        self._redact = redact
        self._overlap = max(0, longest - 1)  # a secret may begin in one piece and end in the next
        self._held = io.BytesIO()
        self._frames: list[bytes] = []  # the body before `_held`, if it is large
        self._size = 0  # of what is in `_frames`
        self.received = 0

    def write(self, chunk: bytes) -> None:
        """Append a chunk. Raises AnswerTooLarge beyond MAX_BYTES."""
        self.received += len(chunk)
        if self.received > MAX_BYTES:
            raise AnswerTooLarge(f"the answer is larger than {MAX_BYTES // 1_000_000} MB")
        self._held.write(chunk)
        if self._held.tell() > (PIECE_BYTES if self._frames else LARGE_BYTES):
            self._pack(self._overlap)

    def body(self) -> Body:
        """The complete body."""
        if not self._frames:
            return self._redact(self._held.getvalue())
        self._pack(0)
        stored = b"".join(self._frames)
        return Packed(stored, 0, len(stored), self._size)

    def _pack(self, keep: int) -> None:
        """Compress what is in memory, except the last `keep` bytes."""
        held, rest = self._held.getvalue(), b""
        self._held = io.BytesIO()
        for at in range(0, len(held), PIECE_BYTES):
            text = self._redact(rest + held[at : at + PIECE_BYTES])
            is_last = at + PIECE_BYTES >= len(held)
            end = max(0, len(text) - (keep if is_last else self._overlap))
            if end:
                self._frames.append(pack(text[:end]))
                self._size += end
            rest = text[end:]
        self._held.write(rest)
