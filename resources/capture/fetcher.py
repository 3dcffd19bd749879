"""Fetches the proven answer to one request: all pages, or two halves if the API times out.

Runs in worker threads; no file is written here (partition_writer.py). Read next: decoders.py.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from resources.api.body import LARGE_BYTES, Body
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import Scope
from resources.api.client import Client
from resources.api.errors import IncompleteAnswer, TryLater
from resources.api.pagination import PAGING_ATTEMPTS, fetch_pages
from resources.api.parsing.parse import Page, Rows, join
from resources.api.request_plan import Request, halves
from resources.capture.decoders import DecoderPool, Stored
from resources.errors import LivestatsError

log = logging.getLogger("livestats.capture")

T = TypeVar("T")


class RunCancelled(LivestatsError):
    """The run ended while this request was waiting or in flight."""


@dataclass(frozen=True)
class FetchedPage:
    """One page of an answer: payload of its request and packed body."""

    page: int  # number, from 1
    payload: Mapping[str, object]
    fetched_at: str  # ISO 8601, milliseconds
    size: int  # bytes of the body, unpacked
    stored: Stored


@dataclass(frozen=True)
class FetchResult:
    """The proven answer to one request."""

    request: Request
    pages: Sequence[FetchedPage]
    rows: Rows

    @cached_property
    def held_bytes(self) -> int:
        """Bytes of memory that the answer takes until it is written."""
        stored = (page.stored for page in self.pages)
        packed = sum(len(one) for one in stored if isinstance(one, bytes))
        return self.rows.nbytes + packed

    @property
    def largest_bytes(self) -> int:
        """Bytes of memory for the largest body; a body above LARGE_BYTES is spilled to disk."""
        return max((min(page.size, LARGE_BYTES) for page in self.pages), default=0)


@dataclass(frozen=True)
class Fetcher:
    """Sends the requests of one dataset. Thread-safe."""

    client: Client
    dataset: Dataset
    halt: threading.Event
    decoders: DecoderPool

    def fetch(self, request: Request, has_failed: Callable[[], bool]) -> list[FetchResult]:
        """The answer to `request`; the answers to its halves if the API timed out.

        [] once `has_failed` is true: another request of the day has failed, so calls would be wasted.

        Raises ApiError if there is no proven answer, RunCancelled if the run ends meanwhile.
        """
        if has_failed():
            return []
        try:
            return [self._fetch_proven(request)]
        except TryLater as error:
            shorter = halves(self.dataset, request) if error.timed_out else ()
            if not shorter:
                raise
            log.warning("%s: %s; requesting halves of %s", self.dataset.name, error, request)
            return [result for half in shorter for result in self.fetch(half, has_failed)]

    def _fetch_proven(self, request: Request) -> FetchResult:
        """All pages, requested again until page numbers, totals and rows agree."""
        for attempt in range(PAGING_ATTEMPTS):
            try:
                return self._fetch_once(request)
            except IncompleteAnswer as error:
                if attempt == PAGING_ATTEMPTS - 1:
                    error.what += f"; requested {PAGING_ATTEMPTS} times"
                    raise
                log.warning("%s: %s; requesting all pages again", self.dataset.name, error)
        raise AssertionError("unreachable")

    def _fetch_once(self, request: Request) -> FetchResult:
        if self.dataset.endpoint.paging is not None:
            return self._fetch_pages(request)

        def to_rows(page: Page) -> Rows:
            return join(self.dataset, request, [page]).spilled(self.client.spill)

        def read(body: Body) -> tuple[Rows, Stored]:
            return self.decoders.read(self.dataset, request, 1, body, to_rows)

        fetched, rows = self._call(1, request.payload, read)
        self._check_addresses(request, rows)
        return FetchResult(request, [fetched], rows)

    def _fetch_pages(self, request: Request) -> FetchResult:
        fetched: list[FetchedPage] = []

        def fetch(number: int, payload: Mapping[str, object]) -> Page:
            def read(body: Body) -> tuple[Page, Stored]:
                return self.decoders.read(self.dataset, request, number, body, _identity)

            one, page = self._call(number, payload, read)
            fetched.append(one)
            return page

        endpoint = self.dataset.endpoint
        pages = [*fetch_pages(endpoint.action, endpoint.paging, request.payload, fetch)]
        return FetchResult(request, fetched, join(self.dataset, request, pages))

    def _call(
        self,
        page: int,
        payload: Mapping[str, object],
        read: Callable[[Body], tuple[T, Stored]],
    ) -> tuple[FetchedPage, T]:
        if self.halt.is_set():
            raise RunCancelled("the run was cancelled")
        answer = self.client.call(self.dataset.endpoint.action, payload, read)
        value, stored = answer.value
        at = answer.fetched_at.isoformat(timespec="milliseconds")
        return FetchedPage(page, payload, at, len(answer.body), stored), value

    def _check_addresses(self, request: Request, rows: Rows) -> None:
        """Raise IncompleteAnswer if the answer to a lookup lacks a requested address."""
        if self.dataset.scope is Scope.ADDRESSES:
            found = {ip for table in rows.tables() for ip in table["ip"].to_pylist()}
            missing = request.within["ip"] - found
            if missing:
                raise IncompleteAnswer(
                    f"{len(missing)} of {len(request.within['ip'])} addresses did not come back, "
                    f"{min(missing)} among them",
                    action=self.dataset.endpoint.action,
                )


def _identity(page: Page) -> Page:
    return page
