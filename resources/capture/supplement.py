"""Requests for the items that a captured day lacks. Pure.

Here: what a supplement asks, and which earlier answers stay beside those of a day that is asked again.
Not here: which items
lack (ledger/coverage.py), how earlier answers are carried over (staged_files.py, kept_answers.py).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence

from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import Scope
from resources.api.request_plan import Request, items_of, narrowed, request_of
from resources.ledger.listed_values import asked_values, lacks_values
from resources.ledger.manifest_items import (
    answered_items,
    asked_items,
    item_key,
    items_in,
)
from resources.raw.captures import Capture


def carries(dataset: Dataset, lacking: Collection[str]) -> bool:
    """True if a supplement carries earlier answers over; else all of the day is asked again.

    Figures of a whole account do not add up from parts, and a carrier or region that lacks was left out
    of every list.
    """
    return dataset.scope is not Scope.ACCOUNT and not lacks_values(lacking)


def requests_for(
    dataset: Dataset, full_plan: Sequence[Request], lacking: Collection[str], before: Capture
) -> list[Request]:
    """What completes the capture `before` of a day: no answer that it holds is asked again.

    Requests that had no answer are repeated as they were. Items that were never asked are asked with
    the requests of the day's full plan, narrowed to them.
    """
    repeated = [request_of(dataset, dict(one["payload"])) for one in before.lacking]
    asked = asked_items(dataset, before.manifest)
    new = {item for item in lacking if item_key(dataset, item) not in asked}
    wanted = {*lacking}
    again = (one for one in repeated if wanted.intersection(items_of(dataset, one) or wanted))
    return [*again, *_for_items(dataset, full_plan, new)]


def asks_less(dataset: Dataset, requests: Sequence[Request], before: Capture) -> bool:
    """True if `requests` would bring other figures than `before` because they are about less.

    That are figures of an account out of fewer domains, or of fewer carriers or regions: a list that is
    short for a while, or a domain that has left or was erased. No answer of `before` could be kept
    beside the new ones. Raises UnusableCapture if its manifest cannot be read.
    """
    now = {"requests": [{"payload": one.payload} for one in requests]}
    if {*asked_values(dataset, before.manifest)} - {*asked_values(dataset, now)}:
        return True
    is_less = bool(answered_items(dataset, before.manifest) - asked_items(dataset, now))
    return dataset.scope is Scope.ACCOUNT and (is_less or "erased" in before.manifest)


def answered_before(
    dataset: Dataset, refused: Sequence[Request], before: Capture, asked: Collection[str]
) -> list[list[str]]:
    """For each request of the capture `before`: its items whose answers stay beside the new ones.

    These are items of `refused` requests, if all that was refused about them now was answered then,
    and items that are not `asked` any more, as of a domain that has left the account. `asked` has
    items as `item_key` gives them.
    """
    entries = before.manifest["requests"]
    questions = [_question(dataset, one["payload"]) for one in entries]
    items = [[item_key(dataset, item) for item in items_in(dataset, one)] for one in entries]
    then = {(q, item) for q, some in zip(questions, items, strict=True) for item in some}
    now = {
        (_question(dataset, one.payload), item_key(dataset, item))
        for one in refused
        for item in items_of(dataset, one)
    }
    unknown = {item for question, item in now - then}
    kept = {(question, item) for question, item in now if item not in unknown}
    kept |= {(question, item) for question, item in then if item not in asked}
    return [
        [item for item in items_in(dataset, entry) if (q, item_key(dataset, item)) in kept]
        for entry, q in zip(entries, questions, strict=True)
    ]


def without(dataset: Dataset, request: Request, items: Collection[str]) -> Request | None:
    """The request for its other items; None if there are none. `items` as `item_key` gives them."""
    asked = items_of(dataset, request)
    rest = [item for item in asked if item_key(dataset, item) not in items]
    if len(rest) == len(asked):
        return request
    return narrowed(dataset, request, rest) if rest else None


def _question(dataset: Dataset, payload: Mapping[str, object]) -> str:
    """What a request asks about each of its items: all but items, pages and splits."""
    paging = dataset.endpoint.paging
    left_out = {"DomainList", "Domain", "App", "Stream", "DetailField"}
    left_out |= {paging.number_param, paging.size_param} if paging else set()
    if dataset.scope is Scope.ADDRESSES:
        return ""
    return json.dumps({k: v for k, v in payload.items() if k not in left_out}, sort_keys=True)


def _for_items(
    dataset: Dataset, full_plan: Sequence[Request], wanted: Collection[str]
) -> Iterator[Request]:
    """The requests of the plan, as far as they are about `wanted` items."""
    for request in full_plan:
        items = items_of(dataset, request)
        found = [item for item in items if item in wanted]
        if len(found) == len(items) > 0:
            yield request
        elif found:
            yield narrowed(dataset, request, found)
