"""The days of one dataset in a run: begun, asked, written and ended, in the order asked for.

All of it runs in the run's one thread, but for asking (the workers of the action) and for giving a
finished day its name (the run's hands): those wait for network and disk.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from resources.api.catalog.datasets import Dataset
from resources.api.errors import ApiError, FixAction, FixSetup
from resources.api.request_plan import Request
from resources.capture.fetcher import Fetcher, FetchResult, RunCancelled
from resources.capture.in_flight import InFlightRequest, SizeEstimator
from resources.capture.partition import PartitionLifecycle
from resources.capture.partition_writer import PartitionJob
from resources.capture.result import Result

if TYPE_CHECKING:
    from resources.capture.capturer import CaptureRun

log = logging.getLogger("livestats.capture")

_MAX_PENDING_COMMITS = (
    4  # finished days that wait for their names: beyond it no further day is begun
)


@dataclass(frozen=True)
class _PendingCommit:
    """A day whose last answer has come."""

    job: PartitionJob
    held_bytes: int  # bytes of rows that wait to be written
    future: Future[Result]


class DatasetQueue:
    """One dataset's part of a run."""

    def __init__(
        self,
        run: CaptureRun,
        dataset: Dataset,
        days: Sequence[date],
        needed: Sequence[DatasetQueue],
        workers: ThreadPoolExecutor,
    ) -> None:
        """`needed` are the queues whose answers say what to ask: each day waits for theirs of it."""
        self.dataset = dataset
        self._run = run
        one = run.capturer
        self._lifecycle = PartitionLifecycle(
            one.home, one.settings, run.inventory, dataset, one.clock, run.again
        )
        self._workers = workers
        self._fetcher = Fetcher(one.client, dataset, one.halt, run.decoders)
        self._estimator = SizeEstimator(dataset.scope)
        # Enough to keep every worker asking while the oldest answer is awaited.
        self._max_in_flight = one.settings.workers * 2
        self.days = frozenset(days)
        asked = {
            day: {
                dataset_queue.dataset.name for dataset_queue in needed if day in dataset_queue.days
            }
            for day in days
        }
        self._waiting_for = {day: names for day, names in asked.items() if names}
        self._ready = deque(day for day in dict.fromkeys(days) if not asked[day])
        self._locked_days: deque[date] = deque()  # held by another run
        self._job: PartitionJob | None = None  # being asked
        self._requests: deque[Request] = deque()  # of it, not asked yet
        self._in_flight: deque[InFlightRequest] = deque()
        self._pending_commits: deque[_PendingCommit] = deque()
        self._open_jobs: list[PartitionJob] = []
        self._action_error: FixAction | None = None  # set by a worker: the action cannot be called
        self.has_dependencies = bool(self._waiting_for)
        self.has_dependents = False  # by another queue
        for dataset_queue in needed:
            dataset_queue.has_dependents = True
        self.has_started = False  # with a day

    # What the run calls ------------------------------------------------------------------------

    @property
    def is_done(self) -> bool:
        """True if every day has its result."""
        return not (self._waiting_for or self._ready or self._locked_days or self._open_jobs)

    @property
    def has_only_locked_days(self) -> bool:
        """True if all that is left to begin is held by another run."""
        return bool(self._locked_days) and not (self._ready or self._open_jobs)

    def advance(self, *, one_day_only: bool = False) -> Iterator[Result]:
        """Do all that can be done now; the results of days that have ended.

        `one_day_only`: with one day, no other is begun.
        """
        while self._in_flight and self._in_flight[0].future.done():
            self._write_answer(self._in_flight.popleft())
        while self._pending_commits and self._pending_commits[0].future.done():
            yield self._finish_commit()
        yield from self._submit_requests(one_day_only)

    def release(self, name: str, day: date) -> None:
        """A day of the dataset `name` has ended, however."""
        awaited = self._waiting_for.get(day)
        if awaited is not None:
            awaited.discard(name)
            if not awaited:
                del self._waiting_for[day]
                self._ready.append(day)

    def retry_locked_days(self) -> None:
        """Try the days again that another run held."""
        self._ready.extend(self._locked_days)
        self._locked_days.clear()

    def finish_after_error(self) -> Iterator[Result]:
        """The days whose last answer has come, when the run ends early; all others are left.

        The run has its error already: what goes wrong here as well is logged.
        """
        try:
            while self._in_flight and self._in_flight[0].is_answered:
                self._write_answer(self._in_flight.popleft())
        except Exception:
            log.exception("%s: while the run ended", self.dataset.name)
        while self._pending_commits:
            try:
                yield self._finish_commit()
            except Exception:
                log.exception("%s: while the run ended", self.dataset.name)

    def stop(self) -> None:
        """Put aside what is unfinished; called however the run ends. A hand ends what it holds."""
        held = {ending.job for ending in self._pending_commits}
        for job in self._open_jobs:
            if job not in held:
                job.abandon()
                job.release()
        self._open_jobs.clear()

    def cancel(self) -> None:
        """Drop what no worker has begun with."""
        for in_flight in self._in_flight:
            in_flight.future.cancel()

    # Questions and answers ---------------------------------------------------------------------

    def _submit_requests(self, one_day_only: bool) -> Iterator[Result]:
        """Send questions as long as there is room, beginning one day after the other."""
        while len(self._in_flight) < self._max_in_flight:
            if self._job is None:
                if not self._ready or len(self._pending_commits) >= _MAX_PENDING_COMMITS:
                    return
                if one_day_only and self.has_started:
                    return
                self.has_started = True
                day = self._ready.popleft()
                begun = self._lifecycle.begin(day)
                if begun is None:
                    self._locked_days.append(day)
                elif isinstance(begun, Result):
                    yield begun
                else:
                    self._job = begun
                    self._open_jobs.append(begun)
                    self._requests.extend(begun.requests)
            else:
                if not self._requests:  # no domain of the role: there was nothing to ask
                    self._submit_commit(self._job)
                elif not self._submit_request(self._job, self._requests[0]):
                    return
                else:
                    self._requests.popleft()
                if not self._requests:
                    self._job = None

    def _submit_request(self, job: PartitionJob, request: Request) -> bool:
        """Hand a question to the workers, if there is room for its answer."""
        if (
            self._estimator.has_no_sample
            and self._in_flight
            and not (self.has_dependents or self.has_dependencies)
        ):
            return False  # guesses of many datasets would take all the room for nothing
        guess = self._estimator.guess(request)
        if not self._run.memory.admit(guess, self):
            return False
        in_flight = InFlightRequest(job, request, guess)
        self._in_flight.append(in_flight)
        in_flight.future = self._workers.submit(self._fetch, job, request)
        in_flight.future.add_done_callback(lambda _: self._run.events.put((self, in_flight)))
        return True

    def _fetch(self, job: PartitionJob, request: Request) -> list[FetchResult]:
        """In a worker: one question of a day that has not failed yet."""
        if self._action_error is not None:  # every day fails with it, and none costs another call
            known = self._action_error
            raise FixAction(known.what, known.advice, action=known.action, code=known.code)
        try:
            return self._fetcher.fetch(request, lambda: job.has_failed)
        except FixSetup as error:
            self._run.abort(error)  # no other call can succeed
            raise
        except FixAction as error:
            self._action_error = error
            job.has_failed = True
            raise
        except ApiError:
            job.has_failed = True
            raise

    def count_answer(self, in_flight: InFlightRequest) -> None:
        """Count an answer that has come as large as it is, and no longer as a guess; once."""
        if in_flight.is_counted:
            return
        in_flight.is_counted = True
        if in_flight.is_answered:
            answered = in_flight.future.result()
            if answered:
                self._estimator.learn(in_flight.request, max(one.largest_bytes for one in answered))
            held = sum(one.held_bytes for one in answered)
            if self._estimator.is_learning:
                self._update_estimates()
        else:
            held = 0
        self._run.memory.add(held - in_flight.held_bytes)
        in_flight.held_bytes = held

    def _update_estimates(self) -> None:
        """Give back what questions under way were taken for before the first answers came."""
        for in_flight in self._in_flight:
            if not in_flight.is_counted:
                guess = min(in_flight.held_bytes, self._estimator.guess(in_flight.request))
                self._run.memory.add(guess - in_flight.held_bytes)
                in_flight.held_bytes = guess

    def _write_answer(self, in_flight: InFlightRequest) -> None:
        """Put the answer to the oldest question into the day's files."""
        job, request = in_flight.job, in_flight.request
        self.count_answer(in_flight)  # it may have come since the run last looked at its events
        self._run.memory.release(in_flight.held_bytes)
        before = job.held_bytes
        # It holds the in_flight, which held it: without a cut the answer would stay in memory until
        # Python looks for cycles.
        future, in_flight.future = in_flight.future, Future()
        try:
            job.add(future.result())
        except (FixSetup, RunCancelled) as error:
            fatal = self._run.fatal or error
            job.fail(request, fatal)
            self._lifecycle.fail(job, fatal)
            raise fatal from None
        except ApiError as error:
            job.fail(request, error)
        self._run.memory.add(job.held_bytes - before)
        job.finished += 1
        self._run.report_progress(job)
        if job.finished == len(job.requests):
            self._submit_commit(job)

    # The end of a day --------------------------------------------------------------------------

    def _submit_commit(self, job: PartitionJob) -> None:
        """Have the day named captured, or put aside."""
        held = job.held_bytes  # before a hand is at it, which writes what is held
        future = self._run.commit_pool.submit(self._lifecycle.finish, job)
        self._pending_commits.append(_PendingCommit(job, held, future))
        future.add_done_callback(lambda _: self._run.events.put(None))

    def _finish_commit(self) -> Result:
        """The result of the day that was ended first."""
        ending = self._pending_commits.popleft()
        result = ending.future.result()
        self._run.memory.add(-ending.held_bytes)
        self._open_jobs.remove(ending.job)
        return result
