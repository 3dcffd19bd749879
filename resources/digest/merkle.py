"""Merkle trees as in RFC 6962: leaves and nodes are hashed with different prefixes.

Not here: what a leaf holds (fingerprint.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def root(leaves: Sequence[bytes]) -> bytes:
    """The hash of the tree over `leaves`, in their order; that of nothing for no leaves."""
    if not leaves:
        return hashlib.sha256().digest()
    level = [_leaf(leaf) for leaf in leaves]
    while len(level) > 1:
        level = _parents(level)
    return level[0]


def path(leaves: Sequence[bytes], position: int) -> list[bytes]:
    """The hashes beside the way from a leaf to the root, lowest first.

    Raises IndexError if there is no such leaf.
    """
    level, found = [_leaf(leaf) for leaf in leaves], []
    if not 0 <= position < len(level):
        raise IndexError(position)
    while len(level) > 1:
        sibling = position ^ 1
        if sibling < len(level):  # the last node of an odd level moves up as it is
            found.append(level[sibling])
        level, position = _parents(level), position // 2
    return found


def _parents(level: Sequence[bytes]) -> list[bytes]:
    pairs = [_node(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
    return pairs + ([level[-1]] if len(level) % 2 else [])


def _leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\0" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
