"""Writes captures: aside, sealed, and renamed when the day is proven.

Not here: reading them (captures.py), answers that could not be proven (capture/rejected_answers.py).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from resources.api.catalog.datasets import Dataset
from resources.fs import atomic
from resources.raw.captures import (
    FORMAT,
    MANIFEST,
    REJECTED_PREFIX,
    RESPONSES,
    STAMP,
    Capture,
    CaptureName,
    Response,
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
    _carried: list[dict[str, object]] = field(default_factory=list)
    _bytes: int = 0

    def __post_init__(self) -> None:
        """Open the file of the responses."""
        self._folder = atomic.temp_path(self.day_folder / "capture")
        self._folder.mkdir()
        self._file = (self._folder / RESPONSES).open("xb")
        self._digest = hashlib.sha256()

    @property
    def requests(self) -> int:
        """Number of responses, with those of earlier captures."""
        return len(self._requests)

    @property
    def bytes(self) -> int:
        """Size of the bodies added, uncompressed."""
        return self._bytes

    @property
    def manifest(self) -> dict[str, object]:
        """The manifest's entry about the requests so far, with those of earlier captures."""
        return {"requests": self._requests}

    @property
    def has_carried(self) -> bool:
        """True if it holds answers of an earlier capture."""
        return bool(self._carried)

    @property
    def next_request(self) -> int:
        """Number that the next request gets: those of an earlier capture come first."""
        return 1 + max((int(str(one["walk"])) for one in self._requests), default=-1)

    def carry(self, earlier: Capture, only: Sequence[Sequence[str]] | None = None) -> None:
        """Take over answers of an earlier capture, of the day or of what it is derived from, in front.

        `only` names the items of each of its requests whose answers count; None: all of all. Files
        without any are left out. The others are linked, or copied where the file system has no hard
        links, or fetched if they are cold.
        """
        carried: list[dict[str, object]] = []
        counted = iter(only or ())
        origin = str(earlier.manifest["dataset"])
        elsewhere = {} if origin == self.dataset.name else {"dataset": origin}
        for number, body_file in enumerate(earlier.body_files(), start=1):
            entries = [dict(one) for one in body_file.requests]
            if only is not None:
                entries = [one | {"only": [*next(counted)]} for one in entries]
            if not any(one.get("only", True) for one in entries):
                continue
            path = self._folder / f"carried-{number}.zst"
            try:
                os.link(body_file.path, path)
            except OSError:
                with body_file.opened() as source, path.open("xb") as target:
                    shutil.copyfileobj(source, target)
            atomic.fsync(path)
            self._carried.append(
                {
                    "file": path.name,
                    "sha256": body_file.sha256,
                    "requests": len(body_file.requests),
                    "from": earlier.name.text,
                    **elsewhere,
                }
            )
            carried += entries
        first = 1 + max((int(str(one["walk"])) for one in carried), default=-1)
        for one in self._requests:
            one["walk"] = int(str(one["walk"])) + first
        self._requests = [*carried, *self._requests]

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
        if after is not None and now <= after.fetched_at:
            now = after.fetched_at + timedelta(microseconds=1)
        # `after` lets verify notice a deleted capture.
        return CaptureName(self._seal(now, rows, {"after": after and after.text, **facts}))

    def commit(self, name: CaptureName) -> Capture:
        """Rename the sealed capture to its final name: the day is captured from then on."""
        self._rename(name.text)
        return Capture(self.day_folder / name.text, name)

    def commit_rejected(self, now: datetime, facts: Mapping[str, object]) -> Path:
        """Keep the responses as answers that could not be proven: the folder that holds them."""
        name = f"{REJECTED_PREFIX}{self._seal(now, 0, facts)}"
        self._rename(name)
        return self.day_folder / name

    def _seal(self, now: datetime, rows: int, facts: Mapping[str, object]) -> str:
        """Write the manifest and flush all files; the name of the folder."""
        self._file.flush()
        self._file.close()
        atomic.fsync(self._folder / RESPONSES)
        manifest = {
            "format": FORMAT,
            "dataset": self.dataset.name,
            "action": self.dataset.endpoint.action,
            "day": self.day.isoformat(),
            "fetched_at": now.isoformat(),
            "rows": rows,
            **facts,
            **({"carried": self._carried} if self._carried else {}),
            "responses_sha256": self._digest.hexdigest(),
            "requests": self._requests,
        }
        text = json.dumps(manifest, ensure_ascii=False, separators=(",", ":"))
        stored = gzip.compress(text.encode("utf-8", "surrogatepass"), mtime=0)
        (self._folder / MANIFEST).write_bytes(stored)
        atomic.fsync(self._folder / MANIFEST)
        digest = hashlib.sha256(stored).hexdigest()[:16]
        return f"{now.astimezone(UTC):{STAMP}}Z-{rows}-{digest}"

    def _rename(self, name: str) -> None:
        atomic.rename_into_place(self._folder, self.day_folder / name)
        for folder in (self.day_folder.parent, self.day_folder.parent.parent):
            atomic.fsync(folder)  # both folders may be new

    def abandon(self) -> None:
        """Delete the temporary folder: the day has no new answer, or nothing has changed."""
        with suppress(
            OSError
        ):  # closing may fail on a full disk; the files are deleted all the same
            self._file.close()
        shutil.rmtree(self._folder, ignore_errors=True)
