"""Cold answers: files of bodies that lie in an object store, in the place of the home.

    raw/<dataset>/<day>/cold.json    which files of the day's captures the store has

The manifests stay where they are, so nothing but reading the bodies needs the store. A file that is here
as well counts; the other is of a move that was broken off. Not here: moving (cold_move.py, read it next).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from io import BufferedRandom, BufferedReader
from pathlib import Path

from resources.api import redaction
from resources.fs import atomic, object_store, sealed
from resources.fs.object_store import ObjectStore, Place, StoreError
from resources.raw import owner

NOTE = "cold.json"
Readable = BufferedReader | BufferedRandom


@dataclass(frozen=True)
class ColdFile:
    """A file of bodies in the store."""

    key: str  # of the object
    size: int  # bytes


def noted(day_folder: Path) -> dict[str, ColdFile]:
    """What the store has of a day, by `<capture>/<file>`.

    Raises OSError, and ValueError if the note is not as written.
    """
    try:
        data = (day_folder / NOTE).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    try:
        return {name: ColdFile(**facts) for name, facts in sealed.unseal(data)["cold"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{day_folder / NOTE} is damaged: {error}. `livestats cold` writes it again"
        ) from error


def write(day_folder: Path, files: Mapping[str, ColdFile]) -> None:
    """Replace the note. The caller holds the lock of the day."""
    if files:
        facts = {"cold": {name: asdict(one) for name, one in sorted(files.items())}}
        atomic.write_atomically(day_folder / NOTE, sealed.seal(facts))
    else:
        (day_folder / NOTE).unlink(missing_ok=True)
        atomic.fsync(day_folder)


def of_file(path: Path) -> ColdFile | None:
    """What the store has of a file of bodies that is not here; None if it is here, or nowhere.

    Raises as `noted`.
    """
    if path.exists():
        return None
    return noted(path.parents[1]).get(f"{path.parent.name}/{path.name}")


def strays(day_folder: Path, files: Mapping[str, ColdFile]) -> dict[str, ColdFile]:
    """Of `files` that are noted, those of captures that are not there: moved out by hand, or erased.

    Raises OSError. The folder is listed: a capture that cannot be looked into is there.
    """
    there = {path.name for path in day_folder.iterdir()} if files else set()
    return {name: one for name, one in files.items() if name.partition("/")[0] not in there}


def any_in(raw: Path) -> bool:
    """True if the store has, or may have, anything of an archive."""
    return any(raw.glob(f"*/*/{NOTE}"))


def files_of(raw: Path) -> Iterator[tuple[str, int]]:
    """Key and size in bytes of each file of an archive that the store alone has; no strays."""
    for note in raw.glob(f"*/*/{NOTE}"):
        with suppress(OSError, ValueError):  # `livestats verify` reports it
            files = noted(note.parent)
            gone = strays(note.parent, files)
            for name, one in files.items():
                if name not in gone and not (note.parent / name).exists():
                    yield one.key, one.size


def store_of(raw: Path) -> ObjectStore:
    """The store of an archive. Raises StoreError."""
    text = owner.cold_place_of(raw)
    if not text:
        raise StoreError(
            f"{raw.parent / owner.IDENTITY_FILE} does not say where cold answers lie. Set scale.cold "
            "to the place and run `livestats cold`."
        )
    return open_store(Place.parse(text))


def open_store(place: Place) -> ObjectStore:
    """The store of a place, whose key stays out of all messages from then on. Raises StoreError."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    redaction.hold(*(os.environ.get(name) for name in names))
    return object_store.open_store(place)


@contextmanager
def opened(path: Path) -> Iterator[Readable]:
    """A file of bodies for reading: the one that is here, else a temporary copy of the object.

    Raises FileNotFoundError if it is nowhere, StoreError if the store does not give it, ValueError
    if the note of the day is damaged, OSError.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        found = of_file(path)
        if found is None:
            with path.open("rb") as file:  # brought back meanwhile, or lost
                yield file
            return
    else:
        with file:
            yield file
        return
    raw = path.parents[3]
    with _temporary(raw.parent / "state") as copy:
        store_of(raw).get(found.key, copy)
        copy.seek(0)
        yield copy


def _temporary(state: Path) -> BufferedRandom:
    """A file without a name, in the home if it can be written: a kill leaves nothing."""
    try:
        return tempfile.TemporaryFile(dir=state)
    except OSError:
        return tempfile.TemporaryFile()
