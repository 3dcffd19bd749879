"""Verifies the raw archive of one day: captures, notes, and that none is missing.

Rows are not looked at here: lake (the file of the day), tables (the served copy). Start: run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from resources.api import body as api_body
from resources.fs import access, atomic, sealed
from resources.fs.object_store import StoreError
from resources.home import pinned_settings
from resources.ledger import acceptance, refused_captures, states
from resources.raw import captures, cold, owner, seen_notes, tombstones
from resources.raw.captures import MISPLACED_REMEDY
from resources.verify import erased
from resources.verify.cold import ColdFiles
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

_NOTES = (
    *(seen_notes.SEEN, states.PARTIAL, acceptance.ACCEPTED, refused_captures.REFUSED),
    *(tombstones.ERASED, cold.NOTE),
)


class RawDay:
    """The raw archive of one day. `findings` reads it; then `intact` names the good captures."""

    def __init__(self, place: Place, on_read: OnRead, cold_files: ColdFiles | None = None) -> None:
        """Read the names of the captures, oldest first."""
        self._place, self._on_read = place, on_read
        self._cold = cold_files or ColdFiles()
        self.captures = captures_of(place)
        self._rejected = captures.rejected_in(place.raw)
        self.intact: dict[captures.CaptureName, Mapping[str, Any]] = {}
        """Manifests of the captures whose checksums hold."""
        self.unread: set[captures.CaptureName] = set()
        """Captures that the system did not let be read."""
        self.has_unread_note = False
        self.answers = 0

    @property
    def newest(self) -> captures.Capture | None:
        """The newest capture of the day; one that belongs elsewhere does not count."""
        return self.in_place[-1] if self.in_place else None

    @cached_property
    def in_place(self) -> list[captures.Capture]:
        """The captures of this dataset, day and time zone, oldest first."""
        zone = self._place.archive.settings.time_zone
        return [one for one in self.captures if not one.misplacement(zone)]

    @property
    def can_be_replayed(self) -> bool:
        """True if the newest capture is intact."""
        return self.newest is not None and self.newest.name in self.intact

    def findings(self) -> Iterator[FileFinding]:
        """All findings; one response is in memory at a time."""
        yield from self._foreign()
        for capture in (*self.captures, *self._rejected):
            try:
                yield from self._capture(capture)
            except (OSError, MemoryError, captures.UnreadableCapture) as error:
                self.unread.add(capture.name)
                yield self._place.unverified(capture.folder, error)
            except StoreError as error:  # once: it is about all of them
                self.unread.add(capture.name)
                if not self._cold.is_out_told:
                    self._cold.is_out_told = True
                    yield self._place.unverified(self._place.archive.home.raw, error)
        yield from self._missing()
        folders = (one.folder.name for one in (*self.captures, *self._rejected))
        yield from erased.missing(self._place, frozenset(folders))
        yield from erased.back(self._place)
        yield from self._notes()

    def mend(self, capture: captures.Capture) -> tuple[Repair, str]:
        """How to repair a damaged capture."""
        if capture in self._rejected:
            return self._place.restore_rejected()
        if capture == self.newest:
            return self._place.capture_again(capture.folder)
        return self._place.restore_revision()

    def _foreign(self) -> Iterator[FileFinding]:
        erased_ones = captures.erased_in(self._place.raw)  # see erased.back
        known = {c.folder.name for c in (*self.captures, *self._rejected, *erased_ones)}
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
        """Findings of one capture; raises OSError or UnreadableCapture if it is not readable."""
        place = self._place
        if not capture.folder.is_dir():
            return
        there = {p.name: p for p in capture.folder.iterdir()}
        if captures.MANIFEST not in there:
            yield self._gone(capture, captures.MANIFEST)
            return
        try:
            manifest = capture.manifest
            problem = misfit(place, capture.name, manifest)
            files = [] if problem else [*capture.body_files()]
        except captures.DamagedCapture as error:
            path = capture.folder / captures.MANIFEST
            yield place.finding(FindingKind.DAMAGED, path, _reason(error), self.mend(capture))
            return
        self._read(capture.folder / captures.MANIFEST)
        if problem:
            is_here = capture in self.in_place
            mend = place.fault_of_ours() if is_here else (Repair.RESTORE, MISPLACED_REMEDY)
            yield place.finding(FindingKind.MISMATCH, capture.folder, problem, mend)
            return
        for name in sorted(set(there) - {captures.MANIFEST, *(f.path.name for f in files)}):
            what = "not a part of the capture"
            yield place.finding(FindingKind.EXTRA, there[name], what, remove(there[name]))
        is_intact = True
        for body_file in files:
            is_here = body_file.path.name in there
            if not is_here and (damage := self._damage_of_cold(body_file)) is not None:
                if damage:
                    is_intact = False
                    mend = self.mend(capture)
                    yield place.finding(FindingKind.DAMAGED, body_file.path, damage, mend)
            elif not is_here:
                is_intact = False
                yield self._gone(capture, body_file.path.name)
            elif damage := self._damage(body_file):
                is_intact = False
                yield place.finding(FindingKind.DAMAGED, body_file.path, damage, self.mend(capture))
            else:
                self._read(body_file.path)
        if is_intact and capture not in self._rejected:
            self.intact[capture.name] = manifest

    def _gone(self, capture: captures.Capture, name: str) -> FileFinding:
        what = "gone from a complete capture"
        return self._place.finding(
            FindingKind.MISSING, capture.folder / name, what, self.mend(capture)
        )

    def _damage_of_cold(self, body_file: captures.BodyFile) -> str | None:
        """The same of a file that is not here; None if it is not in the store either."""
        try:
            damage = self._cold.damage(body_file)
        except ValueError as error:  # a finding of its own: see _notes
            raise captures.UnreadableCapture(str(error)) from error
        if damage == "" and self._cold.is_deep:
            return self._damage(body_file, is_here=False)
        return damage

    def _damage(self, body_file: captures.BodyFile, *, is_here: bool = True) -> str:
        """What is wrong with a file of responses; empty if nothing is."""
        try:
            written = body_file.size
            size = body_file.path.stat().st_size if is_here else written
            if size != written:  # do not read it: it may be of any size
                return f"holds {size:,} bytes of the {written:,} that were written"
            for *_, body in body_file.responses():  # raises for a bad frame, size or checksum
                for _ in api_body.pieces(body):
                    pass
                self.answers += 1
        except captures.DamagedCapture as error:
            return _reason(error)
        except (OSError, pa.ArrowException) as error:
            if access.is_local(error):
                raise
            return f"cannot be read: {error}"
        return ""

    def _read(self, path: Path) -> None:
        self._on_read(path, path.stat().st_size)

    # What points at captures -------------------------------------------------------------------

    def _missing(self) -> Iterator[FileFinding]:
        """Captures that a later manifest names as its predecessor, and that are missing."""
        names = {c.name.text for c in self.captures} | tombstones.erased_names(self._place.raw)
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
            except OSError as error:
                self.has_unread_note = True
                yield self._place.unverified(path, error)
                continue
            except ValueError as error:
                mend = _mend_of_note(path)
                yield self._place.finding(FindingKind.DAMAGED, path, str(error), mend)
                continue
            if note == seen_notes.SEEN:
                noted = {str(note["capture"]) for note in facts.get("seen", ())}
                # One whose name was changed by hand is named as such.
                there = {(c.name.fetched_at, c.name.digest) for c in self.captures}
                noted = {text for text in noted if not _is_one_of(text, there)}
                # A damaged capture that was moved away has been captured again since.
                for name in sorted(n for n in noted if n > max(names, default="")):
                    what = f"a capture that {path.name} says was seen again is gone"
                    mend = self._place.capture_again(None)
                    yield self._place.finding(
                        FindingKind.MISSING, self._place.raw / name, what, mend
                    )


def _mend_of_note(path: Path) -> tuple[Repair, str]:
    """How to repair a damaged note."""
    if path.name == cold.NOTE:
        remedy = "Run `livestats cold`: it finds again what the store has of the day."
        return Repair.RESTORE, remedy
    if path.name == tombstones.ERASED:
        return Repair.RESTORE, (
            "Restore it from a backup: it tells which captures of the day an erasure took. Without one, "
            "move it out of the home, and copy no earlier captures into the day."
        )
    remedy = "Only notes: restore it from a backup, or delete it; no rows depend on it."
    return remove(path)[0], remedy


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
    homes = owner.homes_of(place.archive.home.raw)
    if homes and manifest.get("home", "") not in {"", *homes}:
        return f"it was captured by another home ({manifest['home']})"
    settings = place.archive.settings
    wanted = settings.of(place.dataset).meaning
    if place.dataset.name in settings.datasets and manifest.get("settings", {}) != wanted:
        kept = pinned_settings.in_words(manifest.get("settings", {}))
        return f"its manifest says settings {kept}, and [dataset.{place.dataset.name}] others"
    if manifest["format"] > captures.FORMAT:
        return f"it has format {manifest['format']} of a newer livestats"
    if datetime.fromisoformat(manifest["fetched_at"]) != name.fetched_at:
        return f"its manifest says fetched_at {manifest['fetched_at']}, and its name another time"
    may_skip = bool(manifest.get("lacking") or manifest.get("carried"))
    return _hole(manifest["requests"], may_skip=may_skip)


def _hole(requests: Sequence[Mapping[str, Any]], *, may_skip: bool) -> str:
    """The first missing request or page; empty if none is missing. `may_skip`: requests may lack."""
    question, page = -1, 0
    for request in requests:
        at = (request["walk"], request["page"])
        is_next = at == (question + 1, 1) or (may_skip and at[0] > question and at[1] == 1)
        if not is_next and at != (question, page + 1):
            return f"after page {page} of question {question} it holds page {at[1]} of question {at[0]}"
        question, page = at
    return ""


def _is_one_of(text: str, there: set[tuple[datetime, str]]) -> bool:
    """True if a capture of this time and manifest is there, whatever rows its name tells."""
    name = captures.CaptureName.parse(text)
    return name is not None and (name.fetched_at, name.digest) in there


def _reason(error: captures.DamagedCapture) -> str:
    cause = error.__cause__
    return f"cannot be read: {cause}" if cause else "has changed since it was written"
