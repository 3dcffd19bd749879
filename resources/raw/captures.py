"""The raw archive: responses of the API, byte for byte, each with its request.

    raw/<dataset>/<day>/<capture>/manifest.json.gz   what was asked, when, and checksums
                                  responses.zst      the bodies in order, as zstd frames
    raw/<dataset>/<day>/seen.json                    when a later capture found nothing new

A capture is written to a temporary folder and renamed when the day is complete; a named capture
never changes. The name holds fetch time, row count and the checksum of the manifest, which holds
the checksum of the bodies: a folder listing gives the state of each day, and verify finds any
changed byte. Rows are made of captures in resources/lake; days and states are in resources/ledger.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from resources.api import body as api_body
from resources.api.body import Body, Packed
from resources.api.catalog.datasets import Dataset
from resources.errors import LivestatsError
from resources.fs import atomic, sealed

FORMAT = 1
MANIFEST = "manifest.json.gz"
RESPONSES = "responses.zst"
SEEN = "seen.json"

_NAME = re.compile(r"([0-9]{8}T[0-9]{12})Z-([0-9]+)-([0-9a-f]{16})")
_STAMP = "%Y%m%dT%H%M%S%f"


class DamagedCapture(LivestatsError):
    """Raised for a capture that differs from its checksums; the message names file and remedy."""


@dataclass(frozen=True, order=True)
class CaptureName:
    """The name of a complete capture; names sort by time."""

    text: str

    @classmethod
    def parse(cls, text: str) -> CaptureName | None:
        """The name of a capture from a folder's name, or None for any other folder."""
        match = _NAME.fullmatch(text)
        return cls(text) if match and _instant(match[1]) else None

    @property
    def _parts(self) -> tuple[str, ...]:
        match = _NAME.fullmatch(self.text)
        return match.groups() if match else ("", "", "")

    @property
    def fetched_at(self) -> datetime:
        """When the last response arrived, UTC."""
        fetched_at = _instant(self._parts[0])
        if fetched_at is None:
            raise ValueError(f"{self.text!r} is no name of a capture")
        return fetched_at

    @property
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
        """Requests, times and checksums. Raises DamagedCapture if it is not as written."""
        path = self.folder / MANIFEST
        try:
            stored = path.read_bytes()
            if hashlib.sha256(stored).hexdigest()[:16] != self.name.digest:
                raise DamagedCapture(f"{path} has changed since it was written. {_REMEDY}")
            return dict(json.loads(gzip.decompress(stored)))
        except (OSError, EOFError, ValueError) as error:
            raise DamagedCapture(f"{path} cannot be read: {error}. {_REMEDY}") from error

    def responses(self) -> Iterator[tuple[int, int, dict[str, object], Body]]:
        """Request number, page, request body and response body, in request order.

        One response is in memory at a time. A large one is readable until the next is taken.

        Raises DamagedCapture before the first response if any byte has changed: zstd frames are
        stored without checksums, so a changed response could otherwise be read as valid.
        """
        path = self.folder / RESPONSES
        told = self.manifest["responses_sha256"]
        try:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != told:
                    raise DamagedCapture(f"{path} has changed since it was written. {_REMEDY}")
                file.seek(0)
                start = 0
                for request in self.manifest["requests"]:
                    stored, size = request["stored"], request["size"]
                    packed = Packed(file, start, stored, size, self._broken)
                    body = packed if size > api_body.LARGE_BYTES else packed.whole()
                    yield request["walk"], request["page"], request["payload"], body
                    start += stored
        except OSError as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> DamagedCapture:
        return DamagedCapture(f"{self.folder / RESPONSES} cannot be read: {error}. {_REMEDY}")


_REMEDY = (
    "Restore it from a backup, or move the capture's folder away: an earlier capture of the day is "
    "then used, or the day is captured again while the API still has it."
)


