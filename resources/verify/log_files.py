"""Verifies the kept log files of a day against its note: every byte, and what the note does not have.

Whether all listed files are kept is a state, not damage: see resources/logs/states.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from pathlib import Path

from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.findings import Severity
from resources.fs import access, atomic, locks
from resources.logs import notes, parse, states
from resources.logs.notes import DayNote, LogFile, Version
from resources.raw import captures
from resources.verify.findings import (
    FileFinding,
    FindingKind,
    OnRead,
    Repair,
    leftover,
    remove,
    unverified,
)


def size(archive: Archive, is_chosen: Callable[[date | None], bool]) -> int:
    """The bytes that `findings` will read."""
    folders = (
        notes.folder_of(archive.home, day) for day in notes.days_of(archive.home) if is_chosen(day)
    )
    return sum(path.lstat().st_size for folder in folders for path in notes.files_in(folder))


def findings(
    archive: Archive, is_chosen: Callable[[date | None], bool], on_read: OnRead
) -> Iterator[FileFinding]:
    """What is wrong with the log files of the chosen days."""
    root = archive.home.logs
    if root.is_file() and is_chosen(None):
        yield _extra(root, None)
    try:
        listed = sorted(root.iterdir()) if root.is_dir() else []
    except OSError as error:
        yield unverified(root, error, DATASETS[states.DATASET])
        return
    for path in listed:
        day = captures.day_named(path.name)
        if day is None or not path.is_dir():
            if is_chosen(None):
                yield _extra(path, None)
        elif is_chosen(day):
            try:
                with _lock(archive, day):
                    yield from _Day(archive, day, on_read).findings()
            except (OSError, locks.LockTimeout) as error:
                yield unverified(path, error, DATASETS[states.DATASET], day)


def _lock(archive: Archive, day: date) -> AbstractContextManager[None]:
    """The lock of a day; none where the home cannot be written, so nobody writes meanwhile."""
    file = notes.lock_file(archive.home, day)
    place = file.parent if file.parent.exists() else file.parent.parent
    return locks.lock(file) if os.access(place, os.W_OK) else nullcontext()


class _Day:
    """The files of one day."""

    def __init__(self, archive: Archive, day: date, on_read: OnRead) -> None:
        self._archive, self._day, self._on_read = archive, day, on_read
        self._folder = notes.folder_of(archive.home, day)

    def findings(self) -> Iterator[FileFinding]:
        """What is wrong with the note and the files."""
        try:
            note = notes.read(self._folder)
        except notes.UnreadableNote as error:
            path = self._folder / notes.NOTE
            cause = error.__cause__
            if isinstance(cause, OSError) and access.is_local(cause):
                yield unverified(path, cause, DATASETS[states.DATASET], self._day)
                return
            yield self._finding(FindingKind.DAMAGED, path, str(error.__cause__), (
                Repair.RESTORE,
                "Restore it from a backup, or move it out of the home: `livestats backfill` then takes up "
                "the files that lie beside it.",
            ))  # fmt: skip
            return
        known = note.paths(self._folder)
        yield from self._lines(note)
        for path, (_, version) in known.items():
            yield from self._file(path, version)
        there = {self._folder / notes.NOTE, self._folder / notes.LINES, *known}
        for path in sorted(self._folder.rglob("*")):
            if path.is_file() and path not in there:
                yield self._other(path)

    def _lines(self, note: DayNote) -> Iterator[FileFinding]:
        """The Parquet file of the lines, if there is one: it can always be made again."""
        path = self._folder / notes.LINES
        if path.is_file() and not (parse.is_current(self._folder, note) and parse.is_whole(path)):
            yield self._finding(FindingKind.DAMAGED, path, "not what the files say", (
                Repair.REMOVE,
                f"Delete {path}: with `logs.files = \"parse\"` the next `livestats backfill` makes it again.",
            ))  # fmt: skip

    def _file(self, path: Path, version: Version) -> Iterator[FileFinding]:
        try:
            is_right = notes.checksum(path) == version.sha256
        except FileNotFoundError:
            yield self._finding(
                FindingKind.MISSING, path, "its note says that it is kept", self._again("")
            )
            return
        self._on_read(path, path.stat().st_size)
        if not is_right:
            away = f"move {path} out of the home and "
            yield self._finding(
                FindingKind.DAMAGED, path, "not the bytes that were kept", self._again(away)
            )

    def _again(self, away: str) -> tuple[Repair, str]:
        """Download it again while the vendor has it, otherwise restore it."""
        settings = self._archive.settings
        if self._archive.now() >= states.expires_at(settings, self._day) or not states.is_wanted(
            settings
        ):
            return Repair.RESTORE, (
                "Restore it from a backup. The vendor keeps files for 31 days, and livestats asks for them "
                "with `logs.files` only: without a backup it is lost."
            )
        return Repair.CAPTURE, f"Restore it from a backup, or {away}run `livestats backfill`."

    def _other(self, path: Path) -> FileFinding:
        """A file that the note does not have: of a killed run, or not ours."""
        if path.name.startswith(atomic.TEMP_PREFIX):
            return self._finding(FindingKind.LEFTOVER, path, "half made", leftover())
        found = LogFile.of_path(self._folder, path)
        if found is not None and notes.checksum(path).startswith(found[1]):
            text = "complete, and not in the note yet: a run was killed"
            remedy = "Never counted; `livestats backfill` takes it up when it works on the day."
            return self._finding(FindingKind.LEFTOVER, path, text, (Repair.NOTHING, remedy))
        return _extra(path, self._day)

    def _finding(
        self, kind: FindingKind, path: Path, text: str, mend: tuple[Repair, str]
    ) -> FileFinding:
        severity = Severity.WARNING if kind is FindingKind.LEFTOVER else Severity.PROBLEM
        return FileFinding(
            severity=severity, kind=kind, subject=path, text=text, repair=mend[0], remedy=mend[1],
            dataset=states.DATASET, day=self._day,
        )  # fmt: skip


def _extra(path: Path, day: date | None) -> FileFinding:
    repair, remedy = remove(path)
    return FileFinding(
        kind=FindingKind.EXTRA, subject=path, text="no log file of livestats", repair=repair,
        remedy=remedy, dataset=states.DATASET, day=day,
    )  # fmt: skip
