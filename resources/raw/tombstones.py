"""Tombstones: notes beside the captures of a day that tell which of them an erasure took or replaced.

A capture that a tombstone of its day names does not count, as when a backup of before is copied back.
Not here: what was erased (erasures.py, read it next), erasing (resources/erasure).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from resources.fs import atomic, sealed
from resources.raw import erasures

ERASED = erasures.TOMBSTONES
"""Note beside the captures of a day. It stays for ever."""


@dataclass(frozen=True, kw_only=True)
class Tombstone:
    """One capture, or rejected answers, that held an erased item."""

    erasure: str  # its id in erasures.json
    kind: str
    at: str
    capture: str  # folder that is gone
    sha256: str  # of its manifest, by which a digest of before knows it
    became: str  # folder of the same answers without the item
    rows: int  # that were erased


def of_day(day_folder: Path) -> list[Tombstone]:
    """The tombstones of a day, oldest first. Raises ValueError if they are not as written, OSError."""
    try:
        data = (day_folder / ERASED).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return []
    try:
        return [Tombstone(**one) for one in sealed.unseal(data)["erased"]]
    except (KeyError, TypeError) as error:
        raise ValueError(f"{day_folder / ERASED} holds no tombstones") from error


def erased_names(day_folder: Path) -> frozenset[str]:
    """Folders of captures that are gone by an erasure; none if the note cannot be read."""
    try:
        return frozenset(one.capture for one in of_day(day_folder))
    except (OSError, ValueError):
        return frozenset()  # `livestats verify` reports it


def left_of(day_folder: Path, name: str) -> Path:
    """The folder of what erasures left of a capture, there or not; its own if none took it.

    Raises as `of_day`.
    """
    became = {one.capture: one.became for one in of_day(day_folder)}
    while name in became:
        name = became[name]
    return day_folder / name


def add(day_folder: Path, tombstone: Tombstone) -> None:
    """Add a tombstone, or write that of the same capture and erasure anew.

    The caller holds the lock of the day. Raises ValueError if the note is not as written.
    """
    same = (tombstone.erasure, tombstone.capture)
    others = [one for one in of_day(day_folder) if (one.erasure, one.capture) != same]
    write(day_folder, [*others, tombstone])


def write(day_folder: Path, tombstones: Sequence[Tombstone]) -> None:
    """Replace the note. The caller holds the lock of the day."""
    facts = {"erased": [asdict(one) for one in tombstones]}
    atomic.write_atomically(day_folder / ERASED, sealed.seal(facts))
