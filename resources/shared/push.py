"""Puts what a home has and the store lacks there: the contents first, the index last.

A kill before the index leaves objects that nothing names. What is damaged here, or lost, never replaces
what the store has: only tombstones take a capture away. The caller holds the lease and the lock of this home.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field, replace
from pathlib import Path

from resources.fs import sealed
from resources.fs.object_store import ObjectStore, StoreError
from resources.home.layout import Home
from resources.lake import checksum
from resources.raw import cold_move
from resources.raw.captures import (
    MANIFEST,
    REJECTED_PREFIX,
    Capture,
    CaptureName,
    UnusableCapture,
)
from resources.shared import index, transfer, tree
from resources.shared.base import Base
from resources.shared.index import DATA, FOLDER, Entry, Index, IndexName
from resources.shared.transfer import Moved
from resources.shared.tree import Tree


@dataclass
class Pushed:
    """What a push did."""

    moved: Moved = field(default_factory=Moved)
    problems: list[str] = field(default_factory=list)  # what is damaged here, and was not put


def push(
    home: Home, store: ObjectStore, base: Base, fence: int, *, again: bool = False
) -> tuple[Base, Pushed]:
    """Put what the store lacks; the new base, and what was put. `again`: put every object anew.

    `base` is what a pull gave. Raises StoreError, also if another host has written meanwhile;
    NotShareable, OSError.
    """
    done, found = Pushed(), Tree.of(home)
    files = {**_captures(home, found, base, done), **_others(home, found, base, done)}
    if files == base.files and base.is_swept and not again:
        return base, done
    _check_is_newest(store, base.index)
    if files != base.files or again:
        _contents(home, store, base, files, done, again=again)
        gone = {tree.capture_of(path) for path in base.files.keys() - files.keys()} - {None}
        has_erased = bool(gone) or files.get(tree.ERASURES) != base.files.get(tree.ERASURES)
        base = _commit(home, store, base, files, fence, is_swept=base.is_swept and not has_erased)
    if not base.is_swept:
        sweep(store, base)
        base = _commit(home, store, base, files, fence, is_swept=True)
    return base, done


def _captures(home: Home, found: Tree, base: Base, done: Pushed) -> dict[str, Entry]:
    """The files of all captures: those of the base that no tombstone names, and new ones."""
    files, known = {}, set()
    for path, entry in base.files.items():
        folder = tree.capture_of(path)
        if folder is None:
            continue
        known.add(folder)
        if folder in found.captures or not tree.is_erased(home.root / folder):
            files[path] = entry
    for name in sorted(found.captures - known):
        if tree.is_erased(home.root / name):
            continue  # copied back from a backup: `livestats verify` names it
        try:
            files.update(_of_capture(home, name))
        except (UnusableCapture, OSError) as error:
            done.problems.append(str(error))
    return files


def _of_capture(home: Home, name: str) -> dict[str, Entry]:
    """The files of a capture that is as it was written. Raises UnusableCapture for another."""
    folder = home.root / name
    named = CaptureName.parse(folder.name.removeprefix(REJECTED_PREFIX))
    if named is None:
        return {}
    capture, files = Capture(folder, named), {}
    for file in capture.body_files():
        if not cold_move.is_intact(file):
            raise UnusableCapture(
                f"{file.path} has changed since it was written. `livestats verify` says what to do."
            )
        files[f"{name}/{file.path.name}"] = Entry(file.sha256, file.path.stat().st_size)
    manifest = tree.entry_of(folder / MANIFEST)
    return files | ({f"{name}/{MANIFEST}": manifest} if manifest else {})


def _others(home: Home, found: Tree, base: Base, done: Pushed) -> dict[str, Entry]:
    """The files that may change: as they are, or as the store has them where they are damaged or lost."""
    files: dict[str, Entry] = {}
    for path in sorted({*found.files, *base.files}):
        if tree.capture_of(path) is not None:
            continue
        before, here = base.files.get(path), found.entry(home, path, base)
        if here is not None and here != before and not _is_whole(home.root / path):
            done.problems.append(
                f"{home.root / path} has changed since it was written. `livestats verify` says what to do."
            )
            here = before
        may_go = tree.is_removable(path) or tree.is_lake_file(path)
        entry = here or (None if may_go else before)
        if entry is not None:
            files[path] = entry
    return files


def _is_whole(path: Path) -> bool:
    try:
        if path.suffix == ".json":
            sealed.unseal(path.read_bytes())
        else:
            checksum.check(path)
    except (ValueError, checksum.DamagedFile):
        return False
    return True


def _contents(
    home: Home,
    store: ObjectStore,
    base: Base,
    files: dict[str, Entry],
    done: Pushed,
    *,
    again: bool,
) -> None:
    """Put the contents that the store lacks, each once."""
    there = set() if again else {one.sha256 for one in base.files.values()}
    lacking = {
        one.sha256: (path, one)
        for path, one in files.items()
        if one.sha256 not in there and (home.root / path).exists()
    }
    transfer.for_each(lacking.values(), lambda one: transfer.put(store, home.root / one[0], one[1]))
    done.moved.add(one for _, one in lacking.values())


def _commit(
    home: Home,
    store: ObjectStore,
    base: Base,
    files: dict[str, Entry],
    fence: int,
    *,
    is_swept: bool,
) -> Base:
    """Put the index, note it here, and delete what it replaces."""
    made = Index(home=home.id, host=socket.gethostname(), files=files, is_swept=is_swept)
    name = index.write(store, made, base.index, fence)
    _check_is_newest(store, name)  # before anything is deleted that a newer index may name
    stamps = tree.stamps(home, files, base)
    after = replace(base, index=name, is_swept=is_swept, files=files, stamps=stamps)
    after.save(home)
    kept = {one.sha256 for one in files.values()}
    replaced = {one.key for one in base.files.values() if one.sha256 not in kept}
    if base.index is not None:
        replaced.add(base.index.key)
    transfer.for_each(replaced, store.delete)
    return after


def _check_is_newest(store: ObjectStore, name: IndexName | None) -> None:
    """Raise StoreError if another host has written: this one has lost the lease."""
    if index.newest(store) != name:
        raise StoreError(
            f"Another host has written to {store.place.text} meanwhile. Nothing of it was replaced; what is here "
            "stays. Run again."
        )


def sweep(store: ObjectStore, base: Base) -> int:
    """Delete the objects that the newest index does not name; how many.

    Raises StoreError, also if the newest index is not that of `base`.
    """
    kept = {one.key for one in base.files.values()}
    strange = [key for key in store.keys(DATA) if key not in kept]
    strange += [key for key in store.keys(FOLDER) if IndexName.parse(key) not in (None, base.index)]
    _check_is_newest(store, base.index)
    transfer.for_each(strange, store.delete)
    return len(strange)
