"""Puts captures without an item into the place of those with it, day by day.

Each step may be broken off: the new capture comes first, then the tombstone, by which the old one no longer
counts, and the same again finishes it. Not here: lake files and databases (pipelines/erase). Read next: rewrite.py.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from resources.api.catalog.datasets import Dataset
from resources.erasure.requests import words_without
from resources.erasure.rewrite import is_named, rewrite
from resources.fs import atomic, sealed
from resources.ledger import acceptance, refused_captures, states
from resources.raw import captures, cold_move, seen_notes, tombstones
from resources.raw.captures import MANIFEST, REJECTED_PREFIX, Capture
from resources.raw.erasures import Erasure, Sought
from resources.raw.tombstones import Tombstone

_NOTES = (seen_notes.SEEN, acceptance.ACCEPTED, refused_captures.REFUSED, states.PARTIAL)


@dataclass(frozen=True)
class Found:
    """What of a day names an item."""

    captures: tuple[Capture, ...] = ()
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.captures or self.notes)


def find(day_folder: Path, dataset: Dataset, item: Sought) -> Found:
    """What of a day names the item. Raises UnusableCapture for a capture that cannot be read."""
    named = tuple(one for one in _all(day_folder) if is_named(one, dataset, item))
    notes = tuple(name for name in _NOTES if _cleaned(day_folder / name, item) is not None)
    return Found(named, notes)


def _all(day_folder: Path) -> Iterator[Capture]:
    """Every capture of a day, and its rejected answers, also those that an erasure took."""
    yield from captures.erased_in(day_folder)
    yield from captures.rejected_in(day_folder)
    for name in captures.captures_in(day_folder):
        yield Capture(day_folder / name.text, name)


def erase(
    day_folder: Path, dataset: Dataset, day: date, item: Sought, erasure: Erasure
) -> list[Tombstone]:
    """Erase the item from all captures and notes of a day. The caller holds the lock of the day.

    Cold answers of captures that are not there any more go too: see `cold_move.forget`.

    Raises UnusableCapture for a capture that cannot be read, ValueError for a damaged note, and
    StoreError if cold answers cannot be deleted.
    """
    made = [_replaced(one, dataset, day, item, erasure) for one in _begun(day_folder, erasure)]
    remove_erased(day_folder)
    found = find(day_folder, dataset, item)
    made += [_replaced(one, dataset, day, item, erasure) for one in found.captures]
    for name in found.notes:
        facts = _cleaned(day_folder / name, item)
        if facts is not None:
            atomic.write_atomically(day_folder / name, sealed.seal(facts))
    # Also those of an erasure that was broken off between the captures and the store.
    cold_move.forget(day_folder, day_folder.parents[1])
    return made


def _begun(day_folder: Path, erasure: Erasure) -> list[Capture]:
    """Captures that have a tombstone of this erasure, as earlier versions wrote it, and are all there is."""
    own = {one.capture for one in tombstones.of_day(day_folder) if one.erasure == erasure.id}
    return [
        one
        for one in captures.erased_in(day_folder)
        if one.folder.name in own and not tombstones.left_of(day_folder, one.folder.name).is_dir()
    ]


def remove_erased(day_folder: Path) -> int:
    """Delete the captures that an erasure took and that are there; how many. The caller holds the lock.

    They are not written anew: they may hold items of several erasures. Raises UnusableCapture for one
    whose rest is gone, for there may be nothing else of what it holds.
    """
    found = captures.erased_in(day_folder)
    for one in found:
        left = tombstones.left_of(day_folder, one.folder.name)
        if not left.is_dir():
            raise captures.UnusableCapture(
                f"{one.folder} was erased and is back, and {left.name}, which was left of it, is gone. "
                f"Restore that from a backup, or move {one.folder.name} out of the home."
            )
        _rename_in_notes(day_folder, one.folder.name, left.name)
        _remove(one.folder)
    return len(found)


def _replaced(
    old: Capture, dataset: Dataset, day: date, item: Sought, erasure: Erasure
) -> Tombstone:
    """Put the capture without the item into the place of `old`."""
    folder = old.folder.parent
    new = rewrite(old, dataset, day, item, erasure.id)
    prefix = REJECTED_PREFIX if old.folder.name.startswith(REJECTED_PREFIX) else ""
    name = f"{prefix}{new.name.text}"
    tombstone = Tombstone(
        erasure=erasure.id,
        kind=erasure.kind.value,
        at=erasure.at,
        capture=old.folder.name,
        sha256=hashlib.sha256((old.folder / MANIFEST).read_bytes()).hexdigest(),
        became=name,
        rows=max(0, old.name.rows - new.name.rows),
    )
    if (folder / name).is_dir():  # by an erasure that was broken off here
        new.discard()
    else:
        atomic.rename_into_place(new.folder, folder / name)
    tombstones.add(folder, tombstone)
    _rename_in_notes(folder, old.folder.name, name)
    _remove(old.folder)
    return tombstone


def _remove(capture: Path) -> None:
    gone = atomic.temp_path(capture)
    capture.rename(gone)
    shutil.rmtree(gone)
    atomic.fsync(capture.parent)


def _rename_in_notes(folder: Path, old: str, new: str) -> None:
    """What people and later answers said of a capture holds for what it became."""
    for name in _NOTES:
        facts = _read(folder / name)
        if facts is not None and (renamed := _with_name(facts, old, new)) != facts:
            atomic.write_atomically(folder / name, sealed.seal(renamed))


def _with_name(facts: Any, old: str, new: str) -> Any:
    if isinstance(facts, dict):
        return {k: _with_name(v, old, new) for k, v in facts.items()}
    if isinstance(facts, list):
        return [_with_name(one, old, new) for one in facts]
    return new if facts == old else facts


def _cleaned(note: Path, item: Sought) -> dict[str, Any] | None:
    """The facts of a note without texts that quote the item; None if none does."""
    facts = _read(note)
    cleaned: dict[str, Any] | None = words_without(facts, item)
    return None if cleaned == facts else cleaned


def _read(note: Path) -> dict[str, Any] | None:
    """The facts of a note; None if there is none. Raises ValueError if it is damaged."""
    try:
        data = note.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return sealed.unseal(data)
    except ValueError as error:
        raise ValueError(f"{note}: {error}. `livestats verify` says what to do.") from error
