"""Moves the bodies of a day's captures to an object store and back, file by file.

A file is deleted where it was only after it was read back where it is now, and is what its manifest says.
So a kill at any step loses nothing, and the same again finishes it. Not here: reading (cold.py), which
days (pipelines/cold).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from resources.errors import LivestatsError
from resources.fs import atomic
from resources.fs.digest_writer import DigestWriter
from resources.fs.object_store import CHECKSUMS, MissingObject, ObjectStore, StoreError
from resources.raw import captures, cold, tombstones
from resources.raw.captures import BodyFile, Capture, DamagedCapture
from resources.raw.cold import ColdFile


class NotMoved(LivestatsError):
    """A file of bodies stays where it is; the message says why."""


@dataclass
class Moved:
    """What was moved."""

    files: int = 0
    bytes: int = 0
    problems: list[str] = field(default_factory=list)
    """Why files were not brought back, each with its repair."""
    dropped: int = 0  # files of captures that are not there any more, deleted in the store

    def add(self, size: int) -> None:
        """Count a file."""
        self.files += 1
        self.bytes += size


def move(day_folder: Path, store: ObjectStore, under: str) -> Moved:
    """Move the bodies of all captures of a day; the keys begin with `under`.

    The caller holds the lock of the day. Raises UnusableCapture, NotMoved, StoreError, OSError, and
    ValueError for damaged tombstones.
    """
    files, before = _files(day_folder), _noted(day_folder)
    known, moved = dict(before), Moved()
    for name, file in files.items():
        wanted = ColdFile(f"{under}/{name}", file.size)
        # Neither here nor noted: the note was lost, if the store has it.
        if name not in known and (file.path.exists() or store.size(wanted.key) == file.size):
            known[name] = wanted
    if known != before:
        cold.write(day_folder, known)  # before there is an object: an erasure finds it by the note
    for name, file in files.items():
        if name in known and file.path.exists():
            _put(file, store, known[name].key)
            file.path.unlink()
            atomic.fsync(file.path.parent)
            moved.add(file.size)
    replaced = _replaced(day_folder, known)
    _delete(day_folder, store, replaced)
    moved.dropped = len(replaced)
    return moved


def _put(file: BodyFile, store: ObjectStore, key: str) -> None:
    """Put a file and read it back."""
    if not is_intact(file):
        raise DamagedCapture(
            f"{file.path} has changed since it was written, so it was not moved. `livestats verify` says "
            "what to do."
        )
    with file.path.open("rb") as source:
        store.put(source, key)
    there = DigestWriter()
    try:
        store.get(key, there)
    except MissingObject as error:
        raise NotMoved(
            f"{store.place.text} has no {key} after it was put, so {file.path} stays where it is. Look at "
            "the store, then run `livestats cold` again."
        ) from error
    if not there.has_taken(file.size, file.sha256):
        raise NotMoved(
            f"{store.place.text}/{key} reads back as {there.size:,} other bytes than the {file.size:,} of "
            f"{file.path}, which stays where it is. Look at the store, then run `livestats cold` again."
        )


def back(day_folder: Path, store: ObjectStore) -> Moved:
    """Bring back what the store has of a day, then delete it there.

    A file that it lost or changed is a problem of its own: its note and object stay. The caller holds the
    lock of the day. Raises UnusableCapture for a manifest, ValueError for a damaged note, StoreError, OSError.
    """
    known, moved = cold.noted(day_folder), Moved()
    here = []
    for name, file in _files(day_folder).items():
        if name not in known:
            continue
        if not (file.path.exists() and is_intact(file)):
            try:
                _fetch(file, store, known[name].key)
            except DamagedCapture as error:
                moved.problems.append(str(error))
                continue
            moved.add(file.size)
        here.append(name)
    replaced = _replaced(day_folder, known)
    moved.dropped = len(replaced)
    for name in sorted(cold.strays(day_folder, known).keys() - replaced):
        key = known[name].key
        if store.size(key) is None:
            here.append(name)
            continue
        moved.problems.append(
            f"{store.place.text}/{key} is of {(day_folder / name).parent}, which is not there any more. "
            "Put it back, or delete the object if nobody wants its answers, and run the same again."
        )
    _delete(day_folder, store, [*here, *replaced])
    return moved


def _replaced(day_folder: Path, known: Mapping[str, ColdFile]) -> set[str]:
    """Of files that are noted, those of captures that were moved out, and the day was captured anew since.

    So a newer one is there, and none says that it came after them: `livestats verify` would ask for them.
    Until then they may be put back, and their answers are in the store alone. Raises as `move`.
    """
    strays = cold.strays(day_folder, known)
    newest = captures.newest(day_folder) if strays else None
    if newest is None:
        return set()
    there = (Capture(day_folder / name.text, name) for name in captures.captures_in(day_folder))
    followed = {str(one.manifest.get("after")) for one in there}
    for one in tombstones.of_day(day_folder):  # oldest first
        if one.capture in followed:
            followed.add(one.became)
    folders = {name: name.partition("/")[0] for name in strays}
    return {n for n, one in folders.items() if one < newest.name.text and one not in followed}


def _delete(day_folder: Path, store: ObjectStore, names: Collection[str]) -> None:
    """Delete objects, then what the note says of them.

    Killed between the two, the note names an object that is gone, and the same again finishes it. The
    other way round nothing would know of an object that is left, and an erasure would not find it.
    """
    if not names:
        return
    known = cold.noted(day_folder)
    for name in names:
        store.delete(known[name].key)
    cold.write(day_folder, {name: one for name, one in known.items() if name not in names})


def _fetch(file: BodyFile, store: ObjectStore, key: str) -> None:
    """Bring a file back. Raises DamagedCapture if the store has lost or changed it."""
    temp = atomic.temp_path(file.path.parents[1] / "cold")
    got = DigestWriter(temp)
    repair = (
        f"Restore {file.path} from a backup and run the same again; without one, `livestats verify --deep` "
        "says what to do."
    )
    try:
        try:
            store.get(key, got)
        except MissingObject as error:
            raise DamagedCapture(f"{str(error)[:-1]}, which was moved there. {repair}") from error
        got.close()
        if not got.has_taken(file.size, file.sha256):
            raise DamagedCapture(
                f"{store.place.text}/{key} is not what was moved there: {got.size:,} other bytes than the "
                f"{file.size:,} that were. {repair}"
            )
        atomic.rename_into_place(temp, file.path)
    finally:
        got.close()
        temp.unlink(missing_ok=True)


def forget(day_folder: Path, raw: Path) -> None:
    """Delete what the store has of captures that are not there: erased, or moved out by hand.

    Without their manifests nobody can tell whether those hold the item. The caller holds the lock of the
    day. Raises StoreError, ValueError for a damaged note, OSError.
    """
    if names := cold.strays(day_folder, cold.noted(day_folder)):
        _delete(day_folder, cold.store_of(raw), names)


def check_writable(store: ObjectStore, home_id: str) -> None:
    """Put, read and delete an object that says nothing. Raises StoreError."""
    key, text = f"{home_id}/is-writable", b"livestats\n"
    store.put(io.BytesIO(text), key)
    got = DigestWriter()
    store.get(key, got)
    store.delete(key)
    if got.size != len(text):
        raise StoreError(
            f"{store.place.text} does not give back what is put there: {got.size} bytes for "
            f"{len(text)}. If {CHECKSUMS} is set, set it to when_required: a store that does not know "
            "such checksums keeps them as content. Nothing was changed."
        )


def is_intact(file: BodyFile) -> bool:
    """True if a file that is here is as it was written."""
    with file.path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest() == file.sha256


def _files(day_folder: Path) -> dict[str, BodyFile]:
    """The files of bodies of a day's captures that hold any, by `<capture>/<file>`."""
    return {
        f"{name.text}/{file.path.name}": file
        for name in captures.captures_in(day_folder)
        for file in Capture(day_folder / name.text, name).body_files()
        if file.size
    }


def _noted(day_folder: Path) -> dict[str, ColdFile]:
    """The note; nothing if it is damaged, for it is then found again."""
    try:
        return cold.noted(day_folder)
    except ValueError:
        return {}
