"""Requests for the items that a captured day lacks. Pure.

Here: what a supplement asks. Not here: which items lack (ledger/coverage.py), how the answers of the
earlier capture are carried over (partition_writer.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from resources.api.catalog.datasets import Dataset
from resources.api.request_plan import Request, items_of, narrowed, request_of
from resources.ledger.coverage import asked_items, item_key
from resources.raw.captures import Capture


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
