"""The files of a home that are shared, and what is done with one that differs between home and store.

Shared are raw/, lake/, the identity file, the erasures, and what was learnt of the API. Not shared: the
databases, which each host makes of its lake, budgets and caches. Not here: moving (pull.py, push.py).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from pathlib import Path

from resources.errors import LivestatsError
from resources.fs import atomic
from resources.home.layout import Home
from resources.lake import parquet
from resources.ledger.acceptance import ACCEPTED
from resources.ledger.raw_day import PARTIAL
from resources.ledger.refused_captures import REFUSED
from resources.raw import captures, cold, erasures, owner, seen_notes, tombstones
from resources.shared.base import Base, Stamp
from resources.shared.index import Entry

NOTES = (seen_notes.SEEN, PARTIAL, ACCEPTED, REFUSED, tombstones.ERASED)
LEARNED = "state/learned.json"
IDENTITY, ERASURES = owner.IDENTITY_FILE, erasures.FILE

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_PLAIN = re.compile(rf"(?:day=)?{_NAME}")
_CAPTURE = re.compile(
    rf"(raw/{_NAME}/{_DAY}/(?:rejected-)?[0-9]{{8}}T[0-9]{{12}}Z-[0-9]+-[0-9a-f]{{16}})/"
    rf"(?:manifest\.json\.gz|responses\.zst|carried-[0-9]+\.zst)"
)
_OTHER = re.compile(
    rf"raw/{_NAME}/{_DAY}/(?:{'|'.join(map(re.escape, NOTES))})|lake/{_NAME}/day={_DAY}/{parquet.FILE}"
    rf"|{re.escape(IDENTITY)}|{re.escape(ERASURES)}|{re.escape(LEARNED)}"
)


class NotShareable(LivestatsError):
    """The home holds what cannot be shared; the message says what to do."""


def capture_of(path: str) -> str | None:
    """The folder of the capture that a file belongs to; None for any other file."""
    match = _CAPTURE.fullmatch(path)
    return match[1] if match else None


def is_erased(folder: Path) -> bool:
    """True for the folder of a capture that an erasure took, here or, once its note came, elsewhere."""
    return folder.name in tombstones.erased_names(folder.parent)


def is_shared(path: str) -> bool:
    """True for the path of a file that may be shared; nothing else of an index is written here."""
    return bool(_CAPTURE.fullmatch(path) or _OTHER.fullmatch(path))


def is_lake_file(path: str) -> bool:
    """True for the path of a file of the lake."""
    return path.startswith("lake/")


def is_removable(path: str) -> bool:
    """True for a note that livestats removes by itself when it no longer holds."""
    return path.endswith((f"/{PARTIAL}", f"/{REFUSED}"))


@dataclass(frozen=True)
class Tree:
    """What of a home is shared: folders of captures, which never change, and files that may."""

    captures: set[str] = field(default_factory=set)
    files: dict[str, Stamp] = field(default_factory=dict)
    unfinished: set[tuple[str, date]] = field(default_factory=set)
    """Datasets and days with what a process left that was killed, or is at work."""

    @classmethod
    def of(cls, home: Home) -> Tree:
        """What is there now. Raises NotShareable for a home with cold answers, OSError."""
        tree = cls()
        for dataset in _folders(home.raw):
            for day in _folders(dataset.path):
                tree._add_day(f"raw/{dataset.name}/{day.name}", day.path)
        for dataset in _folders(home.lake):
            for day in _folders(dataset.path):
                tree._add_rows(f"lake/{dataset.name}/{day.name}", day.path)
        for path in (IDENTITY, ERASURES, LEARNED):
            tree._add(home, path)
        return tree

    def _add_day(self, path: str, folder: str) -> None:
        _, dataset, named = path.split("/")
        day = captures.day_named(named)
        if day is None:
            return
        with os.scandir(folder) as entries:
            for one in entries:
                name = one.name.removeprefix(captures.REJECTED_PREFIX)
                if captures.CaptureName.parse(name) is not None:
                    self.captures.add(f"{path}/{one.name}")
                elif one.name in NOTES:
                    with suppress(FileNotFoundError):  # a note that has just been removed
                        self.files[f"{path}/{one.name}"] = stamp_of(one)
                elif one.name.startswith(atomic.TEMP_PREFIX):
                    self.unfinished.add((dataset, day))
                elif one.name == cold.NOTE:
                    raise NotShareable(
                        f"Answers of {path} are cold, and such a home cannot be shared. Bring all of them back "
                        "first: `livestats cold --back FIRST..LAST`."
                    )

    def _add_rows(self, path: str, folder: str) -> None:
        _, dataset, named = path.split("/")
        day = captures.day_named(named.removeprefix("day="))
        if day is None:
            return
        with os.scandir(folder) as entries:
            for one in entries:
                if one.name == parquet.FILE:
                    self.files[f"{path}/{one.name}"] = stamp_of(one)
                elif one.name.startswith(atomic.TEMP_PREFIX):
                    self.unfinished.add((dataset, day))

    def _add(self, home: Home, path: str) -> None:
        with suppress(FileNotFoundError, NotADirectoryError):
            self.files[path] = stamp_of(home.root / path)

    def entry(self, home: Home, path: str, base: Base) -> Entry | None:
        """A file that may change, as it is now; None if there is none. It is read if it has changed."""
        stamp = self.files.get(path)
        if stamp is None:
            return None
        if path in base.files and base.stamps.get(path) == stamp:
            return base.files[path]
        return entry_of(home.root / path)


def _folders(path: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            folders = [one for one in entries if one.is_dir() and _PLAIN.fullmatch(one.name)]
        return sorted(folders, key=lambda one: one.name)
    except (FileNotFoundError, NotADirectoryError):
        return []


def entry_of(path: Path) -> Entry | None:
    """The entry of a file; None if it is gone."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return Entry(digest, file.tell())
    except (FileNotFoundError, NotADirectoryError):
        return None


def stamp_of(file: Path | os.DirEntry[str]) -> Stamp:
    """The stamp of a file that is there."""
    found = file.stat()
    return found.st_size, found.st_mtime_ns


def stamps(home: Home, files: Mapping[str, Entry], base: Base) -> dict[str, Stamp]:
    """The stamps of the files that may change and are now as `files` has them."""
    now = Tree.of(home)
    return {
        path: stamp
        for path, stamp in now.files.items()
        if path in files and now.entry(home, path, base) == files[path]
    }


class Step(Enum):
    """What a pull does with a file that may change."""

    KEEP = "keep"  # it is as it should be, or newer here: a push puts it there
    TAKE = "take"  # that of the store is newer, or it is lost here
    MERGE = "merge"  # both have changed
    REMOVE = "remove"  # it was removed there


def step(path: str, before: Entry | None, here: Entry | None, there: Entry | None) -> Step:
    """What a pull does with a file, by what it was when home and store last met, is here and there."""
    if here == there:
        return Step.KEEP
    if here is None:
        is_removed_here = is_removable(path) and before == there
        return Step.KEEP if is_removed_here else Step.TAKE
    if there is None:
        return Step.REMOVE if before == here else Step.KEEP
    if before == here:
        return Step.TAKE
    return Step.KEEP if before == there else Step.MERGE
