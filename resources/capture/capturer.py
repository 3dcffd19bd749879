"""Captures days of many datasets in one run, concurrently and in bounded memory.

Not here: one dataset's days (dataset_queue.py), one request (fetcher.py), the files of a day
(partition_writer.py). Read next: dataset_queue.py.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from graphlib import TopologicalSorter

from resources.api import windows
from resources.api.catalog.datasets import Dataset
from resources.api.client import Client
from resources.api.errors import FixSetup
from resources.capture.dataset_queue import DatasetQueue
from resources.capture.decoders import DecoderPool
from resources.capture.in_flight import InFlightRequest, MemoryLimiter
from resources.capture.inventory import InventoryReader, snapshots
from resources.capture.learned import Learned
from resources.capture.partition_writer import PartitionJob
from resources.capture.result import Outcome, Progress, Result
from resources.config import Settings
from resources.home.layout import Home
from resources.lake import parquet
from resources.raw import captures

__all__ = ["Capturer", "Outcome", "Progress", "Result"]

COMMIT_WORKERS = 2
"""Days that are committed at the same time. A commit mostly waits for the disk."""

HEAD_START_S = 2.0
"""Seconds for which, at most, the first day of stream-listing datasets runs alone. Most requests are
per stream and cannot start before the streams are known."""

RETRY_LOCKED_S = 0.2
"""Seconds between attempts to lock the days that another run holds, if no others are left."""


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

        The failure of a day affects only the days that depend on it. FixSetup means that no call
        can succeed and ends the run: days with all their answers are finished first, the others are
        discarded, then the error is raised.
        """
        self.halt.clear()
        with_settings = {self.settings.of(dataset): days for dataset, days in due.items()}
        with CaptureRun(self, with_settings, again, progress) as run:
            yield from run.results()

    def capture_dimension(self, dataset: Dataset, *, again: bool = False) -> Result:
        """Capture the present state of a dimension, unless it was seen today and `again` is False.

        First rebuilds lake files of earlier snapshots that are missing or outdated.
        """
        for folder in captures.days_of(self.home.raw, dataset.name).values():
            before = captures.newest(folder)
            if before is not None and not self._has_current_lake_file(dataset, before):
                next(iter(self.capture(dataset, [date.fromisoformat(folder.name)])))
        today = windows.day_of(self.clock(), self.settings.zone)
        files = snapshots(self.home.lake, dataset.name)
        if files and not again:
            folder = captures.folder_of(self.home.raw, dataset.name, parquet.day_of(files[-1]))
            seen = captures.last_seen(folder)
            if seen is not None and windows.day_of(seen, self.settings.zone) == today:
                return Result(dataset=dataset.name, day=today, outcome=Outcome.KEPT)
        return next(iter(self.capture(dataset, [today], again=again)))

    def _has_current_lake_file(self, dataset: Dataset, capture: captures.Capture) -> bool:
        day = date.fromisoformat(capture.folder.parent.name)
        path = parquet.path_of(self.home.lake, dataset.name, day)
        return parquet.is_current(parquet.provenance_of(path), capture.name)


