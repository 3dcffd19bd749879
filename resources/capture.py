"""Capturing days: ask, prove, store raw, normalise, in one pass and in bounded memory.

Requests of many days are under way at once; their answers are taken in the order of the plan, so
that a day's files do not depend on which answer came first. A day is named captured when its last
answer is proven; until then everything of it lies aside, and a crash leaves nothing behind but
files that the next run removes.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from resources import files, lake, ledger, raw
from resources.account import Account, NotYet, snapshots
from resources.api import windows
from resources.api.catalogue.model import Dataset
from resources.api.client import Client
from resources.api.errors import ApiError, FixSetup
from resources.api.plan import Walk
from resources.asking import Answered, Asker, Halted
from resources.home import Home
from resources.ledger import State
from resources.making import NO_WARNING, Job, note_partial, questions
from resources.outcome import Outcome, Progress, Result, why_not
from resources.settings import Settings
from resources.underway import UnderWay

__all__ = ["Capturer", "Outcome", "Progress", "Result"]

log = logging.getLogger("livestats.capture")


@dataclass(frozen=True)
class Capturer:
    """Captures days of datasets into one home. Not shared among threads."""

    home: Home
    settings: Settings
    client: Client
    clock: Callable[[], datetime]
    halt: threading.Event = field(default_factory=threading.Event)
    """Set when the run is broken off; the client's waits should end with it."""

    def capture(
        self,
        dataset: Dataset,
        days: Sequence[date],
        *,
        again: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Result]:
        """Bring `days` of `dataset` into the archive; yields each day's result as it ends.

        Complete days are kept as they are unless `again`: then they are asked again, and differing
        rows become a revision. One day's failure does not hold up the others, but FixSetup (no
        call can succeed) ends the run: it is raised after the days under way are put aside.
        """
        self.halt.clear()
        with ThreadPoolExecutor(self.settings.workers, dataset.name) as pool:
            run = _Run(self, dataset, pool, again, progress)
            try:
                yield from run.days(days)
            finally:
                run.stop()

    def capture_dimension(self, dataset: Dataset, *, again: bool = False) -> Result:
        """Capture the present state, if today's is not in the archive yet."""
        for folder in raw.days_of(self.home.raw, dataset.name).values():
            before = raw.newest(folder)
            if before is not None and not self._is_level(dataset, before):
                next(iter(self.capture(dataset, [date.fromisoformat(folder.name)])))
        today = windows.day_of(self.clock(), self.settings.zone)
        found = snapshots(self.home.lake, dataset.name)
        if found and not again:
            folder = self.home.raw / dataset.name / lake.day_of(found[-1]).isoformat()
            seen = raw.last_seen(folder)
            if seen is not None and windows.day_of(seen, self.settings.zone) == today:
                return Result(dataset=dataset.name, day=today, outcome=Outcome.KEPT)
        return next(iter(self.capture(dataset, [today], again=again)))

    def _is_level(self, dataset: Dataset, capture: raw.Capture) -> bool:
        day = date.fromisoformat(capture.folder.parent.name)
        path = lake.path_of(self.home.lake, dataset.name, day)
        return lake.is_level(lake.origin_of(path), capture.name)


