"""Bounds on what an answer may hold beyond what is declared; checked before it is read leniently.

An answer as declared needs none: Arrow's parser reads it in memory that follows its size, which is
bounded in body.py. Next: decode.py, which asks here first.
"""

from __future__ import annotations

import re

from resources.api.brackets import MAX_DEPTH, Brackets, pieces_of
from resources.api.errors import WrongAnswer

MAX_NAMES = 2000
"""Different names of fields. No endpoint has more than 100; inference takes time by their square."""

MAX_BYTES = 16_000_000
"""Of what is read at once. Larger answers are read in slices of 4 MB, so one item is so large."""

_NAME = re.compile(rb'"((?:[^"\\]|\\.)*)"[ \t\r\n]*:')


def check(action: str, text: bytes) -> None:
    """Raise WrongAnswer if `text`, which is not as declared, exceeds a bound."""
    if len(text) > MAX_BYTES:
        raise WrongAnswer(action, "one item", f"{len(text)} bytes", f"at most {MAX_BYTES} bytes")
    brackets, names = Brackets(), set[bytes]()
    for piece in pieces_of(text):
        depth = brackets.deepest(piece)
        if depth > MAX_DEPTH:
            raise WrongAnswer(
                action, "the answer", f"nested {depth} deep", f"at most {MAX_DEPTH} deep"
            )
        names.update(_NAME.findall(piece))
        if len(names) > MAX_NAMES:
            raise WrongAnswer(
                action, "the answer", f"more than {MAX_NAMES}", f"at most {MAX_NAMES} names"
            )
