"""Makes captures of rejected answers that the present version can read, without the API.

An answer is proven here as when it is fetched: all pages, no doubled keys, every address.
Not here: which are kept (rejected_answers.py), the files of a day (partition_writer.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from resources.api.body import Body, Packed
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import Scope
from resources.api.errors import ApiError, IncompleteAnswer
from resources.api.pagination import fetch_pages
from resources.api.parsing.parse import Page, join, read_page
from resources.api.request_plan import Request, items_of, request_of
from resources.api.windows import day_window
from resources.capture.answers import FetchedPage, FetchResult, check_addresses
from resources.capture.rejected_answers import payload_key
from resources.capture.staged_files import StagedFiles
from resources.home.layout import Home
from resources.ledger import states
from resources.ledger.manifest_items import (
    facts_of_rows,
)
from resources.raw import captures
from resources.raw.captures import Capture

_SHARED = ("time_zone", "home", "domains", "settings", "sources", "absent_sources", "erased")
"""Entries that a new manifest takes over."""


def make_captures(home: Home, dataset: Dataset, day: date, time_zone: str) -> bool:
    """Make a capture of the day's rejected answers, or complete the newest one; True if one was made.

    A day without a capture gets one from the newest rejected answers that can be read; what still
    has no answer lacks in it. An incomplete one is completed by answers to exactly the requests that
    lack. The rejected answers stay. Lists of the account are left out: only their present state
    counts. The caller holds the lock of the day.

    Raises UnusableCapture, or ApiError for a capture whose own answers cannot be read.
    """
    if dataset.is_dimension:
        return False
    folder = captures.folder_of(home.raw, dataset.name, day)
    is_made = False
    for rejected in reversed(captures.rejected_in(folder)):
        if rejected.manifest.get("settings", {}) != dict(dataset.meaning or {}):
            continue  # answers to another question
        rejected.check_place(dataset.name, day, time_zone)
        before = captures.newest(folder, time_zone)
        draft = (
            _first_capture(dataset, rejected)
            if before is None
            else _supplement(dataset, rejected, before)
        )
        if draft is not None and draft.answers:
            _commit(home, dataset, day, draft)
            is_made = True
    return is_made


@dataclass
class _Draft:
    """A capture to be made of rejected answers."""

    rejected: Capture
    before: Capture | None
    lacking: list[Mapping[str, Any]]  # entries of its manifest
    answers: list[FetchResult] = field(default_factory=list)


def _first_capture(dataset: Dataset, rejected: Capture) -> _Draft | None:
    """All answers that can be read; None if not every request of the day is known."""
    unanswered = rejected.manifest.get("unanswered")
    if unanswered is None:
        return None
    draft = _Draft(rejected, None, [*unanswered])
    lists = set()
    for entry, answer in _answers(dataset, rejected):
        lists.add(items_of(dataset, request_of(dataset, entry["payload"])))
        if answer is None:
            draft.lacking.append(entry)
        else:
            draft.answers.append(answer)
    if dataset.scope is Scope.ACCOUNT and (draft.lacking or len(lists) > 1):
        return None  # figures of all domains together: parts do not add up
    return draft


def _supplement(dataset: Dataset, rejected: Capture, before: Capture) -> _Draft | None:
    """The answers to requests that the capture `before` lacks; None if it lacks none."""
    lacking = {payload_key(entry["payload"]): entry for entry in before.lacking}
    if not lacking or dataset.scope is Scope.ACCOUNT:
        return None
    draft = _Draft(rejected, before, [])
    for entry, answer in _answers(dataset, rejected, lacking):
        if answer is not None and lacking.pop(payload_key(entry["payload"]), None) is not None:
            draft.answers.append(answer)
    draft.lacking += lacking.values()
    return draft


def _answers(
    dataset: Dataset, rejected: Capture, wanted: Mapping[str, object] | None = None
) -> Iterator[tuple[Mapping[str, Any], FetchResult | None]]:
    """Per rejected answer: the entry of its request, and the answer if it can be read and proven.

    `wanted`: only requests of these payload keys.
    """
    manifest = rejected.manifest
    entries = manifest.get("rejected", ())
    stored = zip(manifest["requests"], rejected.responses(), strict=True)
    for number, pages in groupby(stored, key=lambda one: one[1][0]):
        if number >= len(entries):
            continue
        entry = entries[number]
        if wanted is not None and payload_key(entry["payload"]) not in wanted:
            continue
        came = {
            page: (_held(body), FetchedPage(page, payload, at["fetched_at"], at["size"], b""))
            for at, (_, page, payload, body) in pages
        }
        try:
            yield entry, _proven(dataset, request_of(dataset, entry["payload"]), came)
        except ApiError:
            yield entry, None


def _held(body: Body) -> Body:
    """A body that stays readable when its file is closed."""
    if isinstance(body, bytes):
        return body
    return Packed(body.read_stored(0, body.stored), 0, body.stored, len(body))


def _proven(
    dataset: Dataset, request: Request, came: Mapping[int, tuple[Body, FetchedPage]]
) -> FetchResult:
    """The answer that these pages are. Raises ApiError if they cannot be read or proven."""
    action, paging = dataset.endpoint.action, dataset.endpoint.paging
    if paging is not None and 1 in came:  # a server may have a page size of its own
        size = came[1][1].payload.get(paging.size_param)
        paging = replace(paging, size=int(str(size)))
    pages: list[Page] = []

    def stored(number: int, payload: Mapping[str, object]) -> Page:
        if number not in came or dict(came[number][1].payload) != dict(payload):
            raise IncompleteAnswer(f"page {number} was not kept", action=action)
        pages.append(read_page(dataset, request, came[number][0], number))
        return pages[-1]

    for _ in fetch_pages(action, paging, request.payload, stored):
        pass
    rows = join(dataset, request, pages)
    if rows.doubled and len(pages) > 1:
        raise IncompleteAnswer(f"keys came twice on {len(pages)} pages", action=action)
    if rows.needs_second:
        raise IncompleteAnswer("only a second answer with the same rows proves it", action=action)
    if rows.is_without_result:
        raise IncompleteAnswer("it has no Result", action=action)
    check_addresses(dataset, request, rows)
    proven = [came[number] for number in range(1, len(pages) + 1)]
    return FetchResult(request, [_packed(body, page) for body, page in proven], rows)


def _packed(body: Body, page: FetchedPage) -> FetchedPage:
    return replace(page, stored=captures.pack(body))


def _commit(home: Home, dataset: Dataset, day: date, draft: _Draft) -> None:
    """Write and commit the capture, then the lake file."""
    before = draft.before
    staged = StagedFiles.open(home, dataset, day, before)
    try:
        first = staged.capture.next_request
        for number, answer in enumerate(draft.answers, start=first):
            staged.add(number, answer)
        known = (before or draft.rejected).manifest
        facts = {key: known[key] for key in _SHARED if key in known} | staged.table.stats.facts()
        if before is not None:
            facts["completes"] = before.name.text
        if draft.lacking:
            facts["lacking"] = draft.lacking
        stats = staged.table.stats
        window = day_window(day, ZoneInfo(str(facts["time_zone"])))
        facts |= facts_of_rows(dataset, stats, staged.capture.manifest | facts, window)
        fetched_at = draft.rejected.name.fetched_at
        after = before.name if before else None
        name = staged.capture.seal(fetched_at, staged.table.stats.rows, after, facts)
        staged.table.seal(name, staged.capture.requests)
        home.raise_format()
        capture = staged.capture.commit(name)
        staged.table.commit()
    except BaseException:
        staged.abandon()
        raise
    (capture.folder.parent / states.PARTIAL).unlink(missing_ok=True)