class _Run:
    """One call of `Capturer.capture`: the questions under way, and the days they belong to."""

    def __init__(
        self,
        capturer: Capturer,
        dataset: Dataset,
        pool: ThreadPoolExecutor,
        again: bool,
        progress: Progress | None,
    ) -> None:
        self._capturer = capturer
        self._home, self._settings = capturer.home, capturer.settings
        self._dataset, self._again = dataset, again
        self._progress = progress
        self._account = Account(self._home.lake, self._settings)
        self._asker = Asker(capturer.client, dataset, capturer.halt)
        # Enough to keep every worker asking while the oldest answer is awaited.
        self._under_way = UnderWay(pool, self._settings.workers * 2)
        self._open: list[Job] = []
        self._fatal: FixSetup | None = None

    def days(self, days: Sequence[date]) -> Iterator[Result]:
        """Each day's result; days that another run holds come last, and are waited for singly."""
        busy: list[date] = []
        for day in days:
            started = self._start(day)
            if started is None:
                busy.append(day)
            elif isinstance(started, Result):
                yield started
            else:
                yield from self._ask(started)
        while self._under_way:
            yield from self._take_oldest()
        for day in busy:
            folder = self._lock_folder(day)
            with files.locked(folder):
                pass  # the other run is done with it, or has died
            started = self._start(day)
            if started is None:
                yield self._result(day, Outcome.BUSY, message="another run is capturing it")
            elif isinstance(started, Result):
                yield started
            else:
                yield from self._ask(started)
                while self._under_way:
                    yield from self._take_oldest()

    def stop(self) -> None:
        """Put aside what is unfinished; called however the run ends."""
        if self._open:
            self._capturer.halt.set()  # workers that wait for a retry give up at once
        self._under_way.cancel()
        for job in self._open:
            job.abandon()
            job.release()
        self._open.clear()

    # One day -----------------------------------------------------------------------------------

    def _lock_folder(self, day: date) -> Path:
        """Days are locked singly; a dimension as a whole, since its days are one history."""
        folder = self._home.raw / self._dataset.name
        folder = folder if self._dataset.is_dimension else folder / day.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _start(self, day: date) -> Job | Result | None:
        """A job for the day, its result if there is nothing to ask, or None if it is locked."""
        lock = files.lock_now(self._lock_folder(day))
        if lock is None:
            return None
        try:
            started = self._plan(day, lock)
        except BaseException:
            os.close(lock)
            raise
        if isinstance(started, Result):
            os.close(lock)
        return started

    def _plan(self, day: date, lock: int) -> Job | Result:
        dataset, now = self._dataset, self._capturer.clock()
        folder = self._home.raw / dataset.name / day.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        self._tidy(day)
        line = ledger.entry(
            dataset, day, folder, now, self._settings.zone, expiry_warning=NO_WARNING
        )
        before = raw.newest(folder)
        if before is not None:
            kept = self._keep(day, before)
            if dataset.is_dimension:  # the present is all that can be asked for
                is_askable = day == windows.day_of(now, self._settings.zone)
            else:
                is_askable = line.askable_until is None or now < line.askable_until
            if not is_askable or (kept.outcome.is_complete and not self._again):
                return kept
        elif not dataset.is_dimension and line.state in (State.LOST, State.SETTLING):
            return self._result(day, Outcome(line.state.value), message=why_not(line))
        try:
            domains = () if dataset.is_dimension else self._account.domains()
            walks = questions(self._home, self._settings, dataset, day, now)
        except NotYet as error:
            return self._failed(day, folder, error, None)
        names = [d.name for d in domains]
        job = Job(dataset, day, self._home, lock, walks, before, names)
        job.open()
        self._open.append(job)
        return job

    def _tidy(self, day: date) -> None:
        """Remove what crashed runs left half-made where the caller holds the lock."""
        is_one_history = self._dataset.is_dimension
        days = [*raw.days_of(self._home.raw, self._dataset.name)] if is_one_history else [day]
        for one in days:
            files.remove_stale(self._home.raw / self._dataset.name / one.isoformat())
            files.remove_stale(lake.path_of(self._home.lake, self._dataset.name, one).parent)

    def _keep(self, day: date, capture: raw.Capture) -> Result:
        """A day that is captured: its lake file is made again if missing, older or damaged.

        It has failed if it needs to be made again and the capture is damaged as well.
        """
        path = lake.path_of(self._home.lake, self._dataset.name, day)
        try:
            origin = lake.origin_of(path)
            if not lake.is_level(origin, capture.name):
                origin = lake.normalise(self._home.lake, self._dataset, day, capture)
        except (raw.DamagedCapture, ApiError) as error:
            log.error("%s %s: %s", self._dataset.name, day, error)
            return self._result(day, Outcome.FAILED, message=str(error), error=error)
        (capture.folder.parent / ledger.PARTIAL).unlink(missing_ok=True)
        return self._result(day, Outcome.KEPT, origin=origin, rows=capture.name.rows)

    # Questions and answers ---------------------------------------------------------------------

    def _ask(self, job: Job) -> Iterator[Result]:
        """Send the day's questions, taking answers of earlier ones as room is needed."""
        if not job.walks:  # no domain of the role: there is nothing to ask
            yield self._finish(job)
        for walk in job.walks:
            while not self._under_way.has_room:
                yield from self._take_oldest()
            self._under_way.send(job, walk, self._answer)

    def _answer(self, job: Job, walk: Walk) -> list[Answered]:
        """In a worker: one question of a day that has not failed yet."""
        try:
            return self._asker.ask(walk, lambda: job.is_given_up)
        except FixSetup as error:
            self._fatal = self._fatal or error
            self._capturer.halt.set()  # no other call can succeed: end all waits for a retry
            raise
        except ApiError:
            job.is_given_up = True
            raise

    def _take_oldest(self) -> Iterator[Result]:
        """Wait for the answer to the oldest question, and put it into the day's files."""
        job, walk, future = self._under_way.oldest()
        try:
            job.add(future.result())
        except (FixSetup, Halted) as error:
            fatal = self._fatal or error
            job.fail(walk, fatal)
            self._failed(job.day, job.folder, fatal, job)
            raise fatal from None
        except ApiError as error:
            job.fail(walk, error)
        job.taken += 1
        if self._progress is not None:
            self._progress(job.dataset, job.day, job.taken, len(job.walks))
        if job.taken == len(job.walks):
            yield self._finish(job)

    # The end of a day --------------------------------------------------------------------------

    def _finish(self, job: Job) -> Result:
        """Name the day captured, or put it aside."""
        if job.error is not None:
            result = self._failed(job.day, job.folder, job.error, job)
        else:
            result = self._commit(job)
        self._open.remove(job)
        job.release()
        return result

    def _commit(self, job: Job) -> Result:
        requests, size = job.writer.requests, job.writer.bytes
        origin, is_new = job.commit(self._capturer.clock(), self._settings.time_zone)
        outcome = Outcome.CAPTURED if is_new else Outcome.UNCHANGED
        facts = {"rows": origin.rows, "requests": requests, "bytes": size, "origin": origin}
        log.info("%s %s: %s, %d rows", job.dataset.name, job.day, outcome, origin.rows)
        return self._result(job.day, outcome, **facts)

    def _failed(self, day: date, folder: Path, error: Exception, job: Job | None) -> Result:
        """Note what was missing; the day stays as it was."""
        if job is not None:
            job.abandon()
        note_partial(folder, self._capturer.clock(), error, job)
        log.error("%s %s: %s", self._dataset.name, day, error)
        return self._result(day, Outcome.FAILED, message=str(error), error=error)

    def _result(self, day: date, outcome: Outcome, **facts: object) -> Result:
        return Result(dataset=self._dataset.name, day=day, outcome=outcome, **facts)  # type: ignore[arg-type]
