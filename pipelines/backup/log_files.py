"""Copies the log files that a backup lacks, then their notes; what was erased goes from it.

A file never changes under its name, and is held against the note before it gets it. Read next:
resources/logs/notes.py.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from resources.fs import atomic, locks
from resources.home.layout import Home
from resources.logs import notes

Naming = Callable[[Path], AbstractContextManager[None]]
"""Names what of a path cannot be copied, and goes on after the block."""


@dataclass
class Copied:
    """What was copied."""

    files: int = 0
    bytes: int = 0


def copy(home: Home, target: Home, naming: Naming) -> Copied:
    """Bring the log files of the backup up to date."""
    copied = Copied()
    for day in notes.days_of(home):
        with naming(notes.folder_of(home, day)), locks.lock(notes.lock_file(target, day)):
            _day(home, target, day, naming, copied)
    return copied


def _day(home: Home, target: Home, day: date, naming: Naming, copied: Copied) -> None:
    source, folder = notes.folder_of(home, day), notes.folder_of(target, day)
    note = notes.read(source)
    notes.make(folder)
    notes.tidy(folder)
    lacking = 0
    for path, (_, version) in note.paths(source).items():
        there = folder / path.relative_to(source)
        if there.is_file() and there.stat().st_size == version.bytes:
            continue
        lacking += 1
        with naming(path):
            _file(path, there, version.sha256)
            copied.files += 1
            copied.bytes += version.bytes
            lacking -= 1
    _remove_erased(note, folder)
    if not lacking:
        notes.write(folder, note)


def _file(path: Path, there: Path, sha256: str) -> None:
    """Copy a file. Raises ValueError if it is not what the note says."""
    notes.make(there.parent)
    temp = atomic.temp_path(there)
    try:
        atomic.copy_file(path, temp)
        if notes.checksum(temp) != sha256:
            raise ValueError("not the bytes that were kept: `livestats verify` says what to do")
        atomic.rename_into_place(temp, there)
    finally:
        temp.unlink(missing_ok=True)


def _remove_erased(note: notes.DayNote, folder: Path) -> None:
    """Remove the files that were erased from the home, by their checksums."""
    gone = {one["sha256"] for one in note.erased}
    if gone:
        for path in notes.files_in(folder):
            if notes.checksum(path) in gone:
                path.unlink()
    for place in folder.glob("*/*"):
        if place.is_dir() and not any(place.iterdir()):
            place.rmdir()
