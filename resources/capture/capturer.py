"""Captures days of many datasets in one run, concurrently and in bounded memory.

Not here: one dataset's days (dataset_thread.py), one request (fetcher.py), the files of a day
(partition_writer.py). Read next: dataset_thread.py.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from resources.api import request_check, windows
from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.api.client import Client
from resources.api.errors import FixSetup
from resources.capture import derive
from resources.capture.dataset_thread import DatasetThread
from resources.capture.decoders import DecoderPool
from resources.capture.inventory import InventoryReader, snapshots
from resources.capture.learned import Learned
from resources.capture.result import Outcome, Progress, Result
from resources.capture.run_state import MemoryLimiter, UnfinishedDays
from resources.config import Settings
from resources.config.api_settings import NOTHING
from resources.home.layout import Home
from resources.lake import parquet
from resources.raw import captures, seen_notes

request_check.check(DATASETS.values())  # a wrong entry is found now, not in the middle of a day

__all__ = ["Capturer", "Outcome", "Progress", "Result"]

Event = Result | tuple[Dataset, date, int, int] | None
"""What a dataset's thread reports: a day's result, arguments of Progress, or None at its end."""


LAST_ANSWERS_S = 0.3
"""How long a cancelled run waits for answers under way before it abandons their threads."""

FIRST_S = 2.0
"""Seconds that other datasets wait, at most, until those asked by stream have their first answers.

Asking by stream takes the longest by far, and what lists the streams is captured before it."""


@dataclass(frozen=True)
class Capturer:
    """Captures days of datasets into one home. Not shared among threads."""

    home: Home
    settings: Settings
    client: Client
    clock: Callable[[], datetime]
    halt: threading.Event = field(default_factory=threading.Event)
    """Set when the run is cancelled. The client's waits must end with it."""

    def capture(
        self,
        dataset: Dataset,
        days: Sequence[date],
        *,
        again: bool = False,
        progress: Progress | None = None,
    ) -> Generator[Result, None, None]:
        """`capture_all` for one dataset."""
        return self.capture_all({dataset: days}, again=again, progress=progress)

    def capture_all(
        self,
        due: Mapping[Dataset, Sequence[date]],
        *,
        again: bool = False,
        progress: Progress | None = None,
    ) -> Generator[Result, None, None]:
        """Capture the days of all datasets in `due` concurrently; yields each day's result.

        The days of one dataset start and finish in the given order. A day waits for the same day of
        the datasets that list its streams or addresses, if they are in `due`. Days that another run
        has locked come last. Complete days are kept, unless `again`: then they are captured again,
        and different rows become a revision.

        The failure of a day affects only the days that depend on it, also if it is an error of this
        machine. FixSetup means that no call can succeed and ends the run: days with all their
        answers are finished first, the others are discarded, then the error is raised.
        """
        self.halt.clear()
        with_settings = {self.settings.of(dataset): days for dataset, days in due.items()}
        with CaptureRun(self, with_settings, again, progress) as run:
            yield from run.results()

    def capture_dimension(self, dataset: Dataset, *, again: bool = False) -> Result:
        """Capture the present state of a dimension, unless it was seen today and `again` is False.

        One without rows is asked again in every run: without a domain nothing can be captured, and
        whoever mends the key's permission shall not have to wait for the next day.
        First rebuilds lake files of earlier snapshots that are missing or outdated.
        """
        for folder in captures.days_of(self.home.raw, dataset.name).values():
            before = captures.newest(folder)
            if before is not None and not self._has_current_lake_file(dataset, before):
                [*self.capture(dataset, [date.fromisoformat(folder.name)])]
        today = windows.day_of(self.clock(), self.settings.zone)
        files = snapshots(self.home.lake, dataset.name)
        if files and not again:
            folder = captures.folder_of(self.home.raw, dataset.name, parquet.day_of(files[-1]))
            seen, newest = seen_notes.last_seen(folder), captures.newest(folder)
            again = newest is not None and not newest.name.rows
            is_of_today = seen is not None and windows.day_of(seen, self.settings.zone) == today
            if is_of_today and not again:
                return Result(dataset=dataset.name, day=today, outcome=Outcome.KEPT)
        (result,) = self.capture(dataset, [today], again=again)
        return result

    def _has_current_lake_file(self, dataset: Dataset, capture: captures.Capture) -> bool:
        day = date.fromisoformat(capture.folder.parent.name)
        path = parquet.path_of(self.home.lake, dataset.name, day)
        return parquet.is_current(parquet.provenance_of(path), dataset, capture.name)


