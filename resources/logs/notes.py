"""The note of a day: which log files the vendor listed, and which are kept, with their checksums.

Not here: what of it is lacking (states.py), downloading (keep.py). Read next: states.py.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from resources.errors import LivestatsError
from resources.fs import access, atomic, sealed
from resources.home.layout import FOLDER_MODE, Home
from resources.raw import captures

NOTE = "kept.json"
LINES = "lines.parquet"
FORMAT = 1
ACCOUNT = "%"
"""Folder of files without a domain. No domain has this name, for names are percent-encoded."""

_LONGEST_NAME = 180  # bytes, encoded; with a checksum and a temporary prefix 255 are possible
_ON_DISK = re.compile(r"(?P<stem>.+)\.(?P<sum>[0-9a-f]{12})(?P<kind>\.[A-Za-z0-9]{1,8})?")


class UnreadableNote(LivestatsError):
    """The note of a day is damaged, or cannot be looked at; the message says what to do."""


@dataclass(frozen=True, order=True)
class LogFile:
    """A log file as the vendor names it."""

    type: str
    domain: str  # "" for those of the account
    name: str

    def __str__(self) -> str:
        return f"{self.type}/{self.domain or 'account'}/{self.name}"

    @property
    def is_storable(self) -> bool:
        """Whether its names can be names of files."""
        return bool(self.name) and all(
            len(_encoded(part)) <= _LONGEST_NAME for part in (self.type, self.domain, self.name)
        )

    def path(self, folder: Path, sha256: str) -> Path:
        """Where a version of it lies below the folder of its day: names are percent-encoded."""
        stem, dot, kind = _encoded(self.name).rpartition(".")
        if not stem or not re.fullmatch("[A-Za-z0-9]{1,8}", kind):
            stem, dot, kind = _encoded(self.name), "", ""
        domain = _encoded(self.domain) if self.domain else ACCOUNT
        return folder / _encoded(self.type) / domain / f"{stem}.{sha256[:12]}{dot}{kind}"

    @classmethod
    def of_path(cls, folder: Path, path: Path) -> tuple[LogFile, str] | None:
        """The file that lies at a path, and the begin of its checksum; None if none can."""
        parts = path.relative_to(folder).parts
        found = _ON_DISK.fullmatch(parts[-1])
        if len(parts) != 3 or found is None:
            return None
        kind, domain = (unquote(part) for part in parts[:2])
        name = unquote(f"{found['stem']}{found['kind'] or ''}")
        one = cls(kind, "" if parts[1] == ACCOUNT else domain, name)
        return (one, found["sum"]) if one.path(folder, found["sum"]) == path else None


def _encoded(text: str) -> str:
    """A name from the API as a name of a file: nothing in it is a path, or hidden."""
    found = quote(text, safe="", errors="surrogatepass")
    return f"%2E{found[1:]}" if found.startswith(".") else found


@dataclass(frozen=True)
class Listed:
    """What the vendor said of a file."""

    hour: str  # ISO 8601
    bytes: int
    is_gone: bool = False  # listed once, and not any more


@dataclass(frozen=True, kw_only=True)
class Version:
    """A file that is kept."""

    listed_bytes: int
    bytes: int  # of the file
    sha256: str
    kept_at: str
    times: int = 1  # that the same bytes came for the same size in the list
    lines_erased: int = 0
    is_sound: bool = True  # False: of another size than listed, and no gzip file as its name says

    @property
    def is_whole(self) -> bool:
        """Whether it is what was listed: of that size, or twice the same.

        A page of a gateway or a file that is always cut comes twice the same, too: it is not sound.
        """
        came_twice = self.times > 1 and self.is_sound
        return self.bytes == self.listed_bytes or came_twice or self.lines_erased > 0


@dataclass
class DayNote:
    """The note of a day."""

    listed_at: datetime | None = None  # when the list was asked for last, to download files
    capture: str = ""  # of the dataset log_file, that was the newest then
    listed: dict[LogFile, Listed] = field(default_factory=dict)
    versions: dict[LogFile, list[Version]] = field(default_factory=dict)  # the newest one last
    faults: dict[LogFile, str] = field(default_factory=dict)  # of the last try
    erased: list[dict[str, str]] = field(default_factory=list)  # erasure, sha256 of a file before

    def newest(self, file: LogFile) -> Version | None:
        """The version that was kept last."""
        found = self.versions.get(file)
        return found[-1] if found else None

    def paths(self, folder: Path) -> dict[Path, tuple[LogFile, Version]]:
        """Every file that the note says is kept."""
        return {
            file.path(folder, one.sha256): (file, one)
            for file, versions in self.versions.items()
            for one in versions
        }

    def add(self, file: LogFile, version: Version) -> None:
        """Note a version; the same bytes for the same size count as once more."""
        versions = self.versions.setdefault(file, [])
        before = versions[-1] if versions else None
        if before is not None and before.sha256 == version.sha256:
            is_same = before.listed_bytes == version.listed_bytes
            times = before.times + 1 if is_same else 1
            versions[-1] = Version(**{**asdict(version), "times": times})
        else:
            versions.append(version)

    def facts(self) -> dict[str, Any]:
        """It as JSON values."""
        return {
            "format": FORMAT,
            "listed_at": self.listed_at and self.listed_at.isoformat(timespec="seconds"),
            "capture": self.capture,
            "listed": [{**asdict(f), **asdict(one)} for f, one in sorted(self.listed.items())],
            "versions": [
                {**asdict(f), **asdict(one)}
                for f, versions in sorted(self.versions.items())
                for one in versions
            ],
            "faults": [{**asdict(f), "fault": text} for f, text in sorted(self.faults.items())],
            "erased": self.erased,
        }

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> DayNote:
        """One that was written. Raises KeyError, TypeError or ValueError for anything else."""
        if facts["format"] != FORMAT:
            raise ValueError(f"format {facts['format']}")
        at = facts["listed_at"]
        note = cls(datetime.fromisoformat(at) if at else None, str(facts["capture"]))
        for found in facts["listed"]:
            file, rest = _split(found)
            note.listed[file] = Listed(**rest)
        for found in facts["versions"]:
            file, rest = _split(found)
            note.versions.setdefault(file, []).append(Version(**rest))
        for found in facts["faults"]:
            file, rest = _split(found)
            note.faults[file] = str(rest["fault"])
        note.erased = [dict(one) for one in facts["erased"]]
        return note


def _split(found: Mapping[str, Any]) -> tuple[LogFile, dict[str, Any]]:
    rest = dict(found)
    return LogFile(*(str(rest.pop(name)) for name in ("type", "domain", "name"))), rest


def folder_of(home: Home, day: date) -> Path:
    """The folder of a day's log files."""
    return home.logs / day.isoformat()


