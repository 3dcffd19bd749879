"""Copies what a backup lacks. The target is right after every single step, so it may be killed.

A capture never changes, so it is copied once. A lake file is copied after its capture is there, so
the target never holds rows of answers that it lacks. Everything that is copied is read back and held
against its checksums before it gets its name. Read next: target.py.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from pipelines.backup import log_files
from pipelines.backup import target as backup_target
from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.fs import access, atomic, sealed
from resources.home import day_lock
from resources.home.layout import Home
from resources.lake import checksum, parquet
from resources.ledger.acceptance import ACCEPTED
from resources.ledger.refused_captures import REFUSED
from resources.ledger.states import PARTIAL
from resources.logs.notes import UnreadableNote
from resources.raw import captures, erasures, seen_notes, tombstones
from resources.raw.captures import BodyFile, Capture

_NOTES = (seen_notes.SEEN, PARTIAL, ACCEPTED, REFUSED, tombstones.ERASED)
_DERIVED = {name for name, dataset in DATASETS.items() if dataset.derived_from}
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
"""Errors of the target, which every further file would meet."""


@dataclass
class Copied:
    """What a backup did."""

    captures: int = 0
    lake_files: int = 0
    log_files: int = 0
    bytes: int = 0
    present: int = 0  # captures that were there before
    problems: list[tuple[Path, str]] = field(default_factory=list)
    """Files and folders of the home that were not copied, each with the reason."""

    @contextmanager
    def naming(self, path: Path) -> Iterator[None]:
        """Name what of `path` cannot be read or is damaged, and go on after the block."""
        try:
            yield
        except (
            OSError,
            ValueError,
            UnreadableNote,
            captures.UnusableCapture,
            checksum.DamagedFile,
        ) as error:
            if isinstance(error, OSError) and error.errno in _NO_ROOM:
                raise
            self.problems.append((path, access.reason(error)))


def backup(archive: Archive, root: Path, tell: Callable[[str], None] = lambda _: None) -> Copied:
    """Bring the backup in `root` up to date; `tell` gets the name of each dataset.

    Takes no lock of the home: captures and loads go on. What cannot be copied is named and left out,
    and the rest is copied. Raises Unsuitable, and OSError if the target cannot be written.
    """
    copied, home = Copied(), archive.home
    with backup_target.opened(home, root) as target:
        _identity(home, target)
        for name in _datasets(home.raw):
            tell(name)
            with copied.naming(home.raw / name):
                for day, folder in captures.days_of(home.raw, name).items():
                    with copied.naming(folder), _locked(target, name, day):
                        _day(folder, captures.folder_of(target.raw, name, day), copied)
        for name in _datasets(home.lake):
            with copied.naming(home.lake / name):
                for day, path in parquet.days_of(home.lake, name).items():
                    with copied.naming(path), _locked(target, name, day):
                        _lake_file(home, target, name, day, path, copied)
        tell("log files")
        of_logs = log_files.copy(home, target, copied.naming)
        copied.log_files, copied.bytes = of_logs.files, copied.bytes + of_logs.bytes
        _identity(home, target)  # settings that were fixed meanwhile
        if not copied.problems:
            backup_target.write_marker(home, target, archive.now())
    return copied


def _datasets(layer: Path) -> list[str]:
    """The folders of a layer, also of datasets that this livestats does not know.

    Those that may carry answers of others come last, so that these can be linked.
    """
    names = [p.name for p in layer.iterdir() if p.is_dir()] if layer.is_dir() else []
    return sorted(names, key=lambda name: (name in _DERIVED, name))


@contextmanager
def _locked(target: Home, name: str, day: date) -> Iterator[None]:
    """The lock of a day of the backup, which is a home; removes what killed backups left there."""
    if name in DATASETS:
        with day_lock.locked(target, DATASETS[name], day):
            yield
    else:  # no other process of this version works on it
        atomic.remove_stale_temps(captures.folder_of(target.raw, name, day))
        atomic.remove_stale_temps(parquet.path_of(target.lake, name, day).parent)
        yield


def _identity(home: Home, target: Home) -> None:
    """Copy the identity file, and the file of what was erased."""
    for name in (home.identity_file.name, erasures.FILE):
        source, path = home.root / name, target.root / name
        data = source.read_bytes() if source.is_file() else None
        if data is not None and not (path.is_file() and path.read_bytes() == data):
            atomic.write_atomically(path, data)


# Raw ---------------------------------------------------------------------------------------------


def _day(source: Path, folder: Path, copied: Copied) -> None:
    """Copy the captures of one day that `folder` lacks, then its notes."""
    # Read before the captures are listed: notes never name a capture that is then not copied.
    notes = {name: (source / name).read_bytes() for name in _NOTES if (source / name).is_file()}
    found = [*captures.rejected_in(source)]
    found += [Capture(source / name.text, name) for name in captures.captures_in(source)]
    folder.mkdir(parents=True, exist_ok=True)
    for capture in found:
        if (folder / capture.folder.name).is_dir():
            copied.present += 1
            continue
        with copied.naming(capture.folder):
            copied.bytes += _capture(capture, folder)
            copied.captures += 1
    _erase(source, folder)
    if any(not (folder / capture.folder.name).is_dir() for capture in found):
        return  # they may name the capture that could not be copied
    for name, data in notes.items():
        with copied.naming(source / name):
            sealed.unseal(data)
            if not (folder / name).is_file() or (folder / name).read_bytes() != data:
                atomic.write_atomically(folder / name, data)


def _erase(source: Path, folder: Path) -> None:
    """Remove what was erased from the home since it was copied, and the lake file made of it.

    What is left of it was copied before, unless it is damaged, and the lake file is copied after it.
    """
    names = {one.capture for one in tombstones.of_day(source)}
    for path in [folder / name for name in names if (folder / name).is_dir()]:
        gone = atomic.temp_path(path)
        path.rename(gone)
        shutil.rmtree(gone)
        atomic.fsync(folder)
        raw = folder.parent.parent
        lake = parquet.path_of(
            raw.parent / "lake", folder.parent.name, date.fromisoformat(folder.name)
        )
        lake.unlink(missing_ok=True)


def _capture(capture: Capture, folder: Path) -> int:
    """Copy one capture into the day's `folder`; the bytes that were written."""
    temp = atomic.temp_path(folder / capture.folder.name)
    try:
        temp.mkdir()
        written = _copied(capture.folder / captures.MANIFEST, temp / captures.MANIFEST)
        copy = Capture(temp, capture.name)
        for body_file in copy.body_files():  # reads the manifest, which its name proves
            present = _carried(copy, body_file, folder)
            if present is None:
                source = replace(body_file, path=capture.folder / body_file.path.name)
                written += _fetched(source, body_file.path)
            else:
                os.link(present, body_file.path)
            with body_file.path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != body_file.sha256:
                    name = capture.folder / body_file.path.name
                    raise captures.DamagedCapture(
                        f"{name.name} has changed since it was written: `livestats verify` says what "
                        "to do"
                    )
        atomic.rename_into_place(temp, folder / capture.folder.name)
        for parent in (folder.parent, folder.parent.parent):
            atomic.fsync(parent)  # both may be new
    except BaseException:
        shutil.rmtree(temp, ignore_errors=True)
        raise
    return written


