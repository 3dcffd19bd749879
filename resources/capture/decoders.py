"""The few threads that decode and pack the answers of a run, small ones many at a time."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

from resources.api.body import Body, Packed
from resources.api.catalog.datasets import Dataset
from resources.api.parsing.parse import Page, read_page
from resources.api.parsing.parse_batch import MOST_BYTES, batch_key, read_batch
from resources.api.request_plan import Request
from resources.raw import captures

DECODE_WORKERS = min(4, os.cpu_count() or 1)
"""Threads that decode: what they decode at a time takes several times its size while it lasts."""

T = TypeVar("T")
Stored = bytes | Packed
"""A body as it is archived."""


@dataclass(frozen=True, eq=False)
class _Waiting(Generic[T]):
    """A small answer that waits for its turn to be read."""

    dataset: Dataset
    request: Request
    number: int
    body: bytes
    finish: Callable[[Page], T]
    future: Future[tuple[T, Stored]] = field(default_factory=Future)


class DecoderPool:
    """The few threads that decode and pack answers, of all datasets of a run.

    Decoding takes memory, so only READERS answers are decoded at a time, and of large ones one. And
    what a thread has freed it keeps for itself: hundreds of workers would keep a lot. Small answers
    that are alike and wait at the same time are read together.
    """

    def __init__(self) -> None:
        """The threads start with the first answers."""
        self._small = ThreadPoolExecutor(DECODE_WORKERS, "reader")
        self._large = ThreadPoolExecutor(1, "reader of large answers")
        self._lock = threading.Lock()  # guards what follows
        self._waiting: dict[Hashable, deque[_Waiting[Any]]] = {}  # the kind whose turn it is first

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for what is under way."""
        self._small.shutdown()
        self._large.shutdown()

    def read(
        self,
        dataset: Dataset,
        request: Request,
        number: int,
        body: Body,
        finish: Callable[[Page], T],
    ) -> tuple[T, Stored]:
        """What `finish` makes of page `number` of the answer to `request`, and the body packed.

        Raises what reading the answer by itself raises, or `finish`.
        """
        alike = batch_key(dataset, request)
        if alike is None or not isinstance(body, bytes) or len(body) > MOST_BYTES:
            pool = self._small if isinstance(body, bytes) else self._large
            return pool.submit(_read, dataset, request, number, body, finish).result()
        one = _Waiting(dataset, request, number, body, finish)
        with self._lock:
            self._waiting.setdefault(alike, deque()).append(one)
        self._small.submit(self._read_some)
        return one.future.result()

    def _read_some(self) -> None:
        """Read answers that wait; none if another thread has taken them already."""
        some = self._take()
        try:
            together = _read_batch(some)
        except Exception as error:  # noqa: BLE001 - raised where they are waited for
            for one in some:
                one.future.set_exception(error)
            return
        for i, one in enumerate(some):
            try:
                if together is None:
                    found = _read(one.dataset, one.request, one.number, one.body, one.finish)
                else:
                    found = one.finish(together[i]), captures.pack(one.body)
                one.future.set_result(found)
            except Exception as error:  # noqa: BLE001 - the same
                one.future.set_exception(error)

    def _take(self) -> list[_Waiting[Any]]:
        """Answers that are alike, and no longer wait: the oldest of the kind whose turn it is."""
        with self._lock:
            alike = next(iter(self._waiting), None)
            if alike is None:
                return []
            queue = self._waiting.pop(alike)
            some = [queue.popleft()]
            size = len(some[0].body)
            while queue and (size := size + len(queue[0].body)) <= MOST_BYTES:
                some.append(queue.popleft())
            if queue:
                self._waiting[alike] = queue  # behind the other kinds
            return some


def _read(
    dataset: Dataset, request: Request, number: int, body: Body, finish: Callable[[Page], T]
) -> tuple[T, Stored]:
    """One answer by itself."""
    return finish(read_page(dataset, request, body, number)), captures.pack(body)


def _read_batch(some: Sequence[_Waiting[Any]]) -> Sequence[Page] | None:
    """Answers that are alike; None if they are to be read one by one."""
    if len(some) < 2:
        return None
    asked = [(one.request, one.number) for one in some]
    return read_batch(some[0].dataset, asked, [one.body for one in some])