class CaptureRun:
    """One call of `Capturer.capture_all`: a thread for each dataset, and what the threads share.

    Each action of the API has its own workers, so that a slow answer or an exhausted rate limit
    delays only that action. A day is committed when its last answer is proven. Until then its files
    have temporary names, which the next run removes after a crash.
    """

    def __init__(
        self,
        capturer: Capturer,
        due: Mapping[Dataset, Sequence[date]],
        again: bool,
        progress: Progress | None,
    ) -> None:
        """Prepares threads and pools; no request is sent before `results` is iterated."""
        self.capturer, self.again = capturer, again
        self.inventory = InventoryReader(capturer.home.lake, capturer.settings)
        self.captured_before = derive.captured_sources(capturer.home, due)
        today = windows.day_of(capturer.clock(), capturer.settings.zone)
        self.learned = Learned.load(capturer.home.learned, today)
        self.memory = MemoryLimiter()
        self.unfinished = UnfinishedDays(due)
        self.planning = threading.Lock()  # held while a day is begun
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.fatal: FixSetup | None = None
        self._progress = progress
        self._pools = ExitStack()
        # Closed in reverse order: workers need the decoders until they end.
        self.decoders = self._pools.enter_context(
            DecoderPool(takes_no_result=capturer.settings.missing_result == NOTHING)
        )
        workers = {
            action: self._pools.enter_context(ThreadPoolExecutor(capturer.settings.workers, action))
            for action in {dataset.endpoint.action for dataset in due}
        }
        self._datasets = [
            DatasetThread(self, dataset, days, workers[dataset.endpoint.action])
            for dataset, days in due.items()
        ]
        self._workers = [*workers.values()]
        self.in_flight: set[Future[Any]] = set()  # requests that were sent
        self._threads: list[threading.Thread] = []
        self._running = 0

    def __enter__(self) -> CaptureRun:
        return self

    def __exit__(self, *_: object) -> None:
        """End all threads, which discard unfinished days, whether the run completed or not."""
        if self._running:
            self.capturer.halt.set()  # ends the waits for a retry
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        if self.is_cancelled and wait(self.in_flight.copy(), LAST_ANSWERS_S).not_done:
            # A server stalls: its answers are of no use any more.
            self.decoders.cancel()
            for workers in self._workers:
                workers.shutdown(wait=False, cancel_futures=True)
        else:
            self._pools.close()
        self.learned.save()

    @property
    def is_cancelled(self) -> bool:
        """True if nobody waits for the run any more: its answers are not awaited either."""
        return self.capturer.halt.is_set() and self.fatal is None

    @property
    def is_ending(self) -> bool:
        """True after an error of the set-up, or when the run is cancelled."""
        return self.capturer.halt.is_set()

    def abort(self, error: FixSetup) -> None:
        """End the run: no other call can succeed. Called by workers."""
        self.fatal = self.fatal or error
        self.capturer.halt.set()

    def end(self, dataset: Dataset) -> None:
        """Note that a dataset's thread ends."""
        self.unfinished.finish_all(dataset)
        self.events.put(None)

    def results(self) -> Iterator[Result]:
        """The result of each day, as it comes; then the error that ended the run, if any."""
        # Before any starts: Ctrl-C may be raised while one does, and its requests are under way.
        self._running = len(self._datasets)
        waiting = [one for one in self._datasets if one.dataset.needs]
        listing = {name for one in waiting for name in one.dataset.needs}
        first = [one for one in self._datasets if one.dataset.needs or one.dataset.name in listing]
        rest = [one for one in self._datasets if one not in first]
        self._start(first)
        until_s = time.monotonic() + FIRST_S
        while self._running:
            left_s = until_s - time.monotonic()
            if rest and (left_s <= 0 or self._can_start_all(waiting)):
                self._start(rest)
                rest = []
            try:
                event = self.events.get(timeout=left_s if rest else None)
            except queue.Empty:
                continue
            if event is None:
                self._running -= 1
            elif isinstance(event, Result):
                yield event
            elif self._progress is not None:
                self._progress(*event)
        if self.fatal is not None:
            raise self.fatal

    def _can_start_all(self, waiting: Sequence[DatasetThread]) -> bool:
        """True if the other datasets need not wait for those in `waiting` any more."""
        return self.is_ending or all(one.is_under_way for one in waiting)

    def _start(self, datasets: Sequence[DatasetThread]) -> None:
        for one in datasets:
            # A daemon: an interpreter that exits does not wait for a run that nobody closed.
            name = f"{one.dataset.endpoint.action} {one.dataset.name}"
            thread = threading.Thread(target=one.run, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
