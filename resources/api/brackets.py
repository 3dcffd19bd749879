"""The brackets of a JSON text and how deep it is nested, without parsing it.

Next: envelope.py, which asks before it parses; parsing/slices.py, which cuts large answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

MAX_DEPTH = 64
"""Nesting depth. No answer of the API is deeper than 10; Arrow's inference crashes at ten thousand."""

OPENING = b"{["
_CLOSING, _QUOTE = b"}]", ord('"')
_MARKS = bytes(c in OPENING + _CLOSING + b'"' for c in range(256))
_STEP = np.zeros(256, dtype=np.int8)
_STEP[[*OPENING]], _STEP[[*_CLOSING]] = 1, -1
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_PIECE_BYTES = 1_000_000


def is_too_deep(text: bytes) -> bool:
    """True if `text` is nested deeper than `MAX_DEPTH`, so that it is not to be parsed.

    Python's parser recurses until it raises RecursionError. The garbage collector may run before
    that, and finalizers that it calls there exceed the limit in the parser's place.
    """
    brackets = Brackets()
    return any(brackets.deepest(piece) > MAX_DEPTH for piece in pieces_of(text))


def pieces_of(text: bytes) -> Iterator[bytes]:
    """`text` in pieces of 1 MB, so that little is examined of one that is over a bound."""
    for at in range(0, len(text), _PIECE_BYTES):
        yield text[at : at + _PIECE_BYTES]


@dataclass
class Brackets:
    """Finds the brackets of a JSON text that arrives in pieces, and their nesting depth."""

    depth: int = 0
    _in_text: bool = False
    _escaping: bool = False

    def find(self, piece: bytes) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the brackets in `piece` outside of strings, and the depth after each."""
        if self._escaping or b"\\" in piece:
            piece = self._without_escapes(piece)
        marks = np.frombuffer(piece.translate(_MARKS), dtype=bool)
        at = np.flatnonzero(marks)
        kinds = np.frombuffer(piece, dtype=np.uint8)[at]
        quotes = kinds == _QUOTE
        in_text = (np.cumsum(quotes, dtype=np.uint8) + np.uint8(self._in_text)) & 1  # parity only
        if len(at):
            self._in_text = bool(in_text[-1])
        outside = ~quotes & (in_text == 0)
        at, kinds = at[outside], kinds[outside]
        depths = np.cumsum(_STEP[kinds], dtype=np.int64) + self.depth
        if len(at):
            self.depth = int(depths[-1])
        return at, depths

    def deepest(self, piece: bytes) -> int:
        """The largest nesting depth within `piece`."""
        _, depths = self.find(piece)
        return int(depths.max()) if len(depths) else 0

    def _without_escapes(self, piece: bytes) -> bytes:
        """`piece` in the same length, with blanks for every backslash and the escaped character."""
        if self._escaping:
            piece = b" " + piece[1:]
        piece = _ESCAPED.sub(b"  ", piece)
        self._escaping = piece.endswith(b"\\")
        return piece
