"""Writes a capture anew without an item, beside the old one: the same answers but for its rows.

Answers that do not name it keep their stored bytes. Not here: putting it into the place of the old one
(days.py, read it next), JSON (answers.py).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from resources.api import body as api_body
from resources.api.catalog.datasets import Dataset
from resources.api.errors import ApiError
from resources.api.windows import day_window
from resources.erasure import answers
from resources.erasure.requests import entry_without, facts_without, names_of
from resources.fs import atomic
from resources.lake import parquet
from resources.lake.write_stats import WriteStats
from resources.ledger.manifest_items import (
    facts_by_domain,
)
from resources.raw import captures, erased_rows, tombstones
from resources.raw.captures import MANIFEST, STAMP, BodyFile, Capture, CaptureName
from resources.raw.erasures import Sought

_COUNTED = ("rows_by_domain", "hours_by_domain")
_OWN = ("requests", "carried", "responses_sha256", "rows")


@dataclass(frozen=True)
class Rewritten:
    """A capture without the item, complete under a temporary name."""

    folder: Path
    name: CaptureName

    def discard(self) -> None:
        """Remove it."""
        shutil.rmtree(self.folder)


def is_named(capture: Capture, dataset: Dataset, item: Sought) -> bool:
    """True if a capture holds the item. Raises UnusableCapture."""
    manifest = capture.manifest
    facts = {k: v for k, v in manifest.items() if k not in _OWN}
    if facts_without(dataset, facts, item) != facts:
        return True
    entries = manifest["requests"]
    if any(entry_without(dataset, one, item) != one for one in entries):
        return True
    for one, (_, _, _, body) in zip(entries, capture.responses(), strict=True):
        if _body_without(dataset, one, body, item) is not None:
            return True
    return False


def _body_without(
    dataset: Dataset, entry: Mapping[str, Any], body: api_body.Body, item: Sought
) -> bytes | None:
    """A body without the item; None if it does not name it. One that is no JSON becomes empty."""
    whole = api_body.whole(body)
    try:
        left = answers.without(whole, item, names_of(dataset, entry["payload"]))
    except answers.NotJson:
        return b"" if whole else None
    return None if left is whole or left == whole else left


@dataclass
class _Rewriting:
    """The files of one capture that is written anew."""

    folder: Path
    dataset: Dataset
    item: Sought
    requests: list[dict[str, Any]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)  # of the requests that stay, as they were

    def file(self, old: BodyFile) -> tuple[int, str]:
        """Write one file of answers; how many it holds, and its checksum."""
        path = self.folder / old.path.name
        before, is_same = len(self.requests), True
        with old.opened() as source, path.open("xb") as target:
            digest, start = hashlib.sha256(), 0
            for entry, (*_, body) in zip(old.requests, old.responses(), strict=True):
                left = entry_without(self.dataset, entry, self.item)
                changed = _body_without(self.dataset, entry, body, self.item)
                is_same = is_same and left is not None and changed is None
                if left is not None:
                    for piece in _stored(source, start, entry["stored"], changed):
                        target.write(piece)
                        digest.update(piece)
                    self._add(left, changed)
                start += entry["stored"]
        if is_same and old.path.exists():  # as it was: keep sharing its bytes with other captures
            path.unlink()
            _link(old.path, path)
        atomic.fsync(path)
        return len(self.requests) - before, digest.hexdigest()

    def _add(self, entry: dict[str, Any], changed: bytes | None) -> None:
        number = int(entry["walk"])
        if number not in self.numbers:
            self.numbers.append(number)
        sizes = {}
        if changed is not None:
            sizes = {"size": len(changed), "stored": len(api_body.pack(changed))}
        self.requests.append({**entry, **sizes, "walk": self.numbers.index(number)})


def _stored(source: BinaryIO, start: int, size: int, changed: bytes | None) -> Iterator[bytes]:
    """The stored bytes of an answer: packed anew if it has changed, else as they are."""
    if changed is not None:
        yield api_body.pack(changed)
        return
    for at in range(start, start + size, api_body.PIECE_BYTES):
        yield os.pread(source.fileno(), min(api_body.PIECE_BYTES, start + size - at), at)


def _share(day_folder: Path, part: Mapping[str, Any], path: Path, sha256: str) -> None:
    """Link a carried file with that of the capture it is from, if an erasure left the same there."""
    at = (
        day_folder.parent.parent
        / str(part.get("dataset", day_folder.parent.name))
        / day_folder.name
    )
    name = tombstones.left_of(at, str(part["from"])).name
    known = CaptureName.parse(name)
    if name == part["from"] or known is None or not (at / name).is_dir():
        return
    for body_file in Capture(at / name, known).body_files():
        if body_file.sha256 == sha256 and body_file.path.exists():
            path.unlink()
            _link(body_file.path, path)
            atomic.fsync(path)


def _link(source: Path, path: Path) -> None:
    try:
        os.link(source, path)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, path)


def rewrite(capture: Capture, dataset: Dataset, day: date, item: Sought, erasure: str) -> Rewritten:
    """The capture without the item, under a temporary name in the folder of the day.

    The same input gives the same bytes, so that an erasure that was broken off can be repeated. The
    caller holds the lock of the day. Raises UnusableCapture.
    """
    folder = atomic.temp_path(capture.folder.parent / "capture")
    folder.mkdir()
    try:
        return _written(capture, folder, dataset, day, item, erasure)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _written(
    capture: Capture, folder: Path, dataset: Dataset, day: date, item: Sought, erasure: str
) -> Rewritten:
    old = capture.manifest
    made = _Rewriting(folder, dataset, item)
    carried, digest = [], ""
    parts = {part["file"]: part for part in old.get("carried", ())}
    for body_file in capture.body_files():
        count, digest = made.file(body_file)
        part = parts.get(body_file.path.name)
        if part is not None and count:
            _share(capture.folder.parent, part, folder / body_file.path.name, digest)
            carried.append({**part, "sha256": digest, "requests": count})
        elif part is not None:
            (folder / body_file.path.name).unlink()
    is_rejected = capture.folder.name.startswith(captures.REJECTED_PREFIX)
    numbers = made.numbers if is_rejected else None
    facts = {k: v for k, v in old.items() if k not in (*_OWN, erased_rows.ERASED_ROWS)}
    facts = facts_without(dataset, facts, item, numbers)
    facts["erased"] = [*old.get("erased", ()), erasure]
    tail = {
        **({"carried": carried} if carried else {}),
        "responses_sha256": digest,
        "requests": made.requests,
    }
    name = _seal(folder, capture.name, {**facts, "rows": capture.name.rows, **tail})
    if not is_rejected:
        made_of, now = _stats(capture, dataset), _stats(Capture(folder, name), dataset)
        counted = _counted(now, dataset, day, facts | tail)
        taken = now.taken_from(made_of) if now and made_of else Counter()
        taken.update(erased_rows.of_manifest(old))
        counted |= erased_rows.entry(taken, [item])
        name = _seal(folder, capture.name, {**facts, "rows": name.rows, **counted, **tail})
    atomic.fsync(folder)
    return Rewritten(folder, name)


def _stats(capture: Capture, dataset: Dataset) -> WriteStats | None:
    """The counts of a capture's rows; None if this version refuses an answer of it."""
    stats = WriteStats(dataset)
    try:
        for rows in parquet.rows_of(dataset, capture):
            stats.add(rows)
            for table in rows.tables():
                stats.add_domains(table)
    except ApiError:
        return None
    return stats


