"""Thread pool that decodes and packs answers; small answers that wait are decoded together.

Not here: the decoding itself (api/parsing). Read next: api/parsing/parse_batch.py.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

from resources.api.body import Body, Packed
from resources.api.catalog.datasets import Dataset
from resources.api.errors import MISSING_RESULT, NEITHER, TryLater
from resources.api.parsing.parse import Page
from resources.api.parsing.parse_batch import read_batched
from resources.api.request_plan import Request
from resources.raw import captures

DECODE_WORKERS = min(4, os.cpu_count() or 1)
"""Threads that decode. Decoding an answer takes several times its size in memory."""

T = TypeVar("T")
Stored = bytes | Packed
"""A body in the form that the raw archive stores."""


@dataclass(frozen=True, eq=False)
class _Waiting(Generic[T]):
    """An answer that waits to be decoded."""

    request: Request
    number: int
    body: Body
    finish: Callable[[Page], T]
    future: Future[tuple[T, Stored]] = field(default_factory=Future)


class DecoderPool:
    """A small pool of threads that decodes and packs the answers of all datasets of a run.

    Decoding takes memory, so at most DECODE_WORKERS small answers and one large answer are decoded
    at a time. The workers that fetch do not decode: the allocator keeps freed memory per thread, and
    there can be hundreds of them. Most answers are small and would cost more by themselves: a thread
    takes all answers of a dataset that wait.
    """

    def __init__(self, *, takes_no_result: bool = False) -> None:
        """Threads are started by the first `read`.

        `takes_no_result`: an answer without a Result is nothing where it may be missing, see
        api.missing_result.
        """
        self._takes_no_result = takes_no_result
        self._small = ThreadPoolExecutor(DECODE_WORKERS, "decoder")
        self._large = ThreadPoolExecutor(1, "decoder of large answers")
        self._lock = threading.Lock()
        self._waiting: dict[Dataset, list[_Waiting[Any]]] = {}  # small answers; guarded by _lock
        self._unread: set[_Waiting[Any]] = set()  # all that `read` waits for; guarded by _lock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for answers that are being decoded."""
        self._small.shutdown()
        self._large.shutdown()

    def cancel(self) -> None:
        """Stop decoding; every `read` that waits raises."""
        self._small.shutdown(wait=False, cancel_futures=True)
        self._large.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for one in self._unread:
                with suppress(InvalidStateError):
                    one.future.set_exception(RuntimeError("the run was cancelled"))

    def read(
        self,
        dataset: Dataset,
        request: Request,
        number: int,
        body: Body,
        finish: Callable[[Page], T],
    ) -> tuple[T, Stored]:
        """The result of `finish` for page `number` of the answer to `request`, and the packed body.

        Blocks until the answer is decoded. Raises the errors of `read_page` and of `finish`, and
        TryLater for an answer without a Result that is not taken for nothing.
        """

        def checked(page: Page) -> T:
            if page.is_without_result and not self._takes_no_result:
                raise TryLater(NEITHER, MISSING_RESULT, http_status=200)
            return finish(page)

        one = _Waiting(request, number, body, checked)
        with self._lock:
            self._unread.add(one)
        try:
            self._submit(dataset, one)
            return one.future.result()
        finally:
            with self._lock:
                self._unread.discard(one)

    def _submit(self, dataset: Dataset, one: _Waiting[Any]) -> None:
        if isinstance(one.body, Packed):
            self._large.submit(_decode, dataset, [one])
        else:
            with self._lock:
                self._waiting.setdefault(dataset, []).append(one)
            self._small.submit(self._decode_waiting, dataset)

    def _decode_waiting(self, dataset: Dataset) -> None:
        """Decode all answers of a dataset that wait; none if another thread has taken them."""
        with self._lock:
            waiting = self._waiting.pop(dataset, [])
        _decode(dataset, waiting)


def _decode(dataset: Dataset, waiting: list[_Waiting[Any]]) -> None:
    """Give each answer its result or its error."""
    try:
        answers = [(one, one.request, one.number, one.body) for one in waiting]
        for one, _, read_page in read_batched(dataset, answers):
            try:
                one.future.set_result((one.finish(read_page()), captures.pack(one.body)))
            except Exception as error:  # noqa: BLE001 - raised in `read`, which waits for it
                one.future.set_exception(error)
    except Exception as error:  # noqa: BLE001 - the same
        for one in waiting:
            if not one.future.done():
                one.future.set_exception(error)
