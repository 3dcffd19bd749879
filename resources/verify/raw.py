"""Verifies the raw archive of one day: captures, notes, and that none is missing.

Rows are not looked at here: lake (the file of the day), tables (the served copy). Start: run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from resources.api import body as api_body
from resources.fs import atomic, sealed
from resources.home import pinned_settings
from resources.ledger import acceptance, states
from resources.raw import captures
from resources.verify.findings import (
    FileFinding,
    FindingKind,
    OnRead,
    Place,
    Repair,
    captures_of,
    leftover,
    remove,
)

_NOTES = (captures.SEEN, states.PARTIAL, acceptance.ACCEPTED)


class RawDay:
    """The raw archive of one day. `findings` reads it; then `intact` names the good captures."""

    def __init__(self, place: Place, on_read: OnRead) -> None:
        """Read the names of the captures, oldest first."""
        self._place, self._on_read = place, on_read
        self.captures = captures_of(place)
        self.intact: dict[captures.CaptureName, Mapping[str, Any]] = {}
        """Manifests of the captures whose checksums hold."""
        self.answers = 0

    @property
    def newest(self) -> captures.Capture | None:
        """The newest capture of the day."""
        return self.captures[-1] if self.captures else None

    @property
    def can_be_replayed(self) -> bool:
        """True if the newest capture is intact."""
        return self.newest is not None and self.newest.name in self.intact

    def findings(self) -> Iterator[FileFinding]:
        """All findings; one response is in memory at a time."""
        yield from self._foreign()
        for capture in self.captures:
            yield from self._capture(capture)
        yield from self._missing()
        yield from self._notes()

    def mend(self, capture: captures.Capture) -> tuple[Repair, str]:
        """How to repair a damaged capture."""
        if capture == self.newest:
            return self._place.capture_again(capture.folder)
        return self._place.restore_revision()

    def _foreign(self) -> Iterator[FileFinding]:
        known = {c.name.text for c in self.captures}
        for path in sorted(self._place.raw.iterdir()) if self._place.raw.is_dir() else ():
            if path.name.startswith(atomic.TEMP_PREFIX):
                yield self._place.finding(
                    FindingKind.LEFTOVER, path, "a run was killed", leftover()
                )
            elif path.name in known and not path.is_dir():
                what = "a file in the place of a capture"
                yield self._place.finding(FindingKind.DAMAGED, path, what, remove(path))
            elif path.name not in known and not (path.name in _NOTES and path.is_file()):
                what = "neither a capture nor a note of livestats"
                yield self._place.finding(FindingKind.EXTRA, path, what, remove(path))

    # One capture -------------------------------------------------------------------------------

    def _capture(self, capture: captures.Capture) -> Iterator[FileFinding]:
        place, wrong = self._place, False
        if not capture.folder.is_dir():
            return
        there = {p.name: p for p in capture.folder.iterdir()}
        for name in (captures.MANIFEST, captures.RESPONSES):
            if name not in there:
                path, wrong = capture.folder / name, True
                what = "gone from a complete capture"
                yield place.finding(FindingKind.MISSING, path, what, self.mend(capture))
        for name in sorted(set(there) - {captures.MANIFEST, captures.RESPONSES}):
            what = "not a part of the capture"
            yield place.finding(FindingKind.EXTRA, there[name], what, remove(there[name]))
        if wrong:
            return
        try:
            manifest = capture.manifest
            problem = misfit(place, capture.name, manifest)
        except captures.DamagedCapture as error:
            what = _reason(error)
            yield place.finding(
                FindingKind.DAMAGED, capture.folder / captures.MANIFEST, what, self.mend(capture)
            )
            return
        self._read(capture.folder / captures.MANIFEST)
        if problem:
            yield place.finding(
                FindingKind.MISMATCH, capture.folder, problem, place.fault_of_ours()
            )
            return
        responses = capture.folder / captures.RESPONSES
        damage = self._damage(capture, responses)
        if damage:
            yield place.finding(FindingKind.DAMAGED, responses, damage, self.mend(capture))
            return
        self._read(responses)
        self.intact[capture.name] = manifest

    def _damage(self, capture: captures.Capture, path: Path) -> str:
        """What is wrong with the responses; empty if nothing is."""
        try:
            size = path.stat().st_size
            written = sum(request["stored"] for request in capture.manifest["requests"])
            if size != written:  # do not read it: it may be of any size
                return f"holds {size:,} bytes of the {written:,} that were written"
            for *_, body in capture.responses():  # raises for a bad frame, size or checksum
                for _ in api_body.pieces(body):
                    pass
                self.answers += 1
        except captures.DamagedCapture as error:
            return _reason(error)
        except (OSError, pa.ArrowException) as error:
            return f"cannot be read: {error}"
        return ""

    def _read(self, path: Path) -> None:
        self._on_read(path, path.stat().st_size)

    # What points at captures -------------------------------------------------------------------

    def _missing(self) -> Iterator[FileFinding]:
        """Captures that a later manifest names as its predecessor, and that are missing."""
        names = {c.name.text for c in self.captures}
        for name, manifest in self.intact.items():
            before = manifest.get("after")
            if before is not None and before not in names:
                what = f"a capture that {name.text} came after is gone"
                mend = self._place.restore_revision()
                yield self._place.finding(
                    FindingKind.MISSING, self._place.raw / str(before), what, mend
                )

    def _notes(self) -> Iterator[FileFinding]:
        names = {c.name.text for c in self.captures}
        for note in _NOTES:
            path = self._place.raw / note
            if not path.is_file():
                continue
            try:
                facts = sealed.unseal(path.read_bytes())
                self._read(path)
            except (OSError, ValueError) as error:
                repair, _ = remove(path)
                remedy = "Only notes: restore it from a backup, or delete it; no rows depend on it."
                yield self._place.finding(FindingKind.DAMAGED, path, str(error), (repair, remedy))
                continue
            if note == captures.SEEN:
                noted = {str(note["capture"]) for note in facts.get("seen", ())}
                # A damaged capture that was moved away has been captured again since.
                for name in sorted(n for n in noted if n > max(names, default="")):
                    what = f"a capture that {path.name} says was seen again is gone"
                    mend = self._place.capture_again(None)
                    yield self._place.finding(
                        FindingKind.MISSING, self._place.raw / name, what, mend
                    )


def misfit(place: Place, name: captures.CaptureName, manifest: Mapping[str, Any]) -> str:
    """How a manifest contradicts its folder or itself; empty if it does not."""
    try:
        return _misfit(place, name, manifest)
    except (KeyError, TypeError, ValueError) as error:
        return f"its manifest lacks what every manifest has: {error!r}"


def _misfit(place: Place, name: captures.CaptureName, manifest: Mapping[str, Any]) -> str:
    stated = {key: manifest[key] for key in ("dataset", "action", "day", "rows", "time_zone")}
    expected = {
        "dataset": place.dataset.name,
        "action": place.dataset.endpoint.action,
        "day": place.day.isoformat(),
        "rows": name.rows,
        "time_zone": place.archive.settings.time_zone,
    }
    for key, value in expected.items():
        if stated[key] != value:
            return f"its manifest says {key} {stated[key]!r}, and its place {value!r}"
    settings = place.archive.settings
    wanted = settings.of(place.dataset).meaning
    if place.dataset.name in settings.datasets and manifest.get("settings", {}) != wanted:
        kept = pinned_settings.in_words(manifest.get("settings", {}))
        return f"its manifest says settings {kept}, and [dataset.{place.dataset.name}] others"
    if manifest["format"] > captures.FORMAT:
        return f"it has format {manifest['format']} of a newer livestats"
    if datetime.fromisoformat(manifest["fetched_at"]) != name.fetched_at:
        return f"its manifest says fetched_at {manifest['fetched_at']}, and its name another time"
    return _hole(manifest["requests"])


def _hole(requests: Sequence[Mapping[str, Any]]) -> str:
    """The first missing request or page; empty if none is missing."""
    question, page = -1, 0
    for request in requests:
        at = (request["walk"], request["page"])
        if at not in ((question + 1, 1), (question, page + 1)):
            return f"after page {page} of question {question} it holds page {at[1]} of question {at[0]}"
        question, page = at
    return ""


def _reason(error: captures.DamagedCapture) -> str:
    cause = error.__cause__
    return f"cannot be read: {cause}" if cause else "has changed since it was written"
