"""One day in the making: its lock, its questions, its files aside, and giving them their names."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.api.errors import ApiError, printable
from resources.api.request_plan import Inventory, Request, requests_for
from resources.capture.fetcher import FetchResult
from resources.capture.inventory import InventoryReader, snapshots
from resources.fs import atomic, sealed
from resources.home.layout import Home
from resources.lake import parquet, row_equality
from resources.ledger import states
from resources.ledger.states import State
from resources.raw import captures

NO_EXPIRY_WARNING = timedelta(0)
"""Whether a day expires soon does not matter once it is being asked."""

_MAX_LISTED = 20  # failed questions in the note of a day
_comparing = threading.Lock()  # two days at a time would take twice the memory


def plan_requests(
    home: Home, inventory: InventoryReader, dataset: Dataset, day: date, now: datetime
) -> list[Request]:
    """All questions of a day, from what the lake knows of the inventory.

    Raises NotYet if another dataset must be captured first; one that is lost is done without.
    """
    zone = inventory.settings.zone
    if dataset.is_dimension:
        return [*requests_for(dataset, day, zone, Inventory())]
    needed = (DATASETS[name] for name in dataset.needs)
    lost = frozenset(one.name for one in needed if _is_lost(home, zone, one, day, now))
    return [*requests_for(dataset, day, zone, inventory.inventory_for(dataset, day, lost))]


def _is_lost(home: Home, zone: ZoneInfo, needed: Dataset, day: date, now: datetime) -> bool:
    folder = captures.folder_of(home.raw, needed.name, day)
    line = states.entry(needed, day, folder, now, zone, NO_EXPIRY_WARNING)
    return line.state is State.LOST


@dataclass(frozen=True)
class CommitResult:
    """A day that was captured."""

    origin: parquet.Provenance
    is_new: bool  # False: the rows are those of the capture before
    requests: int
    bytes: int  # of the answers


@dataclass(frozen=True)
class StagedFiles:
    """The two files of a day while they are being built."""

    capture: captures.CaptureWriter
    table: parquet.LakeWriter

    @classmethod
    def open(cls, home: Home, dataset: Dataset, day: date) -> StagedFiles:
        """Start both, or none."""
        capture = captures.CaptureWriter(
            captures.folder_of(home.raw, dataset.name, day), dataset, day
        )
        try:
            path = parquet.path_of(home.lake, dataset.name, day)
            return cls(capture, parquet.LakeWriter(path, dataset, day))
        except BaseException:
            capture.abandon()
            raise

    def add(self, part: int, one: FetchResult) -> None:
        """Append an answer, as the question number `part` of the day."""
        for p in one.pages:
            response = captures.Response(part, p.page, p.payload, p.fetched_at, p.size, p.stored)
            self.capture.add(response)
        self.table.add(one.rows)

    def abandon(self) -> None:
        """Forget both."""
        self.capture.abandon()
        self.table.abandon()


@dataclass(eq=False)
class PartitionJob:
    """One day being captured. The holder has its lock, and ends with `release`."""

    dataset: Dataset
    day: date
    home: Home
    lock: int
    requests: Sequence[Request]
    previous: captures.Capture | None
    domains: Sequence[str]
    staged: StagedFiles | None = None  # opened late: days that wait for answers hold no files
    finished: int = 0  # questions that are done with, answered or not
    answered: int = 0  # of these, questions that were answered
    error: Exception | None = None  # the first in the order of the questions
    failed_requests: list[Request] = field(default_factory=list)
    has_failed: bool = False  # set by any worker that fails: the others then ask no more
    _part: int = 0

    @property
    def folder(self) -> Path:
        """Its place in the raw archive."""
        return captures.folder_of(self.home.raw, self.dataset.name, self.day)

    @property
    def held_bytes(self) -> int:
        """Bytes of memory that its rows take until they are written."""
        return self.staged.table.waiting_bytes if self.staged else 0

    def add(self, answered: Sequence[FetchResult]) -> None:
        """Add the answer to the next question to the files, unless the day has failed already."""
        self.answered += bool(answered)
        for one in answered if self.error is None else ():
            self._open_staged().add(self._part, one)
            self._part += 1

    def _open_staged(self) -> StagedFiles:
        self.staged = self.staged or StagedFiles.open(self.home, self.dataset, self.day)
        return self.staged

    def fail(self, request: Request, error: Exception) -> None:
        """Note a question that has no answer."""
        self.error = self.error or error
        self.failed_requests.append(request)

    def abandon(self) -> None:
        """Forget what is aside."""
        if self.staged is not None:
            self.staged.abandon()

    def release(self) -> None:
        """Let others at the day; a second time changes nothing."""
        lock, self.lock = self.lock, -1  # its number may be another file's by then
        with suppress(OSError):
            os.close(lock)

    def commit(self, now: datetime, time_zone: str) -> CommitResult:
        """Name the day captured.

        Rows that are those of the newest capture add nothing but a note. If the lake file cannot be
        swapped in after the capture has its name, the next run makes it from the capture.
        """
        made = self._open_staged()
        capture, table = made.capture, made.table
        facts = {"time_zone": time_zone, "domains": [*self.domains], **table.tally.facts()}
        if self.dataset.meaning:
            facts["settings"] = dict(self.dataset.meaning)
        before = self.previous.name if self.previous else None
        name = capture.seal(now, table.tally.rows, before, facts)
        origin = table.seal(name, capture.requests)
        same = self._equal_capture(table)
        if same is not None:
            self.abandon()
            captures.note_seen(same.folder.parent, same.name, now)
        else:
            capture.commit(name)
            table.commit()
        (self.folder / states.PARTIAL).unlink(missing_ok=True)
        return CommitResult(origin, same is None, capture.requests, capture.bytes)

    def _equal_capture(self, table: parquet.LakeWriter) -> captures.Capture | None:
        """The earlier capture that the new one is equal to."""
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
        origin = parquet.proven_origin(path)
        if not parquet.is_current(origin, before.name):  # damaged, or of an older normaliser
            origin = self._rebuild_lake_file(before, path)
        if origin is None:
            return None
        if tuple(sorted(table.tally.unknown)) != origin.unknown:
            return None  # a new field: only raw has it, so the answer is worth keeping
        with _comparing:
            return before if row_equality.same_rows(path, table.aside) else None

    def _rebuild_lake_file(self, before: captures.Capture, path: Path) -> parquet.Provenance | None:
        """The lake file made again, since what counts is the capture; None if that is damaged."""
        try:
            return parquet.normalise(self.home.lake, self.dataset, parquet.day_of(path), before)
        except (captures.DamagedCapture, ApiError):
            return None


def write_partial_note(
    folder: Path, now: datetime, error: Exception, job: PartitionJob | None
) -> None:
    """Say beside a day's captures what was missing when it was last tried."""
    note: dict[str, object] = {
        "at": now.isoformat(timespec="seconds"),
        "error": str(error),
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
