"""Splits a large JSON response into slices of whole list items, without parsing all of it.

Only brackets and quotes are examined, to find where items end. The slices are parsed and validated
like small responses (decode.py, read it next).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from resources.api.brackets import OPENING, Brackets

SLICE_BYTES = 4_000_000
"""Minimum bytes of items in one slice; only the last slice may be smaller."""

_LIST = ord("[")
_BLANK = b" \t\r\n"

_RESULT_DEPTH, _LIST_DEPTH = 2, 3  # bracket depth in Result; in a list of Result


@dataclass
class JsonSlicer:
    """Iterates over slices of the list `name` in Result; afterwards `rest` is the response without them.

    If there is no such list, there are no slices and `rest` is the whole response.
    """

    pieces: Iterable[bytes]
    name: str
    rest: bytes = b""
    _brackets: Brackets = field(default_factory=Brackets)

    def __iter__(self) -> Iterator[bytes]:
        """Texts of one or more items, separated by commas.

        Invalid JSON is passed on unchanged, in a slice or in `rest`; the decoder refuses it.
        """
        pieces = iter(self.pieces)
        head, text, ends = self._head(pieces)
        held, size, end, is_first = [text], len(text), ends.cut, True
        while not ends.is_closed:
            if end and size >= SLICE_BYTES:
                text = b"".join(held)
                yield _items(text[:end], is_first=is_first)
                held, size, end, is_first = [text[end:]], size - end, 0, False
            piece = next(pieces, None)
            if piece is None:
                end = size  # truncated: decoding the last slice raises
                break
            ends = _ends(*self._brackets.find(piece))
            if ends.is_closed or ends.cut:
                end = size + ends.cut
            held.append(piece)
            size += len(piece)
        text = b"".join(held)
        if text[:end].strip(_BLANK):
            yield _items(text[:end], is_first=is_first)
        self.rest = b"".join([head, text[end:], *pieces])

    def _head(self, pieces: Iterator[bytes]) -> tuple[bytes, bytes, _Ends]:
        """The response up to the list, the rest of that piece, and where items end in this rest."""
        head, in_result = bytearray(), False
        for piece in pieces:
            at, depths = self._brackets.find(piece)
            start = len(head)
            head += piece
            outer = depths <= _LIST_DEPTH
            for position, depth in zip(at[outer].tolist(), depths[outer].tolist(), strict=True):
                before = start + position
                if piece[position] in OPENING and depth == _RESULT_DEPTH:
                    in_result = _is_value_of(head, before, "Result")
                elif (
                    in_result
                    and (piece[position], depth) == (_LIST, _LIST_DEPTH)
                    and _is_value_of(head, before, self.name)
                ):
                    behind = position + 1
                    found = at >= behind
                    ends = _ends(at[found] - behind, depths[found])
                    return bytes(head[: before + 1]), piece[behind:], ends
        return bytes(head), b"", _Ends(0, is_closed=True)


@dataclass(frozen=True)
class _Ends:
    """Where to cut a piece: after its last whole item, or at the end of the list (`is_closed`)."""

    cut: int
    is_closed: bool


def _ends(at: np.ndarray, depths: np.ndarray) -> _Ends:
    closed = np.flatnonzero(depths < _LIST_DEPTH)
    if len(closed):
        return _Ends(int(at[closed[0]]), is_closed=True)
    items = np.flatnonzero(depths == _LIST_DEPTH)
    return _Ends(int(at[items[-1]]) + 1 if len(items) else 0, is_closed=False)


def _is_value_of(text: bytearray, at: int, name: str) -> bool:
    """True if the value that begins at `at` belongs to the field `name`."""
    before = text[max(0, at - 200) : at].rstrip(_BLANK)
    if not before.endswith(b":"):
        return False
    return before[:-1].rstrip(_BLANK).endswith(f'"{name}"'.encode())


def _items(text: bytes, *, is_first: bool) -> bytes:
    """`text` without the comma that separates it from the items before.

    Without a comma, or with nothing after it, the text is not a valid list of items; it then stays
    invalid, so that the decoder refuses it.
    """
    if is_first:
        return text
    rest = text.lstrip(_BLANK)
    items = rest[1:]
    return items if rest.startswith(b",") and items.strip(_BLANK) else b"," + text
