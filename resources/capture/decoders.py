"""Thread pool that decodes and packs answers; small answers are decoded in batches.

Not here: the decoding itself (api/parsing). Read next: api/parsing/parse_batch.py.
"""

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
"""Threads that decode. Decoding an answer takes several times its size in memory."""

T = TypeVar("T")
Stored = bytes | Packed
"""A body in the form that the raw archive stores."""


@dataclass(frozen=True, eq=False)
class _Waiting(Generic[T]):
    """A small answer in the queue."""

    dataset: Dataset
    request: Request
    number: int
    body: bytes
    finish: Callable[[Page], T]
    future: Future[tuple[T, Stored]] = field(default_factory=Future)


class DecoderPool:
    """A small pool of threads that decodes and packs the answers of all datasets of a run.

    Decoding takes memory, so at most DECODE_WORKERS small answers and one large answer are decoded
    at a time. The workers that fetch do not decode: the allocator keeps freed memory per thread, and
    there can be hundreds of them. Small answers with an equal batch key that wait at the same time
    are decoded together.
    """

    def __init__(self) -> None:
        """Threads are started by the first `read`."""
        self._small = ThreadPoolExecutor(DECODE_WORKERS, "reader")
        self._large = ThreadPoolExecutor(1, "reader of large answers")
        self._lock = threading.Lock()  # guards what follows
        # By batch key; the key that is read next is first.
        self._waiting: dict[Hashable, deque[_Waiting[Any]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for answers that are being decoded."""
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
        """The result of `finish` for page `number` of the answer to `request`, and the packed body.

        Blocks until the answer is decoded. Raises the errors of `read_page` and of `finish`.
        """
        key = batch_key(dataset, request)
        if key is None or not isinstance(body, bytes) or len(body) > MOST_BYTES:
            pool = self._small if isinstance(body, bytes) else self._large
            return pool.submit(_read, dataset, request, number, body, finish).result()
        one = _Waiting(dataset, request, number, body, finish)
        with self._lock:
            self._waiting.setdefault(key, deque()).append(one)
        self._small.submit(self._read_next_batch)
        return one.future.result()

    def _read_next_batch(self) -> None:
        """Read one batch from the queue; nothing if another thread has taken it."""
        batch = self._take()
        try:
            pages = _read_batch(batch)
        except Exception as error:  # noqa: BLE001 - raised in `read`, which waits for it
            for one in batch:
                one.future.set_exception(error)
            return
        for i, one in enumerate(batch):
            try:
                if pages is None:
                    result = _read(one.dataset, one.request, one.number, one.body, one.finish)
                else:
                    result = one.finish(pages[i]), captures.pack(one.body)
                one.future.set_result(result)
            except Exception as error:  # noqa: BLE001 - the same
                one.future.set_exception(error)

    def _take(self) -> list[_Waiting[Any]]:
        """Take the oldest answers of the next batch key from the queue; [] if the queue is empty."""
        with self._lock:
            key = next(iter(self._waiting), None)
            if key is None:
                return []
            queue = self._waiting.pop(key)
            batch = [queue.popleft()]
            size = len(batch[0].body)
            while queue and (size := size + len(queue[0].body)) <= MOST_BYTES:
                batch.append(queue.popleft())
            if queue:
                self._waiting[key] = queue  # after the other keys
            return batch


def _read(
    dataset: Dataset, request: Request, number: int, body: Body, finish: Callable[[Page], T]
) -> tuple[T, Stored]:
    """Read one answer without a batch."""
    return finish(read_page(dataset, request, body, number)), captures.pack(body)


def _read_batch(batch: Sequence[_Waiting[Any]]) -> Sequence[Page] | None:
    """The pages of answers with an equal batch key; None if each must be read alone."""
    if len(batch) < 2:
        return None
    requests = [(one.request, one.number) for one in batch]
    return read_batch(batch[0].dataset, requests, [one.body for one in batch])
