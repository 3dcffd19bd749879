"""The days of one dataset in a run: planned, requested, written and committed in order.

Not here: scheduling of the datasets (capturer.py), locks and outcome of a day (partition.py).
Read next: in_flight.py.
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
from resources.capture.fetcher import Answer, Fetcher, RunCancelled
from resources.capture.in_flight import InFlightRequest, SizeEstimator
from resources.capture.partition import PartitionLifecycle
from resources.capture.partition_writer import PartitionJob
from resources.capture.result import Result

if TYPE_CHECKING:
    from resources.capture.capturer import CaptureRun

log = logging.getLogger("livestats.capture")

_MAX_PENDING_COMMITS = 4  # no further day is started while so many wait for their commit


@dataclass(frozen=True)
class _PendingCommit:
    """A day whose last answer was written, with the future of its commit."""

    job: PartitionJob
    held_bytes: int  # of rows that are not written yet
    future: Future[Result]


class DatasetQueue:
    """The days of one dataset in a run.

    All methods run in the run's thread, except `_fetch` (workers of the action, which wait for the
    network) and the commit (commit pool, which waits for the disk).
    """

    def __init__(
        self,
        run: CaptureRun,
        dataset: Dataset,
        days: Sequence[date],
        needed: Sequence[DatasetQueue],
        workers: ThreadPoolExecutor,
    ) -> None:
        """`needed` are the queues of the datasets that each day depends on."""
        self.dataset = dataset
        self._run = run
        capturer = run.capturer
        self._lifecycle = PartitionLifecycle(
            capturer.home, capturer.settings, run.inventory, dataset, capturer.clock, run.again
        )
        self._workers = workers
        self._fetcher = Fetcher(capturer.client, dataset, capturer.halt, run.decoders, run.learned)
        self._estimator = SizeEstimator(dataset.scope)
        # Keeps every worker busy while the oldest answer is outstanding.
        self._max_in_flight = capturer.settings.workers * 2
        self.days = frozenset(days)
        awaited = {
            day: {
                dataset_queue.dataset.name for dataset_queue in needed if day in dataset_queue.days
            }
            for day in days
        }
        self._waiting_for = {day: names for day, names in awaited.items() if names}
        self._ready = deque(day for day in dict.fromkeys(days) if not awaited[day])
        self._locked_days: deque[date] = deque()  # locked by another run
        self._job: PartitionJob | None = None  # whose requests are being submitted
        self._requests: deque[Request] = deque()  # of `_job`, not submitted yet
        self._in_flight: deque[InFlightRequest] = deque()
        self._pending_commits: deque[_PendingCommit] = deque()
        self._open_jobs: list[PartitionJob] = []
        self._action_error: FixAction | None = None  # of a worker: all calls of the action fail
        self.has_dependencies = bool(self._waiting_for)
        self.has_dependents = False  # another queue waits for its days
        for dataset_queue in needed:
            dataset_queue.has_dependents = True
        self.has_started = False  # a day was started

    # Called by the run -------------------------------------------------------------------------

    @property
    def is_done(self) -> bool:
        """True if every day has its result."""
        return not (self._waiting_for or self._ready or self._locked_days or self._open_jobs)

    @property
    def has_only_locked_days(self) -> bool:
        """True if the only unfinished days are locked by another run."""
        return bool(self._locked_days) and not (self._ready or self._open_jobs)

    def advance(self, *, one_day_only: bool = False) -> Iterator[Result]:
        """Do everything that does not block; yields the results of days that are done.

        `one_day_only`: do not start a second day.
        """
        while self._in_flight and self._in_flight[0].future.done():
            self._write_answer(self._in_flight.popleft())
        while self._pending_commits and self._pending_commits[0].future.done():
            yield self._finish_commit()
        yield from self._submit_requests(one_day_only)

    def release(self, name: str, day: date) -> None:
        """Stop waiting for `day` of the dataset `name`: it is done or has failed."""
        awaited = self._waiting_for.get(day)
        if awaited is not None:
            awaited.discard(name)
            if not awaited:
                del self._waiting_for[day]
                self._ready.append(day)

    def retry_locked_days(self) -> None:
        """Make the days that another run had locked ready again."""
        self._ready.extend(self._locked_days)
        self._locked_days.clear()

    def finish_after_error(self) -> Iterator[Result]:
        """Finish the days with all their answers after the run has failed; yields their results.

        Further errors are only logged: the run raises its first one.
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
        """Discard unfinished days and release their locks, except days in the commit pool."""
        committing = {pending.job for pending in self._pending_commits}
        for job in self._open_jobs:
            if job not in committing:
                job.abandon()
                job.release()
        self._open_jobs.clear()

    def cancel(self) -> None:
        """Cancel the requests that no worker has started."""
        for in_flight in self._in_flight:
            in_flight.future.cancel()

    # Requests and answers ----------------------------------------------------------------------

    def _submit_requests(self, one_day_only: bool) -> Iterator[Result]:
        """Submit requests up to the limits, one day after the other; yields days without requests."""
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
                if not self._requests:  # no domain has the role: nothing to request
                    self._submit_commit(self._job)
                elif not self._submit_request(self._job, self._requests[0]):
                    return
                else:
                    self._requests.popleft()
                if not self._requests:
                    self._job = None

    def _submit_request(self, job: PartitionJob, request: Request) -> bool:
        """Submit a request to the workers; False if its answer does not fit into memory."""
        if (
            self._estimator.has_no_sample
            and self._in_flight
            and not (self.has_dependents or self.has_dependencies)
        ):
            return False  # first estimates are large and would block the memory of other datasets
        guess = self._estimator.guess(request)
        if not self._run.memory.admit(guess, self):
            return False
        in_flight = InFlightRequest(job, request, guess)
        self._in_flight.append(in_flight)
        in_flight.future = self._workers.submit(self._fetch, job, request)
        in_flight.future.add_done_callback(lambda _: self._run.events.put((self, in_flight)))
        return True

    def _fetch(self, job: PartitionJob, request: Request) -> list[Answer]:
        """Fetch one request; [] if the day has failed already. Runs in a worker; raises ApiError."""
        if self._action_error is not None:  # fail without another call
            error = self._action_error
            raise FixAction(error.what, error.advice, action=error.action, code=error.code)
        try:
            return self._fetcher.fetch(request, job.day, lambda: job.has_failed)
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
        """Replace the estimate of an answer by its size, once."""
        if in_flight.is_counted:
            return
        in_flight.is_counted = True
        if in_flight.is_answered:
            results = in_flight.future.result()
            if results:
                self._estimator.learn(in_flight.request, max(one.largest_bytes for one in results))
            held = sum(one.held_bytes for one in results)
            if self._estimator.is_learning:
                self._update_estimates()
        else:
            held = 0
        self._run.memory.add(held - in_flight.held_bytes)
        in_flight.held_bytes = held

    def _update_estimates(self) -> None:
        """Lower the estimates of requests in flight to what the answers so far suggest."""
        for in_flight in self._in_flight:
            if not in_flight.is_counted:
                guess = min(in_flight.held_bytes, self._estimator.guess(in_flight.request))
                self._run.memory.add(guess - in_flight.held_bytes)
                in_flight.held_bytes = guess

    def _write_answer(self, in_flight: InFlightRequest) -> None:
        """Write the answer to the oldest request into the staged files of its day."""
        job, request = in_flight.job, in_flight.request
        self.count_answer(in_flight)  # its event may not have been handled yet
        self._run.memory.release(in_flight.held_bytes)
        before = job.held_bytes
        # The future's callback refers to the request, which refers to the future: without breaking the
        # cycle the answer would stay in memory until the next garbage collection.
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

    # Commit ------------------------------------------------------------------------------------

    def _submit_commit(self, job: PartitionJob) -> None:
        """Hand the day to the commit pool, which commits it or records its error."""
        held = job.held_bytes  # read before the commit pool writes these rows
        future = self._run.commit_pool.submit(self._lifecycle.finish, job)
        self._pending_commits.append(_PendingCommit(job, held, future))
        future.add_done_callback(lambda _: self._run.events.put(None))

    def _finish_commit(self) -> Result:
        """Result of the oldest pending commit."""
        pending = self._pending_commits.popleft()
        result = pending.future.result()
        self._run.memory.add(-pending.held_bytes)
        self._open_jobs.remove(pending.job)
        return result
