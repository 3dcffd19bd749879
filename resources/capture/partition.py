"""Start and end of one day's capture: lock, plan, commit or failure, result.

Not here: the files of the day (partition_writer.py), its ledger state (ledger/states.py).
Read next: partition_writer.py.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from resources.api import cut_cost, windows
from resources.api.catalog.datasets import Dataset
from resources.api.errors import ApiError, WrongWidth, printable
from resources.api.request_plan import Request
from resources.capture import derive, kept_answers, repair, repeated_width, supplement
from resources.capture.day_requests import NO_EXPIRY_WARNING, failed_sources, plan_requests
from resources.capture.inventory import InventoryReader, PrerequisiteMissing
from resources.capture.partition_writer import PartitionJob, write_partial_note
from resources.capture.result import (
    Outcome,
    Result,
    named_items,
    reason_incomplete,
    reason_not_captured,
)
from resources.config import Settings
from resources.fs import access, atomic, locks
from resources.home import day_lock
from resources.home.layout import Home
from resources.lake import parquet
from resources.ledger import states
from resources.ledger.coverage import Coverage
from resources.ledger.manifest_items import (
    THE_ACCOUNT,
    answered_items,
    item_key,
)
from resources.ledger.states import State
from resources.raw import captures

log = logging.getLogger("livestats.capture")


@dataclass(frozen=True)
class PartitionLifecycle:
    """Starts and finishes days of one dataset. A day is used by one thread at a time."""

    home: Home
    settings: Settings
    inventory: InventoryReader
    dataset: Dataset
    clock: Callable[[], datetime]
    again: bool
    """Whether complete days are captured again."""
    captured_before: Collection[tuple[str, date]] = ()
    """Days of split datasets that were captured when the run began: it may make others of them."""
    _said: set[str] = field(default_factory=set)
    """Why days failed: a reason that many days share, such as a denied action, is an error once."""

    def begin(self, day: date) -> PartitionJob | Result | None:
        """A job for the day; its result if nothing is to be requested; None if it is locked."""
        lock = day_lock.try_lock(self.home, self.dataset, day, whole_history=True)
        if lock is None:
            return None
        try:
            started = self._plan(day, lock)
        except BaseException:
            lock.release()
            raise
        if isinstance(started, Result):
            lock.release()
        return started

    def _plan(self, day: date, lock: locks.Held) -> PartitionJob | Result:
        dataset, now = self.dataset, self.clock()
        folder = captures.folder_of(self.home.raw, dataset.name, day)
        atomic.make_folder(folder, self.home.root)
        line = states.entry(
            dataset,
            day,
            folder,
            now,
            self.settings.zone,
            NO_EXPIRY_WARNING,
            None if dataset.is_dimension else self._coverage,
        )
        self._log_misplaced(day, folder)
        before = captures.newest(folder, self.settings.time_zone)
        is_supplement, kept = False, None
        if before is not None:
            kept = self._check_lake_file(day, before, line.lacking)
            is_behind = bool(dataset.derived_from) and self._derivable.is_outdated(dataset, day)
            if is_behind and not self.again and (made := self._derived(day)) is not None:
                return made
            if dataset.is_dimension:  # only the present state can be requested
                is_askable = day == windows.day_of(now, self.settings.zone)
            else:
                is_askable = line.askable_until is None or now < line.askable_until
            if not is_askable or (kept.outcome.is_complete and not self.again):
                return kept
            is_supplement = kept.outcome is Outcome.INCOMPLETE and not self.again
        elif dataset.derived_from and (made := self._derived(day)) is not None:
            return made
        elif not dataset.is_dimension and line.state in (State.LOST, State.SETTLING):
            return self._result(day, Outcome(line.state.value), message=reason_not_captured(line))
        try:
            domains = () if dataset.is_dimension else self.inventory.domains()
            # Before the plan: where a source changes meanwhile, the older name is compared later.
            sources = self._sources(day)
            carried = before if is_supplement else None
            requests, carried = self._requests(day, now, line.lacking, carried)
        except PrerequisiteMissing as error:
            return self._failed(day, folder, error, None)
        if kept is not None and carried is None and self._asks_less(requests, before):
            log.info("%s %s: kept, for it would be asked about less now", dataset.name, day)
            return kept
        names = [d.name for d in domains if dataset.includes_domain(d.name)]
        return PartitionJob(
            dataset=dataset,
            day=day,
            home=self.home,
            lock=lock,
            requests=requests,
            previous=before,
            domains=names,
            sources=sources,
            absent_sources=sorted(failed_sources(self.home, self.settings, dataset, day)),
            gone_streams=self.inventory.left_out(dataset, day),
            carried=carried,
            is_supplement=is_supplement,
        )

    def _asks_less(self, requests: list[Request], before: captures.Capture | None) -> bool:
        try:
            return before is not None and supplement.asks_less(self.dataset, requests, before)
        except captures.UnusableCapture:
            return False  # a new capture replaces it

    def _log_misplaced(self, day: date, folder: Path) -> None:
        for misplaced, problem in captures.misplaced_in(folder, self.settings.time_zone):
            remedy = captures.MISPLACED_REMEDY
            log.error("%s %s: %s %s. %s", self.dataset.name, day, misplaced.folder, problem, remedy)

    def _derived(self, day: date) -> Result | None:
        """The day made out of what another dataset has captured; None if that cannot be."""
        source, reason = self._derivable.of(self.dataset, day)
        if source is None or (source.dataset.name, day) not in self.captured_before:
            if reason:
                log.info("%s %s: not made of other answers: %s", self.dataset.name, day, reason)
            return None
        try:
            origin = derive.make_capture(self.home, self.dataset, day, source)
        except repair.UNREADABLE as error:
            log.warning("%s %s: %s: %s", self.dataset.name, day, source.dataset.name, error)
            return None
        made_of = f"made of the answers of {source.dataset.name}"
        log.info("%s %s: %s, %d rows", self.dataset.name, day, made_of, origin.rows)
        return self._result(day, Outcome.CAPTURED, origin=origin, rows=origin.rows, message=made_of)

    @cached_property
    def _derivable(self) -> derive.Sources:
        now = self.clock()
        return derive.Sources(self.home, self.settings, self._coverage, self.inventory, now)

    def _sources(self, day: date) -> dict[str, str]:
        """The captures from which the lake files that list the day's streams or addresses were made.

        They can be older than the newest captures, after a crash between a capture and its lake file.
        """
        paths = {
            name: parquet.path_of(self.home.lake, name, day)
            for name in self.dataset.needs
            if name in self.settings.datasets
        }
        found = {name: parquet.provenance_of(path) for name, path in paths.items()}
        return {name: origin.capture for name, origin in found.items() if origin is not None}

    @cached_property
    def _coverage(self) -> Coverage:
        return Coverage(self.home.raw, self.home.lake, self.settings, self.home.file_index)

    def _requests(
        self, day: date, now: datetime, lacking: Collection[str], before: captures.Capture | None
    ) -> tuple[list[Request], captures.Capture | None]:
        """All requests of the day; of a supplement, those for what is `lacking` and `before`, carried.

        Raises PrerequisiteMissing also for a cut that is too large.
        """
        found = plan_requests(self.home, self.inventory, self.dataset, day, now)
        if problem := cut_cost.refusal(self.dataset, found):
            raise PrerequisiteMissing(problem)
        if before is None or not supplement.carries(self.dataset, lacking):
            return found, None
        return supplement.requests_for(self.dataset, found, lacking, before), before

    def _check_lake_file(
        self, day: date, capture: captures.Capture, lacking: tuple[str, ...]
    ) -> Result:
        """Keep a captured day; its lake file is rebuilt if it is missing, outdated or damaged.

        The result is INCOMPLETE if items are `lacking`, and FAILED if the file has to be rebuilt and
        the capture is damaged.
        """
        try:
            origin, _ = repair.ensure_lake_file(self.home, self.dataset, day, capture)
        except repair.UNREADABLE as error:
            log.error("%s %s: %s", self.dataset.name, day, error)
            return self._result(day, Outcome.FAILED, message=str(error), error=error)
        (capture.folder.parent / states.PARTIAL).unlink(missing_ok=True)
        if lacking:
            return self._incomplete(day, lacking, None, origin=origin, rows=capture.name.rows)
        return self._result(day, Outcome.KEPT, origin=origin, rows=capture.name.rows)

    def finish(self, job: PartitionJob) -> Result:
        """Commit the day, or record its error; releases its lock."""
        try:
            job.keep_rejected(self.clock(), self.settings.time_zone)
            repeated_width.accept_repeated(job, self.clock(), self.settings.zone)
            error = job.error or _reason_to_doubt(job)
            kept = () if error else self._keep_earlier(job)
            error = job.error or error or self._reason_to_fail(job)
            if error is not None:
                return self.fail(job, error)
            if job.carried is not None and not job.answered:  # still nothing new
                job.abandon()
                first = job.unanswered[0].error if job.unanswered else None
                return self._told(self._incomplete(job.day, self._lacking_now(job), first))
            return self._commit(job, kept)
        except BaseException:
            job.abandon()
            raise
        finally:
            job.release()

    def fail(self, job: PartitionJob, error: Exception) -> Result:
        """Discard the staged files and write a note of what was missing."""
        job.abandon()
        return self._failed(job.day, job.folder, error, job)

    def _keep_earlier(self, job: PartitionJob) -> tuple[str, ...]:
        """Keep what an earlier capture answered for items that are refused or not asked now; the items.

        So late data of the others does not wait for them.
        """
        kept_answers.note_unasked(job)
        if job.previous is None or job.carried is not None or job.dataset.is_dimension:
            return ()
        if job.unanswered and not job.answered:
            return ()
        error = job.unanswered[0].error if job.unanswered else None
        try:
            kept = kept_answers.keep_earlier(job)
        except (captures.UnusableCapture, ApiError) as damaged:
            job.error = damaged
            return ()
        if kept:
            why = printable(error.code or error.what) if error else "not asked any more"
            level = logging.WARNING if error else logging.INFO
            log.log(level, "%s %s: %s: %s; the earlier answer is kept", self.dataset.name, job.day,
                    named_items(kept), why)  # fmt: skip
        return kept

    def _reason_to_fail(self, job: PartitionJob) -> Exception | None:
        """Why the day cannot be committed with what was answered; None if it can.

        A day without any answer is not captured, and no item that an earlier capture answered may
        get lost by a later one.
        """
        if not job.unanswered:
            return None
        first = job.unanswered[0].error
        if job.dataset.is_dimension or (not job.answered and job.carried is None):
            return first
        if job.previous is not None and job.carried is None:
            try:
                before = job.previous.manifest
            except captures.UnusableCapture:
                return None
            now = {item_key(job.dataset, item) for item in job.lacking}
            if answered_items(job.dataset, before) & now or THE_ACCOUNT in job.lacking:
                return first
        return None

    def _lacking_now(self, job: PartitionJob) -> tuple[str, ...]:
        """The items of the day that lack, by its newest capture."""
        capture = captures.newest(job.folder, self.settings.time_zone)
        return self._coverage.lacking(job.dataset, job.day, capture.name) if capture else ()

    def _commit(self, job: PartitionJob, kept: tuple[str, ...]) -> Result:
        committed = job.commit(self.clock(), self.settings.time_zone)
        outcome = Outcome.CAPTURED if committed.is_new else Outcome.UNCHANGED
        rows = committed.origin.rows
        log.info("%s %s: %s, %d rows", job.dataset.name, job.day, outcome, rows)
        facts = {"rows": rows, "requests": committed.requests, "bytes": committed.bytes}
        lacking = () if job.dataset.is_dimension else self._lacking_now(job)
        if lacking:
            first = job.unanswered[0].error if job.unanswered else None
            found = self._incomplete(job.day, lacking, first, origin=committed.origin, **facts)
            return self._told(found)
        message = f"kept the earlier answer for {named_items(kept)}" if kept else ""
        return self._result(job.day, outcome, origin=committed.origin, message=message, **facts)

    def _failed(
        self, day: date, folder: Path, error: Exception, job: PartitionJob | None
    ) -> Result:
        """Write a note of what was missing; captures and lake file stay unchanged."""
        write_partial_note(folder, self.clock(), error, job)
        message = access.in_words(error)
        level = logging.INFO if message in self._said else logging.ERROR
        self._said.add(message)
        log.log(level, "%s %s: %s", self.dataset.name, day, message, extra={"error": error})
        return self._result(day, Outcome.FAILED, message=message, error=error)

    @staticmethod
    def _told(result: Result) -> Result:
        # The refusals were logged when they came; whoever runs the capture sums up its results.
        log.info("%s %s: %s", result.dataset, result.day, result.message)
        return result

    def _incomplete(
        self, day: date, lacking: tuple[str, ...], error: ApiError | None, **facts: object
    ) -> Result:
        """The result of a captured day that lacks items."""
        message = reason_incomplete(lacking, error)
        return self._result(
            day, Outcome.INCOMPLETE, lacking=lacking, message=message, error=error, **facts
        )

    def _result(self, day: date, outcome: Outcome, **facts: object) -> Result:
        return Result(dataset=self.dataset.name, day=day, outcome=outcome, **facts)  # type: ignore[arg-type]


def _reason_to_doubt(job: PartitionJob) -> Exception | None:
    """Why the answers of the day are not proven; None if they are.

    Where one answer had slots of a wider width than asked for, another one whose slots all lie on
    that width, too, may be of either.
    """
    for error in (one.error for one in job.unanswered):
        if isinstance(error, WrongWidth) and any(
            grid and grid % error.width_s == 0 for grid in job.grids_s
        ):
            return error
    return None
