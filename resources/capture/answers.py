"""What comes of a request: a proven answer, or the reason why there is none.

Not here: sending the request (fetcher.py, read it next).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

from resources.api.body import LARGE_BYTES
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import Scope
from resources.api.errors import ApiError, FixRequest, IncompleteAnswer
from resources.api.parsing.parse import Rows
from resources.api.request_plan import Request, items_of, narrowed
from resources.capture.decoders import Stored


@dataclass(frozen=True)
class FetchedPage:
    """One page of an answer: payload of its request and packed body."""

    page: int  # number, from 1
    payload: Mapping[str, object]
    fetched_at: str  # ISO 8601, milliseconds
    size: int  # bytes of the body, unpacked
    stored: Stored


Pages = dict[int, FetchedPage]
"""Pages that came, by their number."""


@dataclass(frozen=True)
class FetchResult:
    """The proven answer to one request."""

    request: Request
    pages: Sequence[FetchedPage]
    rows: Rows
    is_proven: ClassVar[bool] = True

    @cached_property
    def held_bytes(self) -> int:
        """Bytes of memory that the answer takes until it is written."""
        stored = (page.stored for page in self.pages)
        packed = sum(len(one) if isinstance(one, bytes) else one.stored for one in stored)
        return self.rows.nbytes + packed

    @property
    def largest_bytes(self) -> int:
        """Bytes of memory for the largest body while it is received; then it is compressed."""
        return max((min(page.size, LARGE_BYTES) for page in self.pages), default=0)


@dataclass(frozen=True)
class Unanswered:
    """A request without a proven answer, and why."""

    request: Request
    error: ApiError
    pages: Sequence[FetchedPage] = ()  # what came and could not be read or proven
    is_proven: ClassVar[bool] = False
    held_bytes: ClassVar[int] = 0
    largest_bytes: ClassVar[int] = 0


Answer = FetchResult | Unanswered


def with_bodies(dataset: Dataset, refused: Unanswered, parts: Sequence[Answer]) -> list[Answer]:
    """A refused list; items whose bodies came stand by themselves, unless the list's body came."""
    kept = [one for one in parts if isinstance(one, Unanswered) and one.pages]
    if refused.pages or not kept or dataset.scope is Scope.ACCOUNT:
        return [refused]
    apart = {item for one in kept for item in items_of(dataset, one.request)}
    rest = [item for item in items_of(dataset, refused.request) if item not in apart]
    if not rest:
        return [*kept]
    return [*kept, replace(refused, request=narrowed(dataset, refused.request, rest))]


def of_whole_list(answer: Answer) -> Answer:
    """The outcome for items that are answered in parts and whose figures do not add up.

    If they are refused together, nothing but the length of the list is left to blame.
    """
    if isinstance(answer, FetchResult) or not isinstance(answer.error, FixRequest):
        return answer
    refused = answer.error
    error = FixRequest(
        f"{refused.what}; parts of this list are answered, so it is longer than the API takes in one "
        "request",
        "Figures of parts do not add up to those of the whole account, so it cannot be asked in parts. "
        "Switch this dataset off in the settings (datasets.off), or name fewer domains there; what is "
        "asked by domain is not affected.",
        action=refused.action,
        http_status=refused.http_status,
        code=refused.code,
        code_n=refused.code_n,
        request_id=refused.request_id,
    )
    return replace(answer, error=error)


def check_addresses(dataset: Dataset, request: Request, rows: Rows) -> None:
    """Raise IncompleteAnswer if the answer to a lookup lacks a requested address."""
    if dataset.scope is Scope.ADDRESSES:
        found = {ip for table in rows.tables() for ip in table["ip"].to_pylist()}
        missing = request.within["ip"] - found
        if missing:
            raise IncompleteAnswer(
                f"{len(missing)} of {len(request.within['ip'])} addresses did not come back, "
                f"{min(missing)} among them",
                action=dataset.endpoint.action,
            )