class CaptureRun:
    """One call of `Capturer.capture_all`: the queues, what they share, and their scheduling.

    Each dataset has a queue, and each action of the API has its own workers, so that a slow answer
    or an exhausted rate limit delays only that action. A queue writes answers in the order of the
    plan, so that the files of a day do not depend on the order of arrival. A day is committed when
    its last answer is proven. Until then its files have temporary names, which the next run removes
    after a crash.
    """

    def __init__(
        self,
        capturer: Capturer,
        due: Mapping[Dataset, Sequence[date]],
        again: bool,
        progress: Progress | None,
    ) -> None:
        """Prepares queues and pools; no request is sent before `results` is iterated."""
        self.capturer, self.again = capturer, again
        self.inventory = InventoryReader(capturer.home.lake, capturer.settings)
        today = windows.day_of(capturer.clock(), capturer.settings.zone)
        self.learned = Learned.load(capturer.home.learned, today)
        self.memory = MemoryLimiter()
        self.events: queue.SimpleQueue[tuple[DatasetQueue, InFlightRequest] | None] = (
            queue.SimpleQueue()
        )
        """Requests that were answered, and None for a commit that is done."""
        self.fatal: FixSetup | None = None
        self._progress = progress
        self._pools = ExitStack()
        # Closed in reverse order: workers need the decoders until they end.
        self.decoders = self._pools.enter_context(DecoderPool())
        self.commit_pool = self._pool("commit", COMMIT_WORKERS)
        workers = {
            action: self._pool(action, capturer.settings.workers)
            for action in {dataset.endpoint.action for dataset in due}
        }
        self._queues: dict[str, DatasetQueue] = {}
        for dataset in in_dependency_order(due):
            needed = [self._queues[name] for name in dataset.needs if name in self._queues]
            workers_of_action = workers[dataset.endpoint.action]
            self._queues[dataset.name] = DatasetQueue(
                self, dataset, due[dataset], needed, workers_of_action
            )
        self._head_start_ends_s: float | None = None

    def _pool(self, name: str, size: int) -> ThreadPoolExecutor:
        return self._pools.enter_context(ThreadPoolExecutor(size, name))

    def __enter__(self) -> CaptureRun:
        return self

    def __exit__(self, *_: object) -> None:
        """Discard unfinished days and end all threads, whether the run completed or not."""
        if any(not dataset_queue.is_done for dataset_queue in self._queues.values()):
            self.capturer.halt.set()  # ends the waits for a retry
        for dataset_queue in self._queues.values():
            dataset_queue.cancel()
        try:
            self._pools.close()
        finally:
            for dataset_queue in self._queues.values():
                dataset_queue.stop()
            self.learned.save()

    def abort(self, error: FixSetup) -> None:
        """End the run: no other call can succeed. Called by workers."""
        self.fatal = self.fatal or error
        self.capturer.halt.set()

    def report_progress(self, job: PartitionJob) -> None:
        """Report that one more request of a day is finished."""
        if self._progress is not None:
            self._progress(job.dataset, job.day, job.finished, len(job.requests))

    def results(self) -> Iterator[Result]:
        """The result of each day. After an error, days with all their answers are finished first."""
        try:
            yield from self._run_queues()
        except Exception:
            for dataset_queue in self._queues.values():
                yield from dataset_queue.finish_after_error()
            raise

    def _run_queues(self) -> Iterator[Result]:
        # Datasets with dependencies have most of the requests and come first; then the datasets that
        # they depend on.
        queues = sorted(
            self._queues.values(),
            key=lambda one: (not one.has_dependencies, not one.has_dependents),
        )
        if any(dataset_queue.has_dependents for dataset_queue in queues):
            self._head_start_ends_s = time.monotonic() + HEAD_START_S
        while not all(dataset_queue.is_done for dataset_queue in queues):
            # Repeat while anything changes: it may have freed memory, or finished a day that another
            # queue waits for.
            seen = -1
            while seen != self.memory.changes:
                seen = self.memory.changes
                is_head_start = self._is_head_start()
                for dataset_queue in queues:
                    if is_head_start and not (
                        dataset_queue.has_dependents or dataset_queue.has_dependencies
                    ):
                        continue
                    for result in dataset_queue.advance(
                        one_day_only=is_head_start and dataset_queue.has_dependents
                    ):
                        self.memory.changes += 1
                        self._release(result)
                        yield result
            if not all(dataset_queue.is_done for dataset_queue in queues):
                self._wait_for_event()

    def _is_head_start(self) -> bool:
        """True until all queues with dependencies have started, or HEAD_START_S have passed."""
        waiting = (
            dataset_queue
            for dataset_queue in self._queues.values()
            if dataset_queue.has_dependencies and not dataset_queue.has_started
        )
        ends_s = self._head_start_ends_s
        if ends_s is not None and (time.monotonic() >= ends_s or not any(waiting)):
            self._head_start_ends_s = None
        return self._head_start_ends_s is not None

    def _release(self, result: Result) -> None:
        for dataset_queue in self._queues.values():
            if result.dataset in dataset_queue.dataset.needs:
                dataset_queue.release(result.dataset, result.day)

    def _wait_for_event(self) -> None:
        """Wait for an answer, a commit, the end of the head start, or the next attempt to lock a day."""
        waiting = [
            dataset_queue
            for dataset_queue in self._queues.values()
            if dataset_queue.has_only_locked_days
        ]
        longest_s = RETRY_LOCKED_S if waiting else None
        if self._head_start_ends_s is not None:
            left_s = max(0.0, self._head_start_ends_s - time.monotonic())
            longest_s = left_s if longest_s is None else min(longest_s, left_s)
        try:
            event = self.events.get(timeout=longest_s)
            while True:
                if event is not None:
                    dataset_queue, in_flight = event
                    dataset_queue.count_answer(in_flight)
                event = self.events.get_nowait()
        except queue.Empty:
            pass
        for dataset_queue in waiting:
            dataset_queue.retry_locked_days()


def in_dependency_order(datasets: Iterable[Dataset]) -> list[Dataset]:
    """The same datasets, each after the datasets that it needs."""
    by_name = {dataset.name: dataset for dataset in datasets}
    needs = {name: [n for n in one.needs if n in by_name] for name, one in by_name.items()}
    return [by_name[name] for name in TopologicalSorter(needs).static_order()]
