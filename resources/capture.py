"""Capturing days: ask, prove, store raw, normalise, in one pass and in bounded memory.

Requests of many days are under way at once; their answers are taken in the order of the plan, so
that a day's files do not depend on which answer came first. A day is named captured when its last
answer is proven; until then everything of it lies aside, and a crash leaves nothing behind but
files that the next run removes.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from resources import files, lake, ledger, raw
from resources.account import Account, NotYet, snapshots
from resources.api import windows
from resources.api.catalogue import DATASETS as CATALOGUE
from resources.api.catalogue.model import Dataset, Scope
from resources.api.client import Client
from resources.api.errors import ApiError, FixSetup, IncompleteAnswer, TryLater
from resources.api.pages import WALKS, next_page, page_payload
from resources.api.plan import Known, Walk, halves, walks
from resources.api.rows import Page, Rows, join, read_page
from resources.home import Home
from resources.ledger import State
from resources.settings import Settings

log = logging.getLogger("livestats.capture")

_NO_WARNING = timedelta(0)  # whether a day expires soon does not matter once it is being asked
_NOTHING = Known()


class Outcome(StrEnum):
    """What became of one day in one run."""

    CAPTURED = "captured"  # new, or a revision
    UNCHANGED = "unchanged"  # asked again, the same rows
    KEPT = "kept"  # complete already, not asked
    SETTLING = "settling"
    LOST = "lost"
    BUSY = "busy"  # another run is at it
    FAILED = "failed"

    @property
    def is_complete(self) -> bool:
        """True if the day is in the archive after the run."""
        return self in (Outcome.CAPTURED, Outcome.UNCHANGED, Outcome.KEPT)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one run did for one day of a dataset."""

    dataset: str
    day: date
    outcome: Outcome
    rows: int = 0
    requests: int = 0
    bytes: int = 0  # of the answers
    message: str = ""
    origin: lake.Origin | None = None
    error: Exception | None = None


Progress = Callable[[Dataset, date, int, int], None]
"""Told after each answer: dataset, day, answers so far, questions of the day."""


@dataclass(frozen=True)
class _Part:
    """One answer to one question, packed."""

    page: int
    payload: dict[str, object]
    fetched_at: str
    size: int
    stored: bytes


@dataclass(frozen=True)
class _Answered:
    """One question, answered and proven."""

    walk: Walk
    parts: Sequence[_Part]
    rows: Rows


