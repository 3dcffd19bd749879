"""Beginning a day and ending it: what of a capture touches the disk."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from resources.api import windows
from resources.api.catalog.datasets import Dataset
from resources.capture import repair
from resources.capture.inventory import InventoryReader, PrerequisiteMissing
from resources.capture.partition_writer import (
    NO_EXPIRY_WARNING,
    PartitionJob,
    plan_requests,
    write_partial_note,
)
from resources.capture.result import Outcome, Result, reason_not_captured
from resources.config import Settings
from resources.fs import atomic, locks
from resources.home.layout import Home
from resources.lake import parquet
from resources.ledger import states
from resources.ledger.states import State
from resources.raw import captures

log = logging.getLogger("livestats.capture")


@dataclass(frozen=True)
class PartitionLifecycle:
    """The days of one dataset. Each is begun and ended once; no two threads are at the same day."""

    home: Home
    settings: Settings
    inventory: InventoryReader
    dataset: Dataset
    clock: Callable[[], datetime]
    again: bool
    """Whether complete days are asked again."""

    def begin(self, day: date) -> PartitionJob | Result | None:
        """A job for the day, its result if there is nothing to ask, or None if it is locked."""
        lock = locks.try_lock(self._lock_folder(day))
        if lock is None:
            return None
        try:
            begun = self._plan(day, lock)
        except BaseException:
            os.close(lock)
            raise
        if isinstance(begun, Result):
            os.close(lock)
        return begun

    def _plan(self, day: date, lock: int) -> PartitionJob | Result:
        dataset, now = self.dataset, self.clock()
        folder = captures.folder_of(self.home.raw, dataset.name, day)
        folder.mkdir(parents=True, exist_ok=True)
        self._remove_stale_temps(day)
        line = states.entry(
            dataset, day, folder, now, self.settings.zone, expiry_warning=NO_EXPIRY_WARNING
        )
        before = captures.newest(folder)
        if before is not None:
            kept = self._check_lake_file(day, before)
            if dataset.is_dimension:  # the present is all that can be asked for
                is_askable = day == windows.day_of(now, self.settings.zone)
            else:
                is_askable = line.askable_until is None or now < line.askable_until
            if not is_askable or (kept.outcome.is_complete and not self.again):
                return kept
        elif not dataset.is_dimension and line.state in (State.LOST, State.SETTLING):
            return self._result(day, Outcome(line.state.value), message=reason_not_captured(line))
        try:
            domains = () if dataset.is_dimension else self.inventory.domains()
            requests = plan_requests(self.home, self.inventory, dataset, day, now)
        except PrerequisiteMissing as error:
            return self._failed(day, folder, error, None)
        names = [d.name for d in domains if dataset.includes_domain(d.name)]
        return PartitionJob(dataset, day, self.home, lock, requests, before, names)

    def _lock_folder(self, day: date) -> Path:
        """Days are locked singly; a dimension as a whole, since its days are one history."""
        folder = captures.folder_of(self.home.raw, self.dataset.name, day)
        folder = folder.parent if self.dataset.is_dimension else folder
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _remove_stale_temps(self, day: date) -> None:
        """Remove what crashed runs left half-made where the caller holds the lock."""
        is_one_history = self.dataset.is_dimension
        days = [*captures.days_of(self.home.raw, self.dataset.name)] if is_one_history else [day]
        for one in days:
            atomic.remove_stale_temps(captures.folder_of(self.home.raw, self.dataset.name, one))
            atomic.remove_stale_temps(
                parquet.path_of(self.home.lake, self.dataset.name, one).parent
            )

    def _check_lake_file(self, day: date, capture: captures.Capture) -> Result:
        """A day that is captured: its lake file is made again if missing, older or damaged.

        It has failed if it needs to be made again and the capture is damaged as well.
        """
        try:
            origin, _ = repair.ensure_lake_file(self.home, self.dataset, day, capture)
        except repair.UNREADABLE as error:
            log.error("%s %s: %s", self.dataset.name, day, error)
            return self._result(day, Outcome.FAILED, message=str(error), error=error)
        (capture.folder.parent / states.PARTIAL).unlink(missing_ok=True)
        return self._result(day, Outcome.KEPT, origin=origin, rows=capture.name.rows)

    def finish(self, job: PartitionJob) -> Result:
        """Name the day captured, or put it aside; others may then be at it."""
        try:
            if job.error is not None:
                return self.fail(job, job.error)
            return self._commit(job)
        except BaseException:
            job.abandon()
            raise
        finally:
            job.release()

    def fail(self, job: PartitionJob, error: Exception) -> Result:
        """Put the day aside, with a note of what was missing."""
        job.abandon()
        return self._failed(job.day, job.folder, error, job)

    def _commit(self, job: PartitionJob) -> Result:
        made = job.commit(self.clock(), self.settings.time_zone)
        outcome = Outcome.CAPTURED if made.is_new else Outcome.UNCHANGED
        rows = made.origin.rows
        log.info("%s %s: %s, %d rows", job.dataset.name, job.day, outcome, rows)
        facts = {"rows": rows, "requests": made.requests, "bytes": made.bytes}
        return self._result(job.day, outcome, origin=made.origin, **facts)

    def _failed(
        self, day: date, folder: Path, error: Exception, job: PartitionJob | None
    ) -> Result:
        """Note what was missing; the day stays as it was."""
        write_partial_note(folder, self.clock(), error, job)
        log.error("%s %s: %s", self.dataset.name, day, error)
        return self._result(day, Outcome.FAILED, message=str(error), error=error)

    def _result(self, day: date, outcome: Outcome, **facts: object) -> Result:
        return Result(dataset=self.dataset.name, day=day, outcome=outcome, **facts)  # type: ignore[arg-type]
