"""Joins two versions of a note that was changed here and in the store.

Lists are joined: when a capture was seen again, what a person accepted or called gone, what was erased. Of
any other note that of the store counts: it is about the store's captures, or is made again. Not here: which
file is joined (tree.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from resources.fs import sealed
from resources.ledger.acceptance import ACCEPTED
from resources.raw import erasures, owner, seen_notes, tombstones

_One = Mapping[str, Any]


def _whole(one: _One) -> str:
    return repr(sorted(one.items()))


def _tombstone(one: _One) -> str:
    return repr((one.get("erasure"), one.get("capture")))


_LISTS: Mapping[str, tuple[str, Callable[[_One], str], str]] = {
    seen_notes.SEEN: ("seen", _whole, "seen_at"),
    ACCEPTED: ("accepted", _whole, "accepted_at"),
    tombstones.ERASED: ("erased", _tombstone, "at"),
    erasures.FILE: ("erasures", lambda one: str(one.get("id")), "at"),
}
"""By name of the file: its list, what makes two of its items the same, and by what they are sorted."""


def merged(name: str, here: bytes, there: bytes) -> bytes:
    """The note `name` that holds what both say; that of the store where they cannot be joined."""
    if name == owner.IDENTITY_FILE:
        return _identity(here, there)
    if name not in _LISTS:
        return there
    key, identity, order = _LISTS[name]
    try:
        ours, theirs = (sealed.unseal(data)[key] for data in (here, there))
        found = {identity(one): one for one in theirs}
        for one in ours:
            other = found.setdefault(identity(one), one)
            if one.get("is_finished") and not other.get("is_finished"):
                found[identity(one)] = one
        items = sorted(found.values(), key=lambda one: str(one.get(order, "")))
    except (ValueError, KeyError, TypeError, AttributeError):
        return there  # `livestats verify` reports a damaged note
    return sealed.seal({key: items})


def _identity(here: bytes, there: bytes) -> bytes:
    """The identity file of the store, with what a person called gone here."""
    try:
        ours, theirs = sealed.unseal(here), sealed.unseal(there)
    except ValueError:
        return there
    if ours.get("id") != theirs.get("id"):
        return there
    gone = {
        key: sorted({*ours.get(key, ()), *theirs.get(key, ())})
        for key in ("gone_domains", "gone_streams")
        if ours.get(key)
    }
    return sealed.seal({**theirs, **gone})
