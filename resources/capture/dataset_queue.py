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
    from resources.capture.capturer import Run

log = logging.getLogger("livestats.capture")

_MOST_ENDING = 4  # finished days that wait for their names: beyond it no further day is begun


@dataclass(frozen=True)
class _PendingCommit:
    """A day whose last answer has come."""

    job: PartitionJob
    held: int  # bytes of rows that wait to be written
    future: Future[Result]


class DatasetQueue:
    """One dataset's part of a run."""

    def __init__(
        self,
        run: Run,
        dataset: Dataset,
        days: Sequence[date],
        needed: Sequence[DatasetQueue],
        workers: ThreadPoolExecutor,
    ) -> None:
        """`needed` are the queues whose answers say what to ask: each day waits for theirs of it."""
        self.dataset = dataset
        self._run = run
        one = run.capturer
        self._days = PartitionLifecycle(
            one.home, one.settings, run.account, dataset, one.clock, run.again
        )
        self._workers = workers
        self._asker = Fetcher(one.client, dataset, one.halt, run.readers)
        self._sizes = SizeEstimator(dataset.scope)
        # Enough to keep every worker asking while the oldest answer is awaited.
        self._most = one.settings.workers * 2
        self.days = frozenset(days)
        asked = {
            day: {
                dataset_queue.dataset.name for dataset_queue in needed if day in dataset_queue.days
            }
            for day in days
        }
        self._awaited = {day: names for day, names in asked.items() if names}
        self._ready = deque(day for day in dict.fromkeys(days) if not asked[day])
        self._busy: deque[date] = deque()  # held by another run
        self._job: PartitionJob | None = None  # being asked
        self._requests: deque[Request] = deque()  # of it, not asked yet
        self._asked: deque[InFlightRequest] = deque()
        self._ending: deque[_PendingCommit] = deque()
        self._open: list[PartitionJob] = []
        self._refused: FixAction | None = None  # set by a worker: the action cannot be called
        self.needs_others = bool(self._awaited)
        self.is_needed = False  # by another queue
        for dataset_queue in needed:
            dataset_queue.is_needed = True
        self.has_begun = False  # with a day

    # What the run calls ------------------------------------------------------------------------

    @property
    def is_done(self) -> bool:
        """True if every day has its result."""
        return not (self._awaited or self._ready or self._busy or self._open)

    @property
    def is_waiting_for_others(self) -> bool:
        """True if all that is left to begin is held by another run."""
        return bool(self._busy) and not (self._ready or self._open)

    def go_on(self, *, only_first: bool = False) -> Iterator[Result]:
        """Do all that can be done now; the results of days that have ended.

        `only_first`: with one day, no other is begun.
        """
        while self._asked and self._asked[0].future.done():
            self._take(self._asked.popleft())
        while self._ending and self._ending[0].future.done():
            yield self._ended()
        yield from self._send(only_first)

    def release(self, name: str, day: date) -> None:
        """A day of the dataset `name` has ended, however."""
        awaited = self._awaited.get(day)
        if awaited is not None:
            awaited.discard(name)
            if not awaited:
                del self._awaited[day]
                self._ready.append(day)

    def retry_busy(self) -> None:
        """Try the days again that another run held."""
        self._ready.extend(self._busy)
        self._busy.clear()

    def wind_up(self) -> Iterator[Result]:
        """The days whose last answer has come, when the run ends early; all others are left.

        The run has its error already: what goes wrong here as well is logged.
        """
        try:
            while self._asked and self._asked[0].is_answered:
                self._take(self._asked.popleft())
        except Exception:
            log.exception("%s: while the run ended", self.dataset.name)
        while self._ending:
            try:
                yield self._ended()
            except Exception:
                log.exception("%s: while the run ended", self.dataset.name)

    def stop(self) -> None:
        """Put aside what is unfinished; called however the run ends. A hand ends what it holds."""
        held = {ending.job for ending in self._ending}
        for job in self._open:
            if job not in held:
                job.abandon()
                job.release()
        self._open.clear()

    def cancel(self) -> None:
        """Drop what no worker has begun with."""
        for question in self._asked:
            question.future.cancel()

    # Questions and answers ---------------------------------------------------------------------

    def _send(self, only_first: bool) -> Iterator[Result]:
        """Send questions as long as there is room, beginning one day after the other."""
        while len(self._asked) < self._most:
            if self._job is None:
                if not self._ready or len(self._ending) >= _MOST_ENDING:
                    return
                if only_first and self.has_begun:
                    return
                self.has_begun = True
                day = self._ready.popleft()
                begun = self._days.begin(day)
                if begun is None:
                    self._busy.append(day)
                elif isinstance(begun, Result):
                    yield begun
                else:
                    self._job = begun
                    self._open.append(begun)
                    self._requests.extend(begun.requests)
            else:
                if not self._requests:  # no domain of the role: there was nothing to ask
                    self._end(self._job)
                elif not self._ask(self._job, self._requests[0]):
                    return
                else:
                    self._requests.popleft()
                if not self._requests:
                    self._job = None

    def _ask(self, job: PartitionJob, request: Request) -> bool:
        """Hand a question to the workers, if there is room for its answer."""
        if self._sizes.are_unknown and self._asked and not (self.is_needed or self.needs_others):
            return False  # guesses of many datasets would take all the room for nothing
        guess = self._sizes.guess(request)
        if not self._run.room.admits(guess, self):
            return False
        question = InFlightRequest(job, request, guess)
        self._asked.append(question)
        question.future = self._workers.submit(self._answer, job, request)
        question.future.add_done_callback(lambda _: self._run.events.put((self, question)))
        return True

    def _answer(self, job: PartitionJob, request: Request) -> list[FetchResult]:
        """In a worker: one question of a day that has not failed yet."""
        if self._refused is not None:  # every day fails with it, and none costs another call
            known = self._refused
            raise FixAction(known.what, known.advice, action=known.action, code=known.code)
        try:
            return self._asker.ask(request, lambda: job.is_given_up)
        except FixSetup as error:
            self._run.end_early(error)  # no other call can succeed
            raise
        except FixAction as error:
            self._refused = error
            job.is_given_up = True
            raise
        except ApiError:
            job.is_given_up = True
            raise

    def came(self, question: InFlightRequest) -> None:
        """Count an answer that has come as large as it is, and no longer as a guess; once."""
        if question.is_counted:
            return
        question.is_counted = True
        if question.is_answered:
            answered = question.future.result()
            if answered:
                self._sizes.learn(question.request, max(one.largest for one in answered))
            held = sum(one.held for one in answered)
            if self._sizes.is_learning:
                self._guess_again()
        else:
            held = 0
        self._run.room.change(held - question.held)
        question.held = held

    def _guess_again(self) -> None:
        """Give back what questions under way were taken for before the first answers came."""
        for question in self._asked:
            if not question.is_counted:
                guess = min(question.held, self._sizes.guess(question.request))
                self._run.room.change(guess - question.held)
                question.held = guess

    def _take(self, question: InFlightRequest) -> None:
        """Put the answer to the oldest question into the day's files."""
        job, request = question.job, question.request
        self.came(question)  # it may have come since the run last looked at its events
        self._run.room.leave(question.held)
        before = job.held
        # It holds the question, which held it: without a cut the answer would stay in memory until
        # Python looks for cycles.
        future, question.future = question.future, Future()
        try:
            job.add(future.result())
        except (FixSetup, RunCancelled) as error:
            fatal = self._run.fatal or error
            job.fail(request, fatal)
            self._days.give_up(job, fatal)
            raise fatal from None
        except ApiError as error:
            job.fail(request, error)
        self._run.room.change(job.held - before)
        job.taken += 1
        self._run.tell(job)
        if job.taken == len(job.requests):
            self._end(job)

    # The end of a day --------------------------------------------------------------------------

    def _end(self, job: PartitionJob) -> None:
        """Have the day named captured, or put aside."""
        held = job.held  # before a hand is at it, which writes what is held
        future = self._run.hands.submit(self._days.end, job)
        self._ending.append(_PendingCommit(job, held, future))
        future.add_done_callback(lambda _: self._run.events.put(None))

    def _ended(self) -> Result:
        """The result of the day that was ended first."""
        ending = self._ending.popleft()
        result = ending.future.result()
        self._run.room.change(-ending.held)
        self._open.remove(ending.job)
        return result
