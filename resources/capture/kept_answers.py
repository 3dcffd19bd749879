"""Late data where an item is refused or not asked any more: its earlier answer is kept beside the new ones.

Not here: which answers are kept (supplement.py), files (partition_writer.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import Scope
from resources.api.request_plan import narrowed, request_of
from resources.capture import supplement
from resources.capture.partition_writer import PartitionJob
from resources.lake import parquet
from resources.ledger.manifest_items import UNASKED, item_key
from resources.raw.captures import Capture, UnusableCapture


def keep_earlier(job: PartitionJob) -> tuple[str, ...]:
    """Take over the earlier answers for items without one in this job; the items, sorted.

    These no longer count as unanswered. Items that no earlier capture answered stay so. None are
    taken over where a request is about the whole account: such figures do not add up from parts.
    Raises UnusableCapture or ApiError if the earlier capture cannot be read.
    """
    before = job.previous
    if before is None or job.dataset.scope is Scope.ACCOUNT or not _has_manifest(before):
        return ()
    refused = [one.request for one in job.unanswered]
    only = supplement.answered_before(job.dataset, refused, before, job.asked)
    kept = {item for some in only for item in some}
    if not kept:
        return ()
    staged = job.open_staged()
    # Rows first: an earlier capture whose answers are damaged is not carried.
    for rows in parquet.rows_of(job.dataset, before, only):
        staged.table.add(rows)
    staged.capture.carry(before, only)
    keys = {item_key(job.dataset, item) for item in kept}
    rest = [(one, supplement.without(job.dataset, one.request, keys)) for one in job.unanswered]
    job.unanswered = [replace(one, request=left) for one, left in rest if left is not None]
    job.kept_items, job.unasked = keys, keys - job.asked
    job.kept_lacking = [*_lacking_of(job.dataset, before, job.unasked)]
    return tuple(sorted(kept))


def _has_manifest(capture: Capture) -> bool:
    """False for a damaged manifest: a new capture replaces it."""
    try:
        return bool(capture.manifest)
    except UnusableCapture:
        return False


def note_unasked(job: PartitionJob) -> None:
    """What the carried capture of a supplement has and lacks of items that are not asked any more."""
    if job.carried is None:
        return
    job.unasked = {*job.carried.manifest.get(UNASKED, ())} - job.asked
    lacking = {item_key(job.dataset, i) for one in job.carried.lacking for i in one["items"]}
    job.kept_lacking = [*_lacking_of(job.dataset, job.carried, lacking - job.asked)]


def _lacking_of(
    dataset: Dataset, before: Capture, items: Collection[str]
) -> Iterator[Mapping[str, Any]]:
    """What `before` has no answer to of `items`, as entries of a manifest."""
    for entry in before.lacking:
        found = [one for one in entry["items"] if item_key(dataset, one) in items]
        if len(found) == len(entry["items"]) > 0:
            yield entry
        elif found:
            request = narrowed(dataset, request_of(dataset, entry["payload"]), found)
            yield {**entry, "payload": dict(request.payload), "items": found}
