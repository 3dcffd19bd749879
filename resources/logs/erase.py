"""Log files without an item that is erased: files of a domain go, of others the lines that name it.

All lines are searched, of earlier versions too. Can be repeated from wherever it was killed. Not here:
the command (pipelines/erase). Read next: mentions.py.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from resources.api.catalog.spelling import domain_key
from resources.fs import access, atomic, locks
from resources.home.layout import Home
from resources.logs import lines, notes
from resources.logs.mentions import mentions
from resources.logs.notes import DayNote, LogFile, Version
from resources.raw.erasures import ItemKind, Sought


@dataclass
class Named:
    """What of a day's log files names an item."""

    files: int = 0
    lines: int = 0
    problems: list[str] = field(default_factory=list)


def find(home: Home, day: date, item: Sought) -> Named:
    """How many files and lines of a day name the item. Changes nothing."""
    folder, found = notes.folder_of(home, day), Named()
    for path in notes.files_in(folder):
        file = LogFile.of_path(folder, path)
        try:
            number = _count(path, file[0] if file else None, item)
        except (lines.UnreadableFile, OSError) as error:
            found.problems.append(access.reason(error))
            continue
        found.files += number > 0
        found.lines += number
    return found


def _count(path: Path, file: LogFile | None, item: Sought) -> int:
    if file is not None and is_of(file, item):
        return sum(1 for _ in lines.read(path)) or 1
    domain = "" if file is None else file.domain
    return sum(mentions(line, item, domain) for line in lines.read(path))


def is_of(file: LogFile, item: Sought) -> bool:
    """Whether a file as a whole is of a domain that is erased."""
    return (
        item.kind is ItemKind.DOMAIN and bool(file.domain) and item.is_text(domain_key(file.domain))
    )


def without(path: Path, domain: str, items: Sequence[Sought]) -> int:
    """Take the lines that name one of the items out of a file, in place; how many there were.

    Raises UnreadableFile.
    """
    number = sum(_is_cut(line, domain, items) for line in lines.read(path))
    if not number:
        return 0
    left = (line for line in lines.read(path) if not _is_cut(line, domain, items))
    with atomic.making(path) as temp, temp.open("wb") as target:
        if lines.is_gzip(path):
            with gzip.GzipFile("", "wb", fileobj=target, mtime=0) as packed:
                packed.writelines(left)
        else:
            target.writelines(left)
    return number


def _is_cut(line: bytes, domain: str, items: Sequence[Sought]) -> bool:
    return any(mentions(line, item, domain) for item in items)


def erase(home: Home, day: date, item: Sought, erasure: str) -> Named:
    """Erase the item from a day's log files.

    First what is left of each file is written beside it, then the note with the tombstones, then the
    files go. Raises UnreadableNote, LockTimeout.
    """
    folder = notes.folder_of(home, day)
    with locks.lock(notes.lock_file(home, day)):
        notes.tidy(folder)
        note, found = notes.read(folder), Named()
        before = {path: both for path, both in note.paths(folder).items() if path.is_file()}
        for path, (file, version) in before.items():
            try:
                _erase_file(note, folder, path, (file, version), item, erasure, found)
            except (lines.UnreadableFile, OSError) as error:
                found.problems.append(access.reason(error))
        for file in [one for one in (*note.listed, *note.faults) if is_of(one, item)]:
            note.listed.pop(file, None)
            note.faults.pop(file, None)
        if found.files:
            (folder / notes.LINES).unlink(missing_ok=True)
        notes.write(folder, note)
        _remove_others(folder, note, item, found)
    return found


def _erase_file(
    note: DayNote,
    folder: Path,
    path: Path,
    kept: tuple[LogFile, Version],
    item: Sought,
    erasure: str,
    found: Named,
) -> None:
    """Note what becomes of one version of a file, after what is left of it was written."""
    file, version = kept
    versions = note.versions[file]
    if is_of(file, item):
        found.lines += sum(1 for _ in lines.read(path))
        versions.remove(version)
        if not versions:
            del note.versions[file]
    else:
        temp = atomic.temp_path(path)
        try:
            atomic.copy_file(path, temp)
            number = without(temp, file.domain, [item])
            if not number:
                return
            left = replace(
                version,
                bytes=temp.stat().st_size,
                sha256=notes.checksum(temp),
                lines_erased=version.lines_erased + number,
            )
            atomic.rename_into_place(temp, file.path(folder, left.sha256))
        finally:
            temp.unlink(missing_ok=True)
        found.lines += number
        versions[versions.index(version)] = left
    found.files += 1
    note.erased.append({"erasure": erasure, "sha256": version.sha256})


def _remove_others(folder: Path, note: DayNote, item: Sought, found: Named) -> None:
    """Delete the files that the note does not have any more, and others that name the item."""
    known = note.paths(folder)
    gone = {one["sha256"] for one in note.erased}
    for path in notes.files_in(folder):
        if path in known:
            continue
        file = LogFile.of_path(folder, path)
        try:
            if notes.checksum(path) in gone or _count(path, file[0] if file else None, item):
                path.unlink()
        except (lines.UnreadableFile, OSError) as error:
            found.problems.append(access.reason(error))
    for place in (*folder.glob("*/*"), *folder.glob("*")):
        if place.is_dir() and not any(place.iterdir()):
            place.rmdir()
