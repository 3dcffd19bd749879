"""The raw archive: responses of the API, byte for byte, each with its request.

    raw/<dataset>/<day>/<capture>/manifest.json.gz   what was asked, when, and checksums
                                  responses.zst      the bodies in order, as zstd frames
                                  carried-1.zst      bodies of earlier captures, in a supplement
    raw/<dataset>/<day>/rejected-…/                  the same, of answers that could not be proven
    raw/<dataset>/<day>/cold.json                    which files of bodies an object store has (cold.py)

A capture is written to a temporary folder and renamed when the day is complete; a named capture
never changes. The name holds fetch time, row count and the checksum of the manifest, which holds
the checksum of the bodies: a folder listing gives the state of each day, and verify finds any
changed byte. Not here: writing (capture_writer.py, read it next), when a capture was seen again
(seen_notes.py), rows (resources/lake), states (resources/ledger).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from resources.api import body as api_body
from resources.api.body import Body, Packed
from resources.errors import LivestatsError
from resources.fs import access
from resources.fs.object_store import MissingObject, StoreError
from resources.raw import cold, owner, tombstones
from resources.raw.manifest_facts import manifest_facts

FORMAT = 2
"""Of manifests. 2: requests without an answer (`lacking`) and answers of earlier captures (`carried`)."""

MANIFEST = "manifest.json.gz"
RESPONSES = "responses.zst"
REJECTED_PREFIX = "rejected-"

_NAME = re.compile(r"([0-9]{8}T[0-9]{12})Z-([0-9]+)-([0-9a-f]{16})")
STAMP = "%Y%m%dT%H%M%S%f"


class UnusableCapture(LivestatsError):
    """A capture whose answers cannot be had: damaged or unreadable."""


class DamagedCapture(UnusableCapture):
    """Raised for a capture that differs from its checksums; the message names file and remedy."""


class MisplacedCapture(DamagedCapture):
    """Raised for an intact capture of another dataset, day, time zone or home than its place says."""


class RefusedCapture(UnusableCapture):
    """Raised for an intact capture whose answers this version does not take for those of its day."""


class UnreadableCapture(UnusableCapture):
    """Raised where the system or the store did not give a file (permission, disk): nothing is said of it."""


@dataclass(frozen=True, order=True)
class CaptureName:
    """The name of a complete capture; names sort by time."""

    text: str

    @classmethod
    def parse(cls, text: str) -> CaptureName | None:
        """The name of a capture from a folder's name, or None for any other folder."""
        match = _NAME.fullmatch(text)
        return cls(text) if match and _instant(match[1]) else None

    @cached_property
    def _parts(self) -> tuple[str, ...]:
        match = _NAME.fullmatch(self.text)
        return match.groups() if match else ("", "", "")

    @cached_property
    def fetched_at(self) -> datetime:
        """When the last response arrived, UTC."""
        fetched_at = _instant(self._parts[0])
        if fetched_at is None:
            raise ValueError(f"{self.text!r} is no name of a capture")
        return fetched_at

    @cached_property
    def rows(self) -> int:
        """Number of rows in its responses."""
        return int(self._parts[1])

    @property
    def digest(self) -> str:
        """First 16 hexadecimal digits of the manifest's SHA-256."""
        return self._parts[2]


def _instant(stamp: str) -> datetime | None:
    """The time in a name; None if there is no such time."""
    try:
        return datetime.fromisoformat(f"{stamp[:15]}.{stamp[15:]}+00:00")
    except ValueError:
        return None


@dataclass(frozen=True)
class Response:
    """One response as stored."""

    question: int  # number of the request in the day, from 0; "walk" in the manifest
    page: int
    payload: Mapping[str, object]  # the request body, with page numbers
    fetched_at: str
    size: int  # bytes of the body
    stored: bytes | Packed  # the body as zstd frames


def pack(body: Body) -> bytes | Packed:
    """A body as it is stored: one zstd frame, or several if it is large."""
    return api_body.pack(body) if isinstance(body, bytes) else body