def lock_file(home: Home, day: date) -> Path:
    """The lock of whoever writes into a day's folder."""
    return home.lock_file(f"logs.{day}")


def days_of(home: Home) -> list[date]:
    """The days that have a folder, in order."""
    if not home.logs.is_dir():
        return []
    return sorted(d for p in home.logs.iterdir() if (d := captures.day_named(p.name)) is not None)


def read(folder: Path) -> DayNote:
    """The note of a day's folder; an empty one if there is none. Raises UnreadableNote."""
    path = folder / NOTE
    try:
        return DayNote.of_facts(sealed.unseal(path.read_bytes()))
    except (FileNotFoundError, NotADirectoryError):
        return DayNote()
    except (OSError, ValueError, KeyError, TypeError) as error:
        if access.is_local(error):
            raise UnreadableNote(
                f"{path} cannot be read: {access.reason(error)}. {access.LEAVE_IT}"
            ) from error
        raise UnreadableNote(
            f"{path} cannot be read: {error}. Restore it from a backup, or move it out of the home: "
            "`livestats backfill` then takes up the files that lie beside it."
        ) from error


def write(folder: Path, note: DayNote) -> None:
    """Write the note of a day. The caller holds its lock."""
    make(folder)
    atomic.write_atomically(folder / NOTE, sealed.seal(note.facts()))


def make(folder: Path) -> None:
    """Make a folder below logs/, with those above it: for the owner and a group of his choice."""
    if not folder.is_dir():
        make(folder.parent)
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)


def files_in(folder: Path) -> Iterator[Path]:
    """Every log file that lies in a day's folder, temporary ones left out."""
    for path in sorted(folder.glob("*/*/*")):
        if path.is_file() and not path.name.startswith(atomic.TEMP_PREFIX):
            yield path


def adopt(folder: Path, note: DayNote, at: datetime) -> int:
    """Take up complete files that the note lacks: a run was killed before it wrote the note.

    The caller holds the lock. A file is complete if its name has the checksum of its bytes. What an
    erasure took out of the note is not taken up.
    """
    known, found = note.paths(folder), 0
    erased = {one["sha256"] for one in note.erased}
    for path in files_in(folder):
        one = None if path in known else LogFile.of_path(folder, path)
        if one is None:
            continue
        sha256 = checksum(path)
        if sha256.startswith(one[1]) and sha256 not in erased:
            size = path.stat().st_size
            kept_at = at.isoformat(timespec="seconds")
            version = Version(listed_bytes=size, bytes=size, sha256=sha256, kept_at=kept_at)
            note.add(one[0], version)
            found += 1
    return found


def checksum(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tidy(folder: Path) -> None:
    """Remove what killed runs left in a day's folder. The caller holds the lock."""
    for path in (folder, *folder.glob("*/*")):
        atomic.remove_stale_temps(path)
