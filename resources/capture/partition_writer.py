"""One (dataset, day) being captured: lock, requests, staged files, commit.

Not here: when a day may be captured (partition.py), the file formats (raw, lake).
Read next: raw/captures.py.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import Scope
from resources.api.errors import ApiError, WrongWidth, printable
from resources.api.parsing.slot_steps import grid_s
from resources.api.request_plan import Request, items_of
from resources.api.windows import Window, day_window
from resources.capture import rejected_answers
from resources.capture.answers import Answer, Unanswered
from resources.capture.erased_items import ErasedItems
from resources.capture.inventory import snapshots
from resources.capture.staged_files import StagedFiles, add_pages
from resources.fs import access, atomic, locks, sealed
from resources.home.layout import Home
from resources.lake import parquet, row_equality
from resources.lake.write_stats import WriteStats
from resources.ledger import states
from resources.ledger.listed_values import asked_values
from resources.ledger.manifest_items import (
    THE_ACCOUNT,
    UNASKED,
    answered_items,
    asked_items,
    facts_of_rows,
    item_key,
    lacking_items,
)
from resources.ledger.silent_streams import silent_streams
from resources.raw import captures, manifest_facts, seen_notes
from resources.raw.capture_writer import CaptureWriter

_MAX_LISTED = 20  # failed requests in the note of a day
_comparing = threading.Lock()  # comparing two days at a time would take twice the memory


@dataclass(frozen=True)
class CommitResult:
    """What a commit did."""

    origin: parquet.Provenance
    is_new: bool  # False: the rows equal those of the previous capture
    requests: int
    bytes: int  # of the answers


@dataclass(eq=False)
class PartitionJob:
    """One day being captured. The owner holds its lock and must call `release`."""

    dataset: Dataset
    day: date
    home: Home
    lock: locks.Held
    requests: Sequence[Request]
    previous: captures.Capture | None
    domains: Sequence[str]
    sources: Mapping[str, str] = field(default_factory=dict)  # captures that list the items
    absent_sources: Sequence[str] = ()  # datasets that list items and are not captured
    gone_streams: Sequence[str] = ()  # that are not asked about, though listed
    carried: captures.Capture | None = None  # a supplement begins with the answers of this one
    is_supplement: bool = False  # asked for what the previous capture lacks, and no more
    staged: StagedFiles | None = None  # opened by the first answer: waiting days keep no files open
    finished: int = 0  # requests that are done, with or without an answer
    answered: int = 0  # answers
    unanswered: list[Unanswered] = field(default_factory=list)
    kept_items: Collection[str] = ()
    """With answers of the previous capture, as `item_key` gives them."""
    unasked: Collection[str] = ()  # of the items with earlier answers, what is not asked any more
    kept_lacking: Sequence[
        Mapping[str, Any]
    ] = ()  # what the previous capture lacks, and is not asked
    error: Exception | None = None  # that failed the whole day; the first, in order of the requests
    failed_requests: list[Request] = field(default_factory=list)
    has_failed: bool = False  # set by a worker that fails; the others then send no more requests
    width_doubts: set[str] = field(default_factory=set)  # slots wider than asked for, in words
    grids_s: set[int] = field(default_factory=set)  # on which the slots of answers lie
    _next_number: int = 0  # number of the next answer in the capture

    def __post_init__(self) -> None:
        """Learn what was erased from the day, before anything is asked."""
        self.erased = ErasedItems.of(self.home, self.dataset, self.day)

    @property
    def folder(self) -> Path:
        """Folder of the day in the raw archive."""
        return captures.folder_of(self.home.raw, self.dataset.name, self.day)

    @property
    def held_bytes(self) -> int:
        """Bytes of memory of rows that are not written yet."""
        return self.staged.table.waiting_bytes if self.staged else 0

    @property
    def asked(self) -> frozenset[str]:
        """The items that the requests are about, as `item_key` gives them."""
        items = (item for one in self.requests for item in items_of(self.dataset, one))
        return frozenset(item_key(self.dataset, item) for item in items)

    @property
    def answered_before(self) -> frozenset[str]:
        """The items that the carried capture answers, as `item_key` gives them."""
        return answered_items(self.dataset, self.carried.manifest) if self.carried else frozenset()

    @property
    def _left_out(self) -> list[str]:
        """Streams that are not asked about, though listed, and of which no answer is kept."""
        answered = self.answered_before.union(self.kept_items)
        return [one for one in self.gone_streams if item_key(self.dataset, one) not in answered]

    @property
    def lacking(self) -> tuple[str, ...]:
        """The items that have no answer, sorted."""
        found = {
            item
            for one in self.unanswered
            for item in items_of(self.dataset, one.request) or (THE_ACCOUNT,)
        }
        return tuple(sorted(found))

    def add(self, answers: Sequence[Answer]) -> None:
        """Write what answers the next request to the staged files, unless the day has failed."""
        for came in answers if self.error is None else ():
            if (one := self.erased.answer(came)) is None:  # about nothing but what was erased
                self.answered += 1
            elif isinstance(one, Unanswered):
                self.unanswered.append(one)
                self.failed_requests.append(one.request)
            else:
                self.open_staged().add(self._next_number, one)
                self._next_number, self.answered = self._next_number + 1, self.answered + 1
                if self.dataset.bucket_s is not None:
                    self.grids_s.add(grid_s(one.rows.tables(), self.dataset.bucket_s))

    def open_staged(self) -> StagedFiles:
        """The files of the day, which are opened when they are first needed."""
        if self.staged is None:
            self.staged = StagedFiles.open(self.home, self.dataset, self.day, self.carried)
            self._next_number = self.staged.capture.next_request
        return self.staged

    def fail(self, request: Request, error: Exception) -> None:
        """Record an error that fails the whole day."""
        if isinstance(error, ApiError):
            error.forget_frames()
        self.error = self.error or error
        self.failed_requests.append(request)

    def abandon(self) -> None:
        """Remove the staged files."""
        if self.staged is not None:
            self.staged.abandon()

    def release(self) -> None:
        """Release the lock; a second call does nothing."""
        self.lock.release()

    def keep_rejected(self, now: datetime, time_zone: str) -> None:
        """Keep what came and could not be read or proven, beside the captures."""
        rejected = [one for one in self.unanswered if one.pages]
        if not rejected:
            return
        facts = {
            **self._facts(time_zone),
            "rejected": [self._lacking_entry(one, now) for one in rejected],
        }
        if self.error is None:  # otherwise requests may be missing in `unanswered`
            rest = (one for one in self.unanswered if not one.pages)
            facts["unanswered"] = [self._lacking_entry(one, now) for one in rest]
        pages = [one.pages for one in rejected]
        if rejected_answers.is_kept(self.folder, pages, facts):
            return
        writer = CaptureWriter(self.folder, self.dataset, self.day)
        try:
            for part, of_request in enumerate(pages):
                add_pages(writer, part, of_request)
            writer.commit_rejected(now, facts)
        except BaseException:
            writer.abandon()
            raise

    def _facts(self, time_zone: str) -> dict[str, object]:
        """The entries that manifests of captures and of rejected answers share."""
        domains = self.erased.domains(self.domains)
        facts: dict[str, object] = {"time_zone": time_zone, "domains": domains}
        if self.home.id:
            facts["home"] = self.home.id
        if self.dataset.meaning:
            facts["settings"] = dict(self.dataset.meaning)
        if self.sources:
            facts["sources"] = dict(self.sources)
        if self.absent_sources:
            facts["absent_sources"] = [*self.absent_sources]
        if gone := self._left_out:
            facts["gone_streams"] = gone
        if self.unasked:
            facts[UNASKED] = sorted(self.unasked)
        return facts

    def commit(self, now: datetime, time_zone: str) -> CommitResult:
        """Commit the capture, then the lake file.

        If rows and items equal those of the newest capture, only a note with the time `now` is
        added. If the lake file cannot be committed after the capture, the next run rebuilds it.
        """
        staged = self.open_staged()
        capture, table = staged.capture, staged.table
        erased = self.erased.facts(self.previous if capture.has_carried else None)
        facts = {**self._facts(time_zone), **table.stats.facts(), **erased}
        if self.is_supplement and self.previous is not None:
            facts["completes"] = self.previous.name.text
        if lacking := [
            *(self._lacking_entry(one, now) for one in self.unanswered),
            *self.kept_lacking,
        ]:
            facts["lacking"] = lacking
        window = day_window(self.day, ZoneInfo(time_zone))
        facts |= facts_of_rows(self.dataset, table.stats, capture.manifest | facts, window)
        facts |= self._silent_streams(capture.manifest | facts, table.stats, window)
        facts |= {"any_width": doubts} if (doubts := self._width_doubts) else {}
        before = self.previous.name if self.previous else None
        name = capture.seal(now, table.stats.rows, before, facts)
        origin = table.seal(name, capture.requests)
        equal = self._equal_capture(table, manifest_facts.contradictions(facts))
        if equal is not None:
            self.abandon()
            seen_notes.note_seen(equal.folder.parent, equal.name, now)
        else:
            capture.commit(name)
            table.commit()
        (self.folder / states.PARTIAL).unlink(missing_ok=True)
        return CommitResult(origin, equal is None, capture.requests, capture.bytes)

    def _silent_streams(
        self, manifest: Mapping[str, Any], stats: WriteStats, window: Window
    ) -> dict[str, object]:
        """The manifest's contradictions by other datasets, of a dataset that asks for single streams."""
        if self.dataset.scope is not Scope.STREAM:
            return {}
        lacking = {item_key(self.dataset, one) for one in lacking_items(manifest)}
        asked = answered_items(self.dataset, manifest) - lacking
        paths = {name: parquet.path_of(self.home.lake, name, self.day) for name in self.sources}
        found = silent_streams(self.dataset, asked - stats.streams, paths, window)
        return {"contradictions": found} if found else {}

    @property
    def _width_doubts(self) -> list[str]:
        """What is doubted of the width of slots, in answers of an earlier capture as well."""
        found = set(self.width_doubts)
        if self.previous is not None and self.staged and self.staged.capture.has_carried:
            found.update(self.previous.manifest.get("any_width", ()))
        return sorted(found)

    def _lacking_entry(self, one: Unanswered, now: datetime) -> dict[str, object]:
        return {
            "payload": dict(one.request.payload),
            "items": [*items_of(self.dataset, one.request)],
            "error": self.erased.words(str(one.error)),
            "code": one.error.code,
            "at": now.isoformat(timespec="seconds"),
            **({"width_s": one.error.width_s} if isinstance(one.error, WrongWidth) else {}),
        }

    def _is_as_good_as(self, before: captures.Capture, contradictions: Sequence[str]) -> bool:
        """True if this capture asked about the items of an earlier one, with the same gaps and doubts."""
        asked = [self.erased.payload(one.payload) for one in self.requests]
        manifest = {"requests": [{"payload": one} for one in asked if one is not None]}
        try:
            known = before.manifest
        except captures.UnusableCapture:
            return False  # a new capture replaces it
        items = asked_items(self.dataset, manifest).union(self.kept_items)
        if items != asked_items(self.dataset, known):
            return False
        values = asked_values(self.dataset, manifest), asked_values(self.dataset, known)
        if self.is_supplement and values[0] != values[1]:
            return False
        if {*contradictions} != {*manifest_facts.contradictions(known)}:
            return False  # the ledger tells from the capture whether it is contradicted
        if {*self._left_out} != {*known.get("gone_streams", ())}:
            return False
        lacking = {*self.lacking, *lacking_items({"lacking": self.kept_lacking})}
        return lacking == {*lacking_items(known)}

    def _equal_capture(
        self, table: parquet.LakeWriter, contradictions: Sequence[str]
    ) -> captures.Capture | None:
        """The previous capture, if it has the same rows, unknown fields and doubts; else None."""
        before, path = self.previous, table.path
        if before is None and self.dataset.is_dimension:
            earlier = snapshots(self.home.lake, self.dataset.name)
            if not earlier:
                return None
            path = earlier[-1]
            day = parquet.day_of(path)
            before = captures.newest(captures.folder_of(self.home.raw, self.dataset.name, day))
        if before is None:
            return None
        origin = parquet.verified_provenance(path)
        if not parquet.is_current(origin, self.dataset, before.name):  # damaged, or older
            origin = self._rebuild_lake_file(before, path)
        if origin is None or tuple(sorted(table.stats.unknown)) != origin.unknown:
            return None  # a new field is only in the raw answer, which is therefore kept
        if self.carried or not self._is_as_good_as(before, contradictions):
            return None  # equal rows, and another answer to the question of what is complete
        with _comparing:
            return before if row_equality.same_rows(path, table.aside) else None

    def _rebuild_lake_file(self, before: captures.Capture, path: Path) -> parquet.Provenance | None:
        """Rebuild the lake file from the capture before comparing; None if the capture is damaged."""
        try:
            return parquet.normalise(self.home.lake, self.dataset, parquet.day_of(path), before)
        except (captures.UnusableCapture, ApiError):
            return None


def write_partial_note(
    folder: Path, now: datetime, error: Exception, job: PartitionJob | None
) -> None:
    """Write the note PARTIAL beside the captures of a day: what was missing at this attempt."""
    note: dict[str, object] = {
        "at": now.isoformat(timespec="seconds"),
        "error": job.erased.words(access.in_words(error)) if job else access.in_words(error),
        "answered": job.answered if job else 0,
        "questions": len(job.requests) if job else None,
    }
    if job is not None:
        note["failed"] = [
            {
                "asked": printable(str(request)),
                "from": request.window and request.window[0].isoformat(),
                "until": request.window and request.window[1].isoformat(),
            }
            for request in job.failed_requests[:_MAX_LISTED]
        ]
    atomic.write_atomically(folder / states.PARTIAL, sealed.seal(note))
