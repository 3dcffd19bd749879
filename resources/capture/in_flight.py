"""Requests in flight, and the limit on the memory that their answers take.

Not here: sending them (dataset_queue.py, fetcher.py). Read next: dataset_queue.py.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field

from resources.api.catalog.model import Scope
from resources.api.request_plan import Request
from resources.capture.fetcher import Answer
from resources.capture.partition_writer import PartitionJob

MAX_HELD_BYTES = 128_000_000
"""Limit on the bytes of answers that are in flight or wait to be written, over all datasets of a run.
No further request is sent beyond it."""

FIRST_GUESS_BYTES = 4_000_000
"""Estimate for an answer before enough answers of its dataset have arrived."""

_ENOUGH_ANSWERS = 8  # after so many answers the largest of them is the better estimate
_MARGIN = 4  # before that: so many times the largest, and at least an eighth of FIRST_GUESS_BYTES
_NEW_EVERY_DAY = (
    Scope.STREAM,
    Scope.ADDRESSES,
)  # too many different requests to keep a size for each
_TIMES = frozenset(("StartTime", "EndTime"))


@dataclass(eq=False)
class InFlightRequest:
    """A request that was handed to the workers."""

    job: PartitionJob
    request: Request
    held_bytes: int  # counted for it; an estimate until `is_counted`
    future: Future[list[Answer]] = field(default_factory=Future)
    is_counted: bool = False  # `held_bytes` is the size of the answer, not an estimate

    @property
    def is_answered(self) -> bool:
        """True if the future is done without an error and was not cancelled."""
        done = self.future.done() and not self.future.cancelled()
        return done and self.future.exception() is None


class MemoryLimiter:
    """Counts the bytes that the datasets of a run share. Used by one thread."""

    def __init__(self, max_bytes: int = MAX_HELD_BYTES) -> None:
        """`max_bytes` is the limit that `admit` keeps."""
        self._max_bytes = max_bytes
        self._held_bytes = 0
        self._in_flight = 0
        self._next: object | None = None
        self.changes = 0  # goes up whenever a refused owner may be admitted now

    def admit(self, size: int, owner: object) -> bool:
        """Count one more request of estimated `size` bytes; False if it does not fit.

        A request is always admitted if none is in flight: otherwise one above the limit would wait
        for ever. A refused owner is the next to be admitted, so that small answers cannot starve a
        large one. A refused `owner` must therefore try again.
        """
        if self._next not in (None, owner):
            return False
        if self._in_flight and self._held_bytes + size > self._max_bytes:
            self._next = owner
            return False
        self._next = None
        self._in_flight += 1
        self.add(size)
        return True

    def add(self, size: int) -> None:
        """Add `size` bytes to the count; negative to subtract."""
        self._held_bytes += size
        self.changes += 1

    def release(self, size: int) -> None:
        """Remove a request that is no longer in flight, and its `size` bytes."""
        self._in_flight -= 1
        self.add(-size)


class SizeEstimator:
    """Estimates the size of answers of one dataset from those that have arrived."""

    def __init__(self, scope: Scope) -> None:
        """`scope` says whether every day has the same requests, so that sizes are kept for each."""
        self._by_request: dict[str, int] | None = None if scope in _NEW_EVERY_DAY else {}
        self._largest, self._samples = 0, 0

    @property
    def has_no_sample(self) -> bool:
        """True before the first answer."""
        return self._samples == 0

    @property
    def is_learning(self) -> bool:
        """True while each answer still improves the estimates."""
        return self._samples <= _ENOUGH_ANSWERS

    def guess(self, request: Request) -> int:
        """Estimated bytes of the answer: as for the same request of another day, else the largest so far."""
        if self._by_request and (known := self._by_request.get(_request_key(request))) is not None:
            return known
        if self._samples >= _ENOUGH_ANSWERS:
            return self._largest
        unknown = FIRST_GUESS_BYTES
        if self._samples:
            unknown = min(unknown, max(self._largest * _MARGIN, unknown // 8))
        return max(self._largest, unknown)

    def learn(self, request: Request, largest_bytes: int) -> None:
        """Record the size of the largest body of an answer."""
        self._samples += 1
        self._largest = max(self._largest, largest_bytes)
        if self._by_request is not None:
            self._by_request[_request_key(request)] = largest_bytes


def _request_key(request: Request) -> str:
    """The payload without its times: equal for the same request of different days."""
    return repr([item for item in request.payload.items() if item[0] not in _TIMES])