@dataclass
class _Job:
    """One day being captured, with its lock."""

    dataset: Dataset
    day: date
    folder: Path
    lock: int
    walks: Sequence[Walk]
    before: raw.Capture | None
    domains: Sequence[str]
    writer: raw.CaptureWriter = field(init=False)
    table: lake.LakeWriter = field(init=False)
    walked: int = 0
    taken: int = 0
    error: Exception | None = None

    def open(self, root: Path) -> None:
        """Start the files aside."""
        self.writer = raw.CaptureWriter(self.folder, self.dataset, self.day)
        self.table = lake.LakeWriter(
            lake.path_of(root, self.dataset.name, self.day), self.dataset, self.day
        )

    def abandon(self) -> None:
        """Forget what is aside."""
        self.writer.abandon()
        self.table.abandon()

    def release(self) -> None:
        """Let others at the day."""
        with suppress(OSError):
            os.close(self.lock)


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
        with ThreadPoolExecutor(self.settings.workers, dataset.name) as pool:
            run = _Run(self, dataset, pool, again, progress)
            try:
                yield from run.days(days)
            finally:
                run.stop()

    def capture_dimension(self, dataset: Dataset, *, again: bool = False) -> Result:
        """Capture the present state, if today's is not in the archive yet."""
        today = windows.day_of(self.clock(), self.settings.zone)
        found = snapshots(self.home.lake, dataset.name)
        if found and not again:
            folder = self.home.raw / dataset.name / lake.day_of(found[-1]).isoformat()
            seen = raw.last_seen(folder)
            if seen is not None and windows.day_of(seen, self.settings.zone) == today:
                return Result(dataset=dataset.name, day=today, outcome=Outcome.KEPT)
        return next(iter(self.capture(dataset, [today], again=again)))


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
        self._dataset, self._pool, self._again = dataset, pool, again
        self._progress = progress
        self._account = Account(self._home.lake, self._settings)
        self._under_way: deque[tuple[_Job, Future[list[_Answered]]]] = deque()
        self._open: list[_Job] = []
        # Enough to keep every worker asking while the oldest answer is awaited.
        self._most_under_way = self._settings.workers * 2

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
        yield from self._finish_all()
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
                yield from self._finish_all()

    def stop(self) -> None:
        """Put aside what is unfinished; called however the run ends."""
        if self._open:
            self._capturer.halt.set()  # workers that wait for a retry give up at once
        for _, future in self._under_way:
            future.cancel()
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

    def _start(self, day: date) -> _Job | Result | None:
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

    def _plan(self, day: date, lock: int) -> _Job | Result:
        dataset, now = self._dataset, self._capturer.clock()
        folder = self._home.raw / dataset.name / day.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        files.remove_stale(folder)
        files.remove_stale(lake.path_of(self._home.lake, dataset.name, day).parent)
        line = ledger.entry(
            dataset, day, folder, now, self._settings.zone, expiry_warning=_NO_WARNING
        )
        before = raw.newest(folder)
        if before is not None:
            origin = self._level(day, before)
            if not (self._again and self._can_still_be_asked(line, now)):
                return self._result(day, Outcome.KEPT, origin=origin, rows=before.name.rows)
        elif not dataset.is_dimension and line.state in (State.LOST, State.SETTLING):
            return self._result(day, Outcome(line.state.value), message=_why(line))
        try:
            domains = () if dataset.is_dimension else self._account.domains()
            questions = [*self._questions(day, now)]
        except NotYet as error:
            return self._failed(day, folder, error, None)
        names = [d.name for d in domains]
        job = _Job(dataset, day, folder, lock, questions, before, names)
        job.open(self._home.lake)
        self._open.append(job)
        return job

    def _can_still_be_asked(self, line: ledger.Entry, now: datetime) -> bool:
        return line.askable_until is None or now < line.askable_until

    def _questions(self, day: date, now: datetime) -> Iterator[Walk]:
        dataset, zone = self._dataset, self._settings.zone
        if dataset.is_dimension:
            return walks(dataset, day, zone, _NOTHING)
        lost = frozenset(name for name in dataset.needs if self._is_lost(CATALOGUE[name], day, now))
        return walks(dataset, day, zone, self._account.known(dataset, day, lost))

    def _is_lost(self, needed: Dataset, day: date, now: datetime) -> bool:
        folder = self._home.raw / needed.name / day.isoformat()
        line = ledger.entry(needed, day, folder, now, self._settings.zone, _NO_WARNING)
        return line.state is State.LOST

    def _level(self, day: date, capture: raw.Capture) -> lake.Origin:
        """The lake file of a captured day, made again if it is missing, older or damaged."""
        path = lake.path_of(self._home.lake, self._dataset.name, day)
        origin = lake.origin_of(path)
        if origin is not None and lake.is_level(origin, capture.name):
            return origin
        return lake.normalise(self._home.lake, self._dataset, day, capture)

    # Questions and answers ---------------------------------------------------------------------

    def _ask(self, job: _Job) -> Iterator[Result]:
        """Send the day's questions, taking answers of earlier ones as room is needed."""
        if not job.walks:  # no domain of the role: there is nothing to ask
            yield self._finish(job)
        for walk in job.walks:
            yield from self._drain(self._most_under_way - 1)
            future = self._pool.submit(self._answer, job, walk)
            self._under_way.append((job, future))

    def _finish_all(self) -> Iterator[Result]:
        yield from self._drain(0)

    def _drain(self, room: int) -> Iterator[Result]:
        """Take the oldest answers until at most `room` are under way."""
        while len(self._under_way) > room:
            job, future = self._under_way.popleft()
            try:
                self._take(job, future.result())
            except FixSetup as error:
                self._failed(job.day, job.folder, error, job)
                raise
            except (ApiError, NotYet) as error:
                job.error = job.error or error
            job.taken += 1
            if job.taken == len(job.walks):
                yield self._finish(job)

    def _answer(self, job: _Job, walk: Walk) -> list[_Answered]:
        """In a worker: one question, or its halves if the whole takes the API too long."""
        if job.error is not None:
            return []  # the day has failed already: spend no call on it
        try:
            return [self._walk(walk)]
        except TryLater as error:
            shorter = halves(self._dataset, walk) if error.timed_out else ()
            if not shorter:
                raise
            log.warning("%s %s: %s; asking for halves", self._dataset.name, job.day, error)
            return [answered for half in shorter for answered in self._answer(job, half)]

    def _walk(self, walk: Walk) -> _Answered:
        """Ask one question page by page until its pages prove each other."""
        for walked_again in range(WALKS):
            try:
                return self._pages(walk)
            except IncompleteAnswer as error:
                if walked_again == WALKS - 1:
                    error.what += f"; walked {WALKS} times"
                    raise
                log.warning("%s: %s; walking the pages again", self._dataset.name, error)
        raise AssertionError("unreachable")

    def _pages(self, walk: Walk) -> _Answered:
        dataset, paging = self._dataset, self._dataset.endpoint.paging
        parts: list[_Part] = []
        pages: list[Page] = []
        number: int | None = 1
        while number is not None:
            asked = number
            payload = {**walk.payload, **(page_payload(paging, asked) if paging else {})}

            def read(body: bytes, number: int = asked) -> Page:
                return read_page(dataset, walk, body, number)

            answer = self._capturer.client.call(dataset.endpoint.action, payload, read)
            pages.append(answer.value)
            parts.append(
                _Part(
                    asked,
                    payload,
                    answer.fetched_at.isoformat(timespec="milliseconds"),
                    len(answer.body),
                    raw.pack(answer.body),
                )
            )
            number = None
            if paging is not None:
                seen = [page.facts for page in pages if page.facts is not None]
                number = next_page(dataset.endpoint.action, paging, seen)
        rows = join(dataset, walk, pages)
        _check_addresses(dataset, walk, rows)
        return _Answered(walk, parts, rows)

    def _take(self, job: _Job, answered: Sequence[_Answered]) -> None:
        """Add a proven answer to the day's files."""
        for one in answered:
            if job.error is None:
                for part in one.parts:
                    response = raw.Response(
                        job.walked, part.page, part.payload, part.fetched_at, part.size, part.stored
                    )
                    job.writer.add(response)
                job.table.add(one.rows)
                job.walked += 1
        if self._progress is not None:
            self._progress(job.dataset, job.day, job.taken + 1, len(job.walks))

    # The end of a day --------------------------------------------------------------------------

    def _finish(self, job: _Job) -> Result:
        """Name the day captured, or put it aside."""
        if job.error is not None:
            result = self._failed(job.day, job.folder, job.error, job)
        else:
            result = self._commit(job)
        self._open.remove(job)
        job.release()
        return result

    def _commit(self, job: _Job) -> Result:
        now = self._capturer.clock()
        tally = job.table.tally
        facts = {"time_zone": self._settings.time_zone, "domains": [*job.domains], **tally.facts()}
        rows, requests, size = tally.rows, job.writer.requests, job.writer.bytes
        name = job.writer.seal(now, rows, job.before.name if job.before else None, facts)
        origin = job.table.seal(name, requests)
        same = self._same_as_before(job)
        if same is not None:
            folder, before = same
            job.abandon()
            raw.note_seen(folder, before, now)
            outcome = Outcome.UNCHANGED
        else:
            job.writer.commit(name)
            job.table.commit()
            outcome = Outcome.CAPTURED
        (job.folder / ledger.PARTIAL).unlink(missing_ok=True)
        log.info(
            "%s %s: %s, %d rows, %d requests", job.dataset.name, job.day, outcome, rows, requests
        )
        return self._result(
            job.day, outcome, rows=rows, requests=requests, bytes=size, origin=origin
        )

    def _same_as_before(self, job: _Job) -> tuple[Path, raw.CaptureName] | None:
        """The earlier capture, with its folder, that the new one is equal to."""
        before, path = job.before, job.table.path
        if before is None and job.dataset.is_dimension:
            earlier = snapshots(self._home.lake, job.dataset.name)
            if not earlier:
                return None
            path = earlier[-1]
            day = lake.day_of(path).isoformat()
            before = raw.newest(self._home.raw / job.dataset.name / day)
        origin = lake.origin_of(path)
        if before is None or origin is None or not lake.is_level(origin, before.name):
            return None
        if tuple(sorted(job.table.tally.unknown)) != tuple(origin.unknown):
            return None  # a new field: only raw has it, so the answer is worth keeping
        return (
            (before.folder.parent, before.name) if lake.same_rows(path, job.table.aside) else None
        )

    def _failed(self, day: date, folder: Path, error: Exception, job: _Job | None) -> Result:
        """Note what was missing; the day stays as it was."""
        note = {
            "at": self._capturer.clock().isoformat(timespec="seconds"),
            "error": str(error),
            "answered": job.walked if job else 0,
            "questions": len(job.walks) if job else None,
        }
        if job is not None:
            job.abandon()
        files.write_whole(folder / ledger.PARTIAL, (json.dumps(note, indent=1) + "\n").encode())
        log.error("%s %s: %s", self._dataset.name, day, error)
        return self._result(day, Outcome.FAILED, message=str(error), error=error)

    def _result(self, day: date, outcome: Outcome, **facts: object) -> Result:
        return Result(dataset=self._dataset.name, day=day, outcome=outcome, **facts)  # type: ignore[arg-type]


def _why(line: ledger.Entry) -> str:
    if line.state is State.LOST:
        return f"lost: the API has forgotten it since {line.askable_until:%Y-%m-%d %H:%M %Z}"
    return f"settling: complete from {line.askable_from:%Y-%m-%d %H:%M %Z} on"


def _check_addresses(dataset: Dataset, walk: Walk, rows: Rows) -> None:
    """A lookup is complete if every address that was asked for came back."""
    if dataset.scope is Scope.ADDRESSES:
        missing = walk.within["ip"] - set(rows.table["ip"].to_pylist())
        if missing:
            raise IncompleteAnswer(
                f"{len(missing)} of {len(walk.within['ip'])} addresses did not come back, "
                f"{min(missing)} among them",
                action=dataset.endpoint.action,
            )
