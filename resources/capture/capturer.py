"""Capturing days: ask, prove, store raw, normalise, in one pass and in bounded memory.

All datasets of a run are captured side by side: each in a queue of its own, with as many workers for
each action of the API as it may keep busy, so that a slow answer or a spent call budget holds up
nothing else. Within a queue answers are taken in the order of the plan, so that a day's files do not
depend on which answer came first. A day is named captured when its last answer is proven; until
then everything of it lies aside, and a crash leaves nothing behind but files that the next run
removes.
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
from resources.capture.partition_writer import PartitionJob
from resources.capture.result import Outcome, Progress, Result
from resources.config import Settings
from resources.home.layout import Home
from resources.lake import parquet
from resources.raw import captures

__all__ = ["Capturer", "Outcome", "Progress", "Result"]

COMMIT_WORKERS = 2
"""Days that are given their names at the same time: mostly they wait for the disk."""

HEAD_START_S = 2.0
"""How long the first day of what says which streams to ask goes before all else, at most: those
calls are the most by far, so where a budget or latency binds, all wait for their end."""

RETRY_LOCKED_S = 0.2
"""How often a day is tried that another run holds, where nothing else is left to begin."""


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
    ) -> Generator[Result, None, None]:
        """The same as `capture_all` for one dataset."""
        return self.capture_all({dataset: days}, again=again, progress=progress)

    def capture_all(
        self,
        due: Mapping[Dataset, Sequence[date]],
        *,
        again: bool = False,
        progress: Progress | None = None,
    ) -> Generator[Result, None, None]:
        """Bring the days of datasets into the archive, side by side; yields results as days end.

        The days of one dataset are begun and ended in the order given, but a day waits for the same
        day of the datasets that say what to ask, if they are in `due` as well. A day that another
        run holds comes last. Complete days are kept as they are unless `again`: then they are asked
        again, and differing rows become a revision.

        One day's failure holds up only what is asked by its answers. FixSetup (no call can succeed)
        ends the run: it is raised after the days whose answers had come are ended, and those under
        way are put aside.
        """
        self.halt.clear()
        as_set = {self.settings.of(dataset): days for dataset, days in due.items()}
        with CaptureRun(self, as_set, again, progress) as run:
            yield from run.results()

    def capture_dimension(self, dataset: Dataset, *, again: bool = False) -> Result:
        """Capture the present state, if today's is not in the archive yet."""
        for folder in captures.days_of(self.home.raw, dataset.name).values():
            before = captures.newest(folder)
            if before is not None and not self._has_current_lake_file(dataset, before):
                next(iter(self.capture(dataset, [date.fromisoformat(folder.name)])))
        today = windows.day_of(self.clock(), self.settings.zone)
        found = snapshots(self.home.lake, dataset.name)
        if found and not again:
            folder = captures.folder_of(self.home.raw, dataset.name, parquet.day_of(found[-1]))
            seen = captures.last_seen(folder)
            if seen is not None and windows.day_of(seen, self.settings.zone) == today:
                return Result(dataset=dataset.name, day=today, outcome=Outcome.KEPT)
        return next(iter(self.capture(dataset, [today], again=again)))

    def _has_current_lake_file(self, dataset: Dataset, capture: captures.Capture) -> bool:
        day = date.fromisoformat(capture.folder.parent.name)
        path = parquet.path_of(self.home.lake, dataset.name, day)
        return parquet.is_current(parquet.provenance_of(path), capture.name)


class CaptureRun:
    """One call of `Capturer.capture_all`: the queues, what they share, and whose turn it is."""

    def __init__(
        self,
        capturer: Capturer,
        due: Mapping[Dataset, Sequence[date]],
        again: bool,
        progress: Progress | None,
    ) -> None:
        """Nothing is asked before `results`."""
        self.capturer, self.again = capturer, again
        self.inventory = InventoryReader(capturer.home.lake, capturer.settings)
        self.memory = MemoryLimiter()
        self.events: queue.SimpleQueue[tuple[DatasetQueue, InFlightRequest] | None] = (
            queue.SimpleQueue()
        )
        """Answers that have come, and None for a day that has ended."""
        self.fatal: FixSetup | None = None
        self._progress = progress
        self._pools = ExitStack()
        # Closed in the opposite order: workers need readers to the end.
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
        """However it ends: what is unfinished is put aside, and no thread of it works on."""
        if any(not dataset_queue.is_done for dataset_queue in self._queues.values()):
            self.capturer.halt.set()  # workers that wait for a retry give up at once
        for dataset_queue in self._queues.values():
            dataset_queue.cancel()
        try:
            self._pools.close()
        finally:
            for dataset_queue in self._queues.values():
                dataset_queue.stop()

    def abort(self, error: FixSetup) -> None:
        """Called by a worker: no other call can succeed, so all waits for a retry end."""
        self.fatal = self.fatal or error
        self.capturer.halt.set()

    def report_progress(self, job: PartitionJob) -> None:
        """One more question of a day is done with."""
        if self._progress is not None:
            self._progress(job.dataset, job.day, job.finished, len(job.requests))

    def results(self) -> Iterator[Result]:
        """Each day's result."""
        try:
            yield from self._run_queues()
        except Exception:
            for dataset_queue in self._queues.values():
                yield from dataset_queue.finish_after_error()
            raise

    def _run_queues(self) -> Iterator[Result]:
        # Those of the most calls are served first, and what says what they are to ask second.
        queues = sorted(
            self._queues.values(),
            key=lambda one: (not one.has_dependencies, not one.has_dependents),
        )
        if any(dataset_queue.has_dependents for dataset_queue in queues):
            self._head_start_ends_s = time.monotonic() + HEAD_START_S
        while not all(dataset_queue.is_done for dataset_queue in queues):
            # Once more as long as anything moves: it may have made room, or ended a day that
            # another queue waits for.
            seen = -1
            while seen != self.memory.changes:
                seen = self.memory.changes
                is_first = self._is_head_start()
                for dataset_queue in queues:
                    if is_first and not (
                        dataset_queue.has_dependents or dataset_queue.has_dependencies
                    ):
                        continue
                    for result in dataset_queue.advance(
                        one_day_only=is_first and dataset_queue.has_dependents
                    ):
                        self.memory.changes += 1
                        self._release(result)
                        yield result
            if not all(dataset_queue.is_done for dataset_queue in queues):
                self._wait_for_event()

    def _is_head_start(self) -> bool:
        """True until all queues that need others have begun, or have waited for long enough."""
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
        """Until something has come or ended, or a day that another run holds is to be tried."""
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
    """The same, those that say what to ask before those that are asked by it."""
    by_name = {dataset.name: dataset for dataset in datasets}
    needs = {name: [n for n in one.needs if n in by_name] for name, one in by_name.items()}
    return [by_name[name] for name in TopologicalSorter(needs).static_order()]
