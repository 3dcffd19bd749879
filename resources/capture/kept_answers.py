"""Late data where an item is refused or not asked any more: its earlier answer is kept beside the new ones.

Not here: which answers are kept (supplement.py), files (partition_writer.py).
"""

from __future__ import annotations

from dataclasses import replace

from resources.api.catalog.model import Scope
from resources.api.request_plan import items_of
from resources.capture import supplement
from resources.capture.partition_writer import PartitionJob
from resources.lake import parquet
from resources.ledger.manifest_items import (
    item_key,
)


def keep_earlier(job: PartitionJob) -> tuple[str, ...]:
    """Take over the earlier answers for items without one in this job; the items, sorted.

    These no longer count as unanswered. Items that no earlier capture answered stay so. None are
    taken over where a request is about the whole account: such figures do not add up from parts.
    Raises UnusableCapture or ApiError if the earlier capture cannot be read.
    """
    before = job.previous
    if before is None or job.dataset.scope is Scope.ACCOUNT:
        return ()
    refused = [one.request for one in job.unanswered]
    asked = {item_key(job.dataset, i) for one in job.requests for i in items_of(job.dataset, one)}
    only = supplement.answered_before(job.dataset, refused, before, asked)
    kept = {item for some in only for item in some}
    if not kept:
        return ()
    staged = job.open_staged()
    staged.capture.carry(before, only)
    for rows in parquet.rows_of(job.dataset, before, only):
        staged.table.add(rows)
    keys = {item_key(job.dataset, item) for item in kept}
    rest = [(one, supplement.without(job.dataset, one.request, keys)) for one in job.unanswered]
    job.unanswered = [replace(one, request=left) for one, left in rest if left is not None]
    job.kept_items = keys
    return tuple(sorted(kept))