@dataclass(frozen=True)
class Capture:
    """One complete capture on disk."""

    folder: Path
    name: CaptureName

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Requests, times and checksums. Raises UnusableCapture if it is not as written or not read."""
        path = self.folder / MANIFEST
        try:
            stored = path.read_bytes()
            if hashlib.sha256(stored).hexdigest()[:16] != self.name.digest:
                raise DamagedCapture(f"{path} has changed since it was written. {_REMEDY}")
            return dict(json.loads(gzip.decompress(stored)))
        except (OSError, EOFError, ValueError) as error:
            raise _not_read(path, error) from error

    def body_files(self) -> Iterator[BodyFile]:
        """The files with the bodies, in request order: those of earlier captures first."""
        manifest = self.manifest
        requests = manifest["requests"]
        for part in manifest.get("carried", ()):
            count = part["requests"]
            yield BodyFile(self.folder / part["file"], part["sha256"], requests[:count])
            requests = requests[count:]
        yield BodyFile(self.folder / RESPONSES, manifest["responses_sha256"], requests)

    def responses(self) -> Iterator[tuple[int, int, dict[str, object], Body]]:
        """Request number, page, request body and response body, in request order.

        One response is in memory at a time. A large one is readable until the next is taken.

        Raises DamagedCapture before the first response of a file if any of its bytes has changed:
        zstd frames are stored without checksums, so a changed response could otherwise be read as
        valid. UnreadableCapture if the system does not let it be read.
        """
        for body_file in self.body_files():
            yield from body_file.responses()

    @property
    def homes(self) -> frozenset[str]:
        """The homes whose captures count where this one lies; see `owner.homes_of`."""
        return owner.homes_of(self.folder.parents[2])

    def misplacement(self, time_zone: str | None = None) -> str:
        """How its manifest contradicts the folders that it lies in; "" if it does not.

        `time_zone` is that of the archive; None: it is not compared. A manifest that cannot be read
        contradicts nothing: whoever reads the capture raises UnusableCapture.
        """
        day = self.folder.parent
        if day_named(day.name) is None:  # not in an archive
            return ""
        try:
            facts = manifest_facts(self)
            return facts.misplacement(day.parent.name, day.name, time_zone, self.homes)
        except UnusableCapture:
            return ""

    def check_place(self, dataset: str, day: date, time_zone: str | None = None) -> None:
        """Raise MisplacedCapture if it is not of this dataset, day and time zone; DamagedCapture."""
        problem = manifest_facts(self).misplacement(dataset, day.isoformat(), time_zone, self.homes)
        if problem:
            raise MisplacedCapture(
                f"{self.folder} {problem}, so it is not {dataset} {day}. {MISPLACED_REMEDY}"
            )

    @property
    def lacking(self) -> Sequence[Mapping[str, Any]]:
        """The requests that have no proven answer: `payload`, `item`, `error`, `code`, `at`."""
        return tuple(self.manifest.get("lacking", ()))


@dataclass(frozen=True)
class BodyFile:
    """A file of response bodies as zstd frames, one after the other."""

    path: Path
    sha256: str
    requests: Sequence[Mapping[str, Any]]  # entries of the manifest

    @property
    def size(self) -> int:
        """Bytes that were written."""
        return sum(request["stored"] for request in self.requests)

    def responses(self) -> Iterator[tuple[int, int, dict[str, object], Body]]:
        """As `Capture.responses`, for this file. Raises UnusableCapture."""
        try:
            with self.opened() as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != self.sha256:
                    raise DamagedCapture(f"{self.path} has changed since it was written. {_REMEDY}")
                file.seek(0)
                start = 0
                for request in self.requests:
                    stored, size = request["stored"], request["size"]
                    packed = Packed(file, start, stored, size, self._broken)
                    body = packed if size > api_body.LARGE_BYTES else packed.whole()
                    yield request["walk"], request["page"], request["payload"], body
                    start += stored
        except OSError as error:
            raise self._broken(error) from error

    @contextmanager
    def opened(self) -> Iterator[cold.Readable]:
        """It for reading, also if it is cold.

        Raises DamagedCapture if the store has lost it, UnreadableCapture if it cannot say; OSError.
        """
        with ExitStack() as stack:
            try:
                file = stack.enter_context(cold.opened(self.path))
            except MissingObject as error:
                raise DamagedCapture(f"{self.path} is cold, and {error} {_REMEDY}") from error
            except (StoreError, ValueError) as error:
                raise UnreadableCapture(
                    f"{self.path} is cold, and the store does not give it: {error} Nothing says that "
                    "it is damaged: see to that, and run again."
                ) from error
            yield file

    def _broken(self, error: Exception) -> UnusableCapture:
        return _not_read(self.path, error)


def _not_read(path: Path, error: Exception) -> UnusableCapture:
    """The error for a file that could not be read, or not decoded."""
    if access.is_local(error):
        return UnreadableCapture(
            f"{path} cannot be read: {access.reason(error)}. Fix that and run again; nothing says "
            "that it is damaged, so leave it where it is."
        )
    return DamagedCapture(f"{path} cannot be read: {error}. {_REMEDY}")


_REMEDY = (
    "Restore it from a backup, or move the capture's folder away: an earlier capture of the day is "
    "then used, or the day is captured again while the API still has it."
)

MISPLACED_REMEDY = (
    "Move it back to where it belongs, or out of the home. The day is captured again while the API "
    "still has it. If all captures are said to be of another home, archive.json is not the one that "
    "belongs to raw/: restore that. To join the captures of two homes of one account: docs/recovery.md."
)

ERASED_REMEDY = "It does not count. Run `livestats erase`: it deletes all such captures, and makes the tables again."


def folder_of(raw: Path, dataset: str, day: date) -> Path:
    """The folder of one day's captures and notes."""
    return raw / dataset / day.isoformat()