def _counted(
    stats: WriteStats | None, dataset: Dataset, day: date, manifest: Mapping[str, Any]
) -> dict[str, Any]:
    """The entries about rows, counted anew. Without counts they stay as they were."""
    if stats is None:
        return {}
    found: dict[str, Any] = {"rows": stats.rows}
    zone = manifest.get("time_zone")  # early ones state none, and no hours
    window = day_window(day, ZoneInfo(str(zone))) if zone else None
    if any(key in manifest for key in _COUNTED):
        anew = facts_by_domain(dataset, stats, manifest, window)
        found |= {key: anew[key] for key in _COUNTED if key in manifest and key in anew}
    if "long_events" in manifest and window is not None:
        found["long_events"] = stats.long_events.beyond(window)
    return found


def _seal(folder: Path, old: CaptureName, manifest: Mapping[str, Any]) -> CaptureName:
    """Write the manifest; the name of the capture, with the time of the old one."""
    text = json.dumps(manifest, ensure_ascii=False, separators=(",", ":"))
    stored = gzip.compress(text.encode("utf-8", "surrogatepass"), mtime=0)
    (folder / MANIFEST).write_bytes(stored)
    atomic.fsync(folder / MANIFEST)
    digest = hashlib.sha256(stored).hexdigest()[:16]
    stamp = f"{old.fetched_at.astimezone(UTC):{STAMP}}Z"
    return CaptureName(f"{stamp}-{manifest['rows']}-{digest}")