def _carried(copy: Capture, body_file: BodyFile, folder: Path) -> Path | None:
    """The same file in another capture of the backup, which is linked instead of copied."""
    for part in copy.manifest.get("carried", ()):
        name = captures.CaptureName.parse(str(part["from"]))
        if part["file"] == body_file.path.name and name is not None:
            of_dataset = str(part.get("dataset", folder.parent.name))
            at = captures.folder_of(
                folder.parent.parent, of_dataset, date.fromisoformat(folder.name)
            )
            earlier = Capture(at / name.text, name)
            if earlier.folder.is_dir():
                same = (f.path for f in earlier.body_files() if f.sha256 == body_file.sha256)
                return next(same, None)
    return None


def _fetched(source: BodyFile, path: Path) -> int:
    """Copy a file of bodies, from the store if it is cold: a backup has all of them itself."""
    if source.path.exists():
        with suppress(FileNotFoundError):  # it was moved meanwhile
            return _copied(source.path, path)
    path.unlink(missing_ok=True)
    with source.opened() as found, path.open("xb") as target:
        shutil.copyfileobj(found, target)
    atomic.fsync(path)
    return path.stat().st_size


def _copied(source: Path, path: Path) -> int:
    atomic.copy_file(source, path)
    atomic.fsync(path)
    return path.stat().st_size


# Lake --------------------------------------------------------------------------------------------


def _lake_file(
    home: Home, target: Home, name: str, day: date, source: Path, copied: Copied
) -> None:
    """Copy a lake file, and before it the capture that it was made from if that is new."""
    path = parquet.path_of(target.lake, name, day)
    before = source.stat()
    if path.is_file() and _stamp(path.stat()) == _stamp(before):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temp = atomic.temp_path(path)
    try:
        size = _copied(source, temp)
        checksum.check(temp)
        origin = parquet.provenance_of(temp)
        folder = captures.folder_of(target.raw, name, day)
        if origin is not None and not (folder / origin.capture).is_dir():
            _day(captures.folder_of(home.raw, name, day), folder, copied)
        if origin is None or not (folder / origin.capture).is_dir():
            raise checksum.DamagedFile("its capture could not be copied, so it was left out")
        os.utime(temp, ns=(before.st_atime_ns, before.st_mtime_ns))
        atomic.rename_into_place(temp, path)
    finally:
        temp.unlink(missing_ok=True)
    copied.lake_files += 1
    copied.bytes += size


def _stamp(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns
