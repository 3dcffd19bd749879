"""The questions under way: in the order of asking, and bounded by the bytes of all their answers."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field

from resources.api.catalog.model import Scope
from resources.api.request_plan import Request
from resources.capture.fetcher import FetchResult
from resources.capture.partition_writer import PartitionJob

MAX_HELD_BYTES = 128_000_000
"""Of answers that are on their way, wait for their turn or to be written, of all datasets of a run:
beyond it no further question is sent."""

FIRST_GUESS_BYTES = 4_000_000
"""Of an answer, before enough of its dataset have come."""

_ENOUGH_ANSWERS = 8  # answers after which the largest of them says more than the guess
_MARGIN = 4  # times the largest is an answer taken for before, and an eighth of the guess at least
_NEW_EVERY_DAY = (Scope.STREAM, Scope.ADDRESSES)  # too many to remember each
_TIMES = frozenset(("StartTime", "EndTime"))


@dataclass(eq=False)
class InFlightRequest:
    """One question handed to the workers."""

    job: PartitionJob
    request: Request
    held_bytes: int  # bytes counted for it: a guess before the answer has come
    future: Future[list[FetchResult]] = field(default_factory=Future)
    is_counted: bool = False  # `held` is no guess any more

    @property
    def is_answered(self) -> bool:
        """True if the answer has come, and is one."""
        done = self.future.done() and not self.future.cancelled()
        return done and self.future.exception() is None


class MemoryLimiter:
    """The bytes that all datasets of a run share. For one thread's use."""

    def __init__(self, max_bytes: int = MAX_HELD_BYTES) -> None:
        """`max_bytes` is the bound in bytes."""
        self._max_bytes = max_bytes
        self._held_bytes = 0
        self._in_flight = 0
        self._next: object | None = None
        self.changes = 0  # goes up whenever somebody may find room who found none before

    def admit(self, size: int, owner: object) -> bool:
        """Count one more question, of a guessed `size`, if it fits beside the others.

        Where nothing is under way it is admitted however large, or no room would ever be made.
        Who is refused is the next to be admitted: small answers do not overtake a large one for
        ever, so `who` must come again.
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
        """Count so many bytes more, or less."""
        self._held_bytes += size
        self.changes += 1

    def release(self, size: int) -> None:
        """A question is no longer under way, and its `size` bytes are not counted for it."""
        self._in_flight -= 1
        self.add(-size)


class SizeEstimator:
    """How large the answers of one dataset are: guessed from those that have come."""

    def __init__(self, scope: Scope) -> None:
        """`scope` says whether the same is asked about every day."""
        self._by_request: dict[str, int] | None = None if scope in _NEW_EVERY_DAY else {}
        self._largest, self._samples = 0, 0

    @property
    def has_no_sample(self) -> bool:
        """True before the first answer."""
        return self._samples == 0

    @property
    def is_learning(self) -> bool:
        """True as long as guesses get better with each answer."""
        return self._samples <= _ENOUGH_ANSWERS

    def guess(self, request: Request) -> int:
        """Bytes of the answer to `request`: as on another day, else as the largest so far."""
        if self._by_request and (known := self._by_request.get(_request_key(request))) is not None:
            return known
        if self._samples >= _ENOUGH_ANSWERS:
            return self._largest
        unknown = FIRST_GUESS_BYTES
        if self._samples:
            unknown = min(unknown, max(self._largest * _MARGIN, unknown // 8))
        return max(self._largest, unknown)

    def learn(self, request: Request, largest_bytes: int) -> None:
        """Note the size of the largest body that came."""
        self._samples += 1
        self._largest = max(self._largest, largest_bytes)
        if self._by_request is not None:
            self._by_request[_request_key(request)] = largest_bytes


def _request_key(request: Request) -> str:
    """What a question is about, whatever the day."""
    return repr([item for item in request.payload.items() if item[0] not in _TIMES])
