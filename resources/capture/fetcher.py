"""Asking one question of a day: page by page, proven, and in halves if the whole takes too long.

All of it runs in a worker thread and touches no file.
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
    """The run has ended while this was waiting or being asked."""


@dataclass(frozen=True)
class FetchedPage:
    """One answer to one question, packed."""

    page: int
    payload: Mapping[str, object]
    fetched_at: str
    size: int  # bytes of the body
    stored: Stored


@dataclass(frozen=True)
class FetchResult:
    """One question, answered and proven."""

    request: Request
    pages: Sequence[FetchedPage]
    rows: Rows

    @cached_property
    def held_bytes(self) -> int:
        """Bytes of memory that it takes until it is written."""
        stored = (part.stored for part in self.pages)
        packed = sum(len(one) for one in stored if isinstance(one, bytes))
        return self.rows.nbytes + packed

    @property
    def largest_bytes(self) -> int:
        """Bytes of memory that its largest body took: a larger one comes in by way of the disk."""
        return max((min(part.size, LARGE_BYTES) for part in self.pages), default=0)


@dataclass(frozen=True)
class Fetcher:
    """Asks the questions of one dataset. Safe to share among threads."""

    client: Client
    dataset: Dataset
    halt: threading.Event
    decoders: DecoderPool

    def fetch(self, request: Request, has_failed: Callable[[], bool]) -> list[FetchResult]:
        """The answer to one question, or to its halves if the whole takes the API too long.

        Asks no more and gives [] once `has_failed`: the day has failed, calls would be wasted.

        Raises ApiError if there is no proven answer, RunCancelled when the run ends meanwhile.
        """
        if has_failed():
            return []
        try:
            return [self._fetch_proven(request)]
        except TryLater as error:
            shorter = halves(self.dataset, request) if error.timed_out else ()
            if not shorter:
                raise
            log.warning("%s: %s; asking for halves of %s", self.dataset.name, error, request)
            return [answered for half in shorter for answered in self.fetch(half, has_failed)]

    def _fetch_proven(self, request: Request) -> FetchResult:
        """Ask page by page until the pages prove each other."""
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

        part, rows = self._call(1, request.payload, read)
        self._check_addresses(request, rows)
        return FetchResult(request, [part], rows)

    def _fetch_pages(self, request: Request) -> FetchResult:
        parts: list[FetchedPage] = []

        def fetch(number: int, payload: Mapping[str, object]) -> Page:
            def read(body: Body) -> tuple[Page, Stored]:
                return self.decoders.read(self.dataset, request, number, body, _identity)

            part, page = self._call(number, payload, read)
            parts.append(part)
            return page

        endpoint = self.dataset.endpoint
        pages = [*fetch_pages(endpoint.action, endpoint.paging, request.payload, fetch)]
        return FetchResult(request, parts, join(self.dataset, request, pages))

    def _call(
        self,
        page: int,
        payload: Mapping[str, object],
        read: Callable[[Body], tuple[T, Stored]],
    ) -> tuple[FetchedPage, T]:
        if self.halt.is_set():
            raise RunCancelled("the run was broken off")
        answer = self.client.call(self.dataset.endpoint.action, payload, read)
        value, stored = answer.value
        at = answer.fetched_at.isoformat(timespec="milliseconds")
        return FetchedPage(page, payload, at, len(answer.body), stored), value

    def _check_addresses(self, request: Request, rows: Rows) -> None:
        """A lookup is complete if every address that was asked for came back."""
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
