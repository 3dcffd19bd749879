"""The questions under way, in the order of asking: bounded by their number and by their bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from resources.api.plan import Walk
from resources.asking import Answered
from resources.making import Job

MOST_HELD_BYTES = 256_000_000
"""Of answers that are on their way or wait for their turn: beyond it no further question is sent."""

FIRST_GUESS_BYTES = 4_000_000
"""Of an answer, before the first of its dataset has come."""


class UnderWay:
    """Questions handed to workers, answers taken oldest first. For one thread's use."""

    def __init__(self, pool: ThreadPoolExecutor, most: int) -> None:
        """At most `most` questions at a time."""
        self._pool, self._most = pool, most
        self._queue: deque[tuple[Job, Walk, Future[list[Answered]]]] = deque()
        self._largest = FIRST_GUESS_BYTES

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def has_room(self) -> bool:
        """True if one more question may be sent: not too many, and not too large in all.

        What has not come yet is taken to be as large as the largest that has. One question is
        always under way, however large.
        """
        if not self._queue:
            return True
        done = [f for *_, f in self._queue if f.done() and f.exception() is None]
        answers = [answered for future in done for answered in future.result()]
        self._largest = max([self._largest, *(a.largest for a in answers)])
        awaited = len(self._queue) - len(done) + 1
        held = sum(a.held for a in answers) + awaited * self._largest
        return len(self._queue) < self._most and held <= MOST_HELD_BYTES

    def send(self, job: Job, walk: Walk, ask: Callable[[Job, Walk], list[Answered]]) -> None:
        """Hand a question to the workers."""
        self._queue.append((job, walk, self._pool.submit(ask, job, walk)))

    def oldest(self) -> tuple[Job, Walk, Future[list[Answered]]]:
        """The question that was sent first; it no longer counts."""
        return self._queue.popleft()

    def cancel(self) -> None:
        """Drop what no worker has begun with."""
        for *_, future in self._queue:
            future.cancel()