def captures_in(day_folder: Path) -> list[CaptureName]:
    """The complete captures of one day, oldest first, without those that an erasure took."""
    names = map(CaptureName.parse, _counting(day_folder))
    return sorted(name for name in names if name is not None)


def rejected_in(day_folder: Path) -> list[Capture]:
    """Answers that could not be proven, oldest first. They are never loaded."""
    names = sorted(one for one in _counting(day_folder) if one.startswith(REJECTED_PREFIX))
    return _in(day_folder, names)


def erased_in(day_folder: Path) -> list[Capture]:
    """Captures, and rejected answers, that an erasure took and that are there: they do not count."""
    names = sorted(tombstones.erased_names(day_folder))
    return [one for one in _in(day_folder, names) if one.folder.is_dir()]


def _counting(day_folder: Path) -> set[str]:
    """The names in the folder of a day, without those of captures that an erasure took."""
    names = {path.name for path in day_folder.iterdir()} if day_folder.is_dir() else set()
    return names - tombstones.erased_names(day_folder) if tombstones.ERASED in names else names


def _in(day_folder: Path, names: Iterable[str]) -> list[Capture]:
    """Those of `names` that are of a capture or of rejected answers."""
    parsed = ((text, CaptureName.parse(text.removeprefix(REJECTED_PREFIX))) for text in names)
    return [Capture(day_folder / text, name) for text, name in parsed if name is not None]


def newest(day_folder: Path, time_zone: str | None = None) -> Capture | None:
    """The newest capture of the day, or None. Those that belong elsewhere do not count.

    `time_zone`: see `Capture.misplacement`.
    """
    for name in reversed(captures_in(day_folder)):
        capture = Capture(day_folder / name.text, name)
        if not capture.misplacement(time_zone):
            return capture
    return None


def misplaced_in(day_folder: Path, time_zone: str | None = None) -> list[tuple[Capture, str]]:
    """The captures of a day's folder that belong elsewhere, each with what contradicts its place."""
    found = (Capture(day_folder / name.text, name) for name in captures_in(day_folder))
    return [(one, problem) for one in found if (problem := one.misplacement(time_zone))]


def days_of(raw: Path, dataset: str) -> dict[date, Path]:
    """The folders of all days of a dataset for which a capture was attempted."""
    folder = raw / dataset
    if not folder.is_dir():
        return {}
    return {day: p for p in sorted(folder.iterdir()) if (day := day_named(p.name)) is not None}


def day_named(text: str) -> date | None:
    """The day that a folder is named after; None for any other folder, such as a backup's."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None