@dataclass
class CaptureWriter:
    """Writes the responses of one day to a temporary folder; `seal`, then `commit` renames it.

    The caller holds the lock of `day_folder`.
    """

    day_folder: Path
    dataset: Dataset
    day: date
    _requests: list[dict[str, object]] = field(default_factory=list)
    _bytes: int = 0

    def __post_init__(self) -> None:
        """Open the file of the responses."""
        self._folder = atomic.temp_path(self.day_folder / "capture")
        self._folder.mkdir()
        self._file = (self._folder / RESPONSES).open("xb")
        self._digest = hashlib.sha256()

    @property
    def requests(self) -> int:
        """Number of responses added."""
        return len(self._requests)

    @property
    def bytes(self) -> int:
        """Size of the bodies added, uncompressed."""
        return self._bytes

    def add(self, response: Response) -> None:
        """Append one response."""
        stored = response.stored
        for piece in (stored,) if isinstance(stored, bytes) else stored.frames():
            self._file.write(piece)
            self._digest.update(piece)
        self._bytes += response.size
        self._requests.append(
            {
                "walk": response.question,
                "page": response.page,
                "fetched_at": response.fetched_at,
                "size": response.size,
                "stored": len(stored) if isinstance(stored, bytes) else stored.stored,
                "payload": dict(response.payload),
            }
        )

    def seal(
        self, now: datetime, rows: int, after: CaptureName | None, facts: Mapping[str, object]
    ) -> CaptureName:
        """Flush everything to disk, still in the temporary folder, and return the final name.

        `after` is the newest capture so far: the new one sorts after it even if the clock was set
        back. `facts` are further entries of the manifest.
        """
        self._file.flush()
        self._file.close()
        atomic.fsync(self._folder / RESPONSES)
        if after is not None and now <= after.fetched_at:
            now = after.fetched_at + timedelta(microseconds=1)
        manifest = {
            "format": FORMAT,
            "dataset": self.dataset.name,
            "action": self.dataset.endpoint.action,
            "day": self.day.isoformat(),
            "fetched_at": now.isoformat(),
            "rows": rows,
            "after": after and after.text,  # so that verify notices a deleted capture
            **facts,
            "responses_sha256": self._digest.hexdigest(),
            "requests": self._requests,
        }
        text = json.dumps(manifest, ensure_ascii=False, separators=(",", ":"))
        stored = gzip.compress(text.encode("utf-8", "surrogatepass"), mtime=0)
        (self._folder / MANIFEST).write_bytes(stored)
        atomic.fsync(self._folder / MANIFEST)
        digest = hashlib.sha256(stored).hexdigest()[:16]
        return CaptureName(f"{now.astimezone(UTC):{_STAMP}}Z-{rows}-{digest}")

    def commit(self, name: CaptureName) -> Capture:
        """Rename the sealed capture to its final name: the day is captured from then on."""
        atomic.rename_into_place(self._folder, self.day_folder / name.text)
        for folder in (self.day_folder.parent, self.day_folder.parent.parent):
            atomic.fsync(folder)  # both folders may be new
        return Capture(self.day_folder / name.text, name)

    def abandon(self) -> None:
        """Delete the temporary folder: the day is incomplete, or nothing has changed."""
        with suppress(
            OSError
        ):  # closing may fail on a full disk; the files are deleted all the same
            self._file.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def folder_of(raw: Path, dataset: str, day: date) -> Path:
    """The folder of one day's captures and notes."""
    return raw / dataset / day.isoformat()


def captures_in(day_folder: Path) -> list[CaptureName]:
    """The complete captures of one day, oldest first."""
    if not day_folder.is_dir():
        return []
    names = (CaptureName.parse(p.name) for p in day_folder.iterdir())
    return sorted(name for name in names if name is not None)


def newest(day_folder: Path) -> Capture | None:
    """The newest capture of the day, or None."""
    found = captures_in(day_folder)
    return Capture(day_folder / found[-1].text, found[-1]) if found else None


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


def note_seen(day_folder: Path, name: CaptureName, now: datetime) -> None:
    """Record that a later request returned the same rows as capture `name`."""
    try:
        notes = seen(day_folder)
    except (OSError, ValueError):
        notes = []  # a damaged list is replaced
    notes.append({"capture": name.text, "seen_at": now.isoformat(timespec="seconds")})
    atomic.write_atomically(day_folder / SEEN, sealed.seal({"seen": notes}))


def seen(day_folder: Path) -> list[dict[str, str]]:
    """The notes of a day, oldest first. Raises ValueError if they are not as written, OSError."""
    path = day_folder / SEEN
    if not path.is_file():
        return []
    notes = sealed.unseal(path.read_bytes()).get("seen")
    if not isinstance(notes, list):
        raise ValueError(f"{path} holds no notes")
    return notes


def last_seen(day_folder: Path) -> datetime | None:
    """When the API last returned what the newest capture holds, UTC."""
    found = captures_in(day_folder)
    times = [found[-1].fetched_at] if found else []
    with suppress(OSError, ValueError):  # damaged notes are reported by `livestats verify`
        times += [datetime.fromisoformat(note["seen_at"]) for note in seen(day_folder)]
    return max(times, default=None)
