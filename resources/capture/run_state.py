"""What the dataset threads of a run share: the days that are finished, and the bytes in flight.

Not here: what a dataset thread does (dataset_thread.py, read it next).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from resources.api.catalog.datasets import Dataset

MAX_BYTES_IN_FLIGHT = 128_000_000
"""Limit on the bytes of answers that are awaited or wait to be written, over all datasets of a run.
Beyond it, each dataset has only one request in flight: its oldest."""


class MemoryLimiter:
    """Counts the bytes in flight of all datasets of a run. Thread-safe.

    It only says whether the limit is reached, and never blocks. A dataset sends its oldest request
    in any case, so that no run can hang on the limit.
    """

    def __init__(self, max_bytes: int = MAX_BYTES_IN_FLIGHT) -> None:
        """`max_bytes` is the limit."""
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._bytes = 0

    def add(self, size: int) -> None:
        """Add `size` bytes to the count; negative to subtract."""
        with self._lock:
            self._bytes += size

    @property
    def is_full(self) -> bool:
        """True if the limit is reached."""
        return self._bytes >= self._max_bytes


class UnfinishedDays:
    """The days of a run that have no result yet. Thread-safe.

    A day is finished however it ended: captured, failed, lost, not to be requested.
    """

    def __init__(self, due: Mapping[Dataset, Sequence[date]]) -> None:
        """All days of `due` are unfinished."""
        self._changed = threading.Condition()
        self._days = {dataset.name: set(days) for dataset, days in due.items()}

    def finish(self, dataset: Dataset, day: date) -> None:
        """Note that a day has its result."""
        with self._changed:
            self._days[dataset.name].discard(day)
            self._changed.notify_all()

    def finish_all(self, dataset: Dataset) -> None:
        """Note that a dataset's thread has ended: nobody may wait for its days."""
        with self._changed:
            self._days[dataset.name].clear()
            self._changed.notify_all()

    def has_days(self, dataset: Dataset) -> bool:
        """True if a day of the dataset is unfinished, and its thread has not ended."""
        return bool(self._days[dataset.name])

    def is_ready(self, dataset: Dataset, day: date) -> bool:
        """True if `day` is finished for the datasets that `dataset` needs; others are not awaited."""
        return all(day not in self._days.get(needed, ()) for needed in dataset.needs)

    def wait_for(self, is_enough: Callable[[], bool], longest_s: float) -> None:
        """Block until `is_enough`, which is asked after each finished day; at most `longest_s`."""
        with self._changed:
            self._changed.wait_for(is_enough, longest_s)
