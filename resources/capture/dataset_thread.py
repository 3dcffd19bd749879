"""The days of one dataset in a run: begun, requested, written and committed in order, by one thread.

Not here: the threads together (capturer.py), one request (fetcher.py), one day (partition.py).
Read next: run_state.py.
"""

from __future__ import annotations

import errno
import logging
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import Scope
from resources.api.errors import ApiError, FixAction, FixRequest, FixSetup
from resources.api.request_plan import Request, items_of
from resources.capture.answers import Answer
from resources.capture.fetcher import Fetcher, RunCancelled
from resources.capture.partition import PartitionLifecycle
from resources.capture.partition_writer import PartitionJob
from resources.capture.result import Outcome, Result
from resources.errors import LivestatsError
from resources.fs import access
from resources.home import presence

if TYPE_CHECKING:
    from resources.capture.capturer import CaptureRun

log = logging.getLogger("livestats.capture")

RETRY_S = 0.2
"""Seconds after which a thread looks again for a day to begin: the run may have been cancelled, or
another run may have unlocked a day."""

REFUSED_DAYS = 3
"""So many days of a cut that are refused end its days in this run: what a user defines may be nothing
that the API can answer."""

_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors that the other days of the dataset would have as well, after all of their requests."""


class CutRefused(LivestatsError):
    """The API has refused the days of a cut that were asked before this one."""


@dataclass(eq=False)
class InFlightRequest:
    """A request that was handed to the workers."""

    job: PartitionJob
    request: Request
    held_bytes: int  # counted for it: usual size of an answer, then the size of this one
    future: Future[list[Answer]] = field(default_factory=Future)


class DatasetThread:
    """Captures the days of one dataset.

    Sends the requests of a day, and of the days after it, until twice as many are in flight as the
    action has workers: they stay busy while the oldest answer is outstanding or a day is committed,
    and datasets that share an action take turns. Answers are taken in the order of the plan.

    Everything runs in the dataset's thread, except `_fetch` (workers of the action).
    """

    def __init__(
        self, run: CaptureRun, dataset: Dataset, days: Sequence[date], workers: ThreadPoolExecutor
    ) -> None:
        """`workers` send the requests of the dataset's action."""
        self.dataset = dataset
        self._run = run
        capturer = run.capturer
        self._lifecycle = PartitionLifecycle(
            capturer.home,
            capturer.settings,
            run.inventory,
            dataset,
            capturer.clock,
            run.again,
            run.captured_before,
        )
        self._workers = workers
        self._fetcher = Fetcher(
            capturer.client,
            dataset,
            capturer.halt,
            run.decoders,
            run.learned,
            run.inventory.spellings,
        )
        self._max_in_flight = capturer.settings.workers * 2
        self._days = [*dict.fromkeys(days)]  # not begun
        self._locked_days: list[date] = []  # locked by another run
        self._jobs: list[PartitionJob] = []  # begun and not finished
        self._requests: deque[tuple[PartitionJob, Request]] = deque()  # begun, not sent
        self._in_flight: deque[InFlightRequest] = deque()
        self._usual_bytes = 0  # of an answer
        self._has_answer = False  # the first answer, whatever it is
        self._action_error: FixAction | None = None  # of a worker: all calls of the action fail
        self._disk_error: OSError | None = None
        self._refused_days = 0  # of a cut, one after the other
        self._is_proven = not dataset.is_cut  # False: no look-ahead before a first day is captured

    def run(self) -> None:
        """Capture the days. Every day gets a result, unless the run is cancelled. Raises nothing."""
        try:
            while self._send_requests() or self._wait_for_day():
                if self._in_flight:
                    self._take_answer(self._in_flight.popleft())
            self._finish_answered_days()
        except Exception as error:
            log.exception("%s", self.dataset.name)
            for day in [*(job.day for job in self._jobs), *self._days, *self._locked_days]:
                self._report(self._failed(day, error))
        finally:
            for job in [*self._jobs]:
                self._discard(job)
            self._run.end(self.dataset)

    @property
    def is_under_way(self) -> bool:
        """True from the first answer on, and if there is nothing to ask."""
        return self._has_answer or not self._run.unfinished.has_days(self.dataset)

    # Days --------------------------------------------------------------------------------------

    def _wait_for_day(self) -> bool:
        """Wait for a day that can be begun; False if none is left or the run ends.

        Called if nothing is in flight. Days that another run has locked come last.
        """
        run = self._run
        if run.is_ending or not (self._days or self._locked_days):
            return False
        if self._locked_days:
            run.capturer.halt.wait(RETRY_S)
            self._days += self._locked_days
            self._locked_days.clear()
        else:
            run.unfinished.wait_for(lambda: self._ready_day() is not None, RETRY_S)
        return True

    def _ready_day(self) -> date | None:
        """The first day that waits for no other dataset; None if there is none."""
        is_ready = self._run.unfinished.is_ready
        return next((day for day in self._days if is_ready(self.dataset, day)), None)

    def _begin_day(self, day: date) -> None:
        self._days.remove(day)
        begun: PartitionJob | Result | None
        try:
            presence.check(self._run.capturer.home)  # before anything is made in its place
            if self._disk_error is not None:
                raise self._disk_error
            if self._refused_days >= REFUSED_DAYS:
                raise CutRefused(
                    f"not asked: {REFUSED_DAYS} days of this cut were refused in this run. Mend its "
                    "section in livestats.toml, or switch it off under datasets.off"
                )
            with self._run.planning:  # a missing lake file is rebuilt, which takes memory
                begun = self._lifecycle.begin(day)
        except presence.HomeGone as error:
            self._run.abort(error)
            return
        except Exception as error:  # noqa: BLE001 - becomes the day's result
            begun = self._failed(day, error)
        if begun is None:
            self._locked_days.append(day)
        elif isinstance(begun, Result):
            self._report(begun)
        else:
            self._jobs.append(begun)
            if self.dataset.scope is not Scope.STREAM:  # a stream says nothing of others
                items = {item for one in begun.requests for item in items_of(self.dataset, one)}
                # A supplement asks about what was refused: what was answered shows a permission.
                items |= begun.answered_before
                self._run.learned.expect(self.dataset.endpoint.action, sorted(items))
            self._requests.extend((begun, request) for request in begun.requests)
            if not begun.requests:  # no domain has the role
                self._finish(begun)

    def _finish(self, job: PartitionJob) -> None:
        """Commit a day whose last answer was written, or record its error."""
        held = job.held_bytes
        try:
            result = self._lifecycle.finish(job)
        except Exception as error:  # noqa: BLE001 - becomes the day's result
            result = self._failed(job.day, error)
        self._run.memory.add(-held)
        self._jobs.remove(job)
        self._report(result)

    def _failed(self, day: date, error: Exception) -> Result:
        """The result of a day that failed on this machine, not at the API."""
        self._note_local_error(error)
        is_plain = isinstance(error, OSError | LivestatsError)
        message = access.in_words(error) if is_plain else f"{type(error).__name__}: {error}"
        name, told = self.dataset.name, {"error": error}
        level = logging.DEBUG if isinstance(self._run.fatal, presence.HomeGone) else logging.ERROR
        log.log(level, "%s %s: %s", name, day, message, exc_info=not is_plain, extra=told)
        return Result(dataset=name, day=day, outcome=Outcome.FAILED, message=message, error=error)

    def _note_local_error(self, error: Exception) -> None:
        if not isinstance(error, OSError):
            return
        if error.errno in _DISK_ERRORS:
            self._disk_error = error
        try:
            presence.check(self._run.capturer.home)
        except presence.HomeGone as gone:
            self._run.abort(gone)

    def _report(self, result: Result) -> None:
        if self.dataset.is_cut and isinstance(result.error, FixRequest):
            self._refused_days += 1
        elif result.origin is not None:
            self._refused_days, self._is_proven = 0, True
        self._run.events.put(result)
        self._run.unfinished.finish(self.dataset, result.day)

    def _discard(self, job: PartitionJob, error: FixSetup | None = None) -> None:
        """Remove the staged files of a day that the run can no longer finish, and unlock it."""
        self._jobs.remove(job)
        try:
            if error is None:
                job.abandon()
            else:
                self._lifecycle.fail(job, error)
        except OSError:
            log.exception("%s %s: while the run ended", self.dataset.name, job.day)
        finally:
            job.release()

    # Requests and answers ----------------------------------------------------------------------

    def _send_requests(self) -> bool:
        """Begin days and send their requests, up to the limits; False if none is in flight then."""
        # The first answer of a dataset says how large they are.
        most = self._max_in_flight if self._has_answer else 1
        while len(self._in_flight) < most and not self._run.is_ending:
            if self._requests:
                if self._in_flight and self._run.memory.is_full:
                    break
                self._send(*self._requests.popleft())
            elif self._jobs and not self._is_proven:
                break
            elif (day := self._ready_day()) is not None:
                self._begin_day(day)
            else:
                break
        return bool(self._in_flight) and not self._run.is_ending

    def _send(self, job: PartitionJob, request: Request) -> None:
        in_flight = InFlightRequest(job, request, self._usual_bytes)
        self._run.memory.add(in_flight.held_bytes)
        self._in_flight.append(in_flight)
        in_flight.future = self._workers.submit(self._fetch, in_flight)
        self._run.in_flight.add(in_flight.future)
        in_flight.future.add_done_callback(self._run.in_flight.discard)

    def _fetch(self, in_flight: InFlightRequest) -> list[Answer]:
        """Fetch one request; [] if the day has failed already. Runs in a worker."""
        job = in_flight.job
        try:
            if self._action_error is not None:  # fail without another call
                error = self._action_error
                raise FixAction(error.what, error.advice, action=error.action, code=error.code)
            answers = self._fetcher.fetch(in_flight.request, job.day, lambda: job.has_failed)
        except FixSetup as error:
            self._run.abort(error)  # no other call can succeed
            raise
        except FixAction as error:
            self._action_error = error
            job.has_failed = True
            raise
        except Exception:
            job.has_failed = True
            raise
        self._count(in_flight, answers)
        return answers

    def _count(self, in_flight: InFlightRequest, answers: Sequence[Answer]) -> None:
        """Count the size of an answer in the place of the usual one."""
        held = sum(answer.held_bytes for answer in answers)
        self._run.memory.add(held - in_flight.held_bytes)
        in_flight.held_bytes = held
        largest = max((answer.largest_bytes for answer in answers), default=0)
        before = self._usual_bytes if self._has_answer else largest
        self._usual_bytes = (before * 3 + largest) // 4

    def _awaited(self, in_flight: InFlightRequest) -> list[Answer]:
        """The answers to a request. Raises RunCancelled if the run is cancelled while it waits."""
        while not in_flight.future.done():
            with suppress(TimeoutError):  # of the wait; an error of the request is returned
                in_flight.future.exception(RETRY_S)
            if self._run.is_cancelled and not in_flight.future.done():
                raise RunCancelled("the run was cancelled")
        return in_flight.future.result()

    def _take_answer(self, in_flight: InFlightRequest) -> None:
        """Wait for the answer to a request, and write it into the staged files of its day."""
        job, before = in_flight.job, in_flight.job.held_bytes
        if job not in self._jobs:
            return  # discarded: the run ends
        try:
            job.add(self._awaited(in_flight))
        except RunCancelled:
            self._discard(job)
            return
        except FixSetup as error:
            job.fail(in_flight.request, error)
            self._discard(job, error)
            return
        except Exception as error:
            job.has_failed = True
            job.fail(in_flight.request, error)
            if not isinstance(error, ApiError):
                self._note_local_error(error)
                if not isinstance(error, OSError | LivestatsError):  # a bug; others are told once
                    log.exception("%s %s: %s", self.dataset.name, job.day, in_flight.request)
        self._has_answer = True
        self._run.memory.add(job.held_bytes - before - in_flight.held_bytes)
        job.finished += 1
        self._run.events.put((self.dataset, job.day, job.finished, len(job.requests)))
        if job.finished == len(job.requests):
            self._finish(job)

    def _finish_answered_days(self) -> None:
        """Finish the days with all their answers, if the run ends by an error of the API."""
        while self._in_flight and self._run.fatal is not None:
            in_flight = self._in_flight.popleft()
            if in_flight.future.done():
                self._take_answer(in_flight)
            elif in_flight.job in self._jobs:
                self._discard(in_flight.job)
