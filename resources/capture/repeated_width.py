"""Answers whose slots seem wider than asked for, and did so on an earlier day: kept, and doubted.

An account whose data lie on the hour only looks like one that is answered in hours. Asked again on a
later day, such an answer becomes a suspect capture, unless an answer of the right width is there. Not
here: finding it (api/parsing/slot_steps.py), what is suspect (ledger/contradictions.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from resources.api.errors import ApiError, WrongWidth
from resources.api.parsing.parse import join, read_page
from resources.api.request_plan import items_of
from resources.api.windows import day_of
from resources.capture.answers import FetchResult, Unanswered
from resources.capture.partition_writer import PartitionJob
from resources.capture.rejected_answers import body_of, payload_key
from resources.ledger.manifest_items import (
    answered_items,
    item_key,
)
from resources.raw import captures


def accept_repeated(job: PartitionJob, now: datetime, zone: ZoneInfo) -> None:
    """Make answers of those without one that were refused for their width on an earlier day as well."""
    if not any(isinstance(one.error, WrongWidth) for one in job.unanswered):
        return
    earlier = {*_refused_before(job, day_of(now, zone), zone)}
    rest: list[Unanswered] = []
    doubted: list[FetchResult] = []
    for one in job.unanswered:
        error, told = one.error, ""
        answer = None
        if isinstance(error, WrongWidth) and _key(one, error) in earlier and _is_first(job, one):
            answer = _answer(job, one)
            told = f"slots lie {error.width_s} s apart, and {error.asked_s} s were asked for"
        if answer is None:
            rest.append(one)
        else:
            doubted.append(answer)
            job.width_doubts.add(told)
    job.unanswered = rest
    job.add(doubted)


def _refused_before(job: PartitionJob, today: date, zone: ZoneInfo) -> Iterator[tuple[str, int]]:
    """Requests that were refused for a width on a day before `today`, and the width."""
    for kept in captures.rejected_in(job.folder):
        try:
            entries = kept.manifest["rejected"]
        except (captures.UnusableCapture, KeyError):
            continue  # `livestats verify` reports it
        for one in entries:
            if "width_s" in one and day_of(datetime.fromisoformat(one["at"]), zone) < today:
                yield payload_key(one["payload"]), one["width_s"]


def _key(one: Unanswered, error: WrongWidth) -> tuple[str, int]:
    return payload_key(dict(one.request.payload)), error.width_s


def _is_first(job: PartitionJob, one: Unanswered) -> bool:
    """True if no answer of the right width would be replaced."""
    if job.previous is None:
        return True
    try:
        before = job.previous.manifest
    except captures.UnusableCapture:
        return True
    items = {item_key(job.dataset, item) for item in items_of(job.dataset, one.request)}
    return bool(before.get("any_width")) or not (items & answered_items(job.dataset, before))


def _answer(job: PartitionJob, one: Unanswered) -> FetchResult | None:
    """The answer as it came; None if there is another mistake in it."""
    request = replace(one.request, is_any_width=True)
    try:
        pages = [read_page(job.dataset, request, body_of(p), p.page) for p in one.pages]
        return (
            FetchResult(one.request, one.pages, join(job.dataset, request, pages))
            if pages
            else None
        )
    except ApiError:
        return None
