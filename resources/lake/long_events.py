"""Pushes of a day's list that touch other days as well: these should list them, too.

A few of them, chosen by a hash of their keys, so that the same are chosen on every day. Not here: the
comparison of days (ledger/unlisted_events.py).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

import pyarrow as pa

from resources.api.catalog.datasets import Dataset
from resources.api.catalog.spelling import domain_key

LISTS = frozenset({"push_stream_info"})
"""Datasets whose events state when they really began and ended."""

MOST = 20
LONG_S = 600
"""Seconds of a day for which an event must have gone on to be expected in its list."""

_ROWS_AT_ONCE = 10_000  # as Python objects, of half a kilobyte each

Event = tuple[str, str, int, int]
"""Hash of the key, domain, begin and end in seconds since 1970."""


@dataclass
class LongEvents:
    """The events in the rows of one day."""

    dataset: Dataset
    _events: set[Event] = field(default_factory=set)

    def add(self, table: pa.Table) -> None:
        """Add rows."""
        if self.dataset.name not in LISTS or self.dataset.times is None:
            return
        begins, ends = self.dataset.times
        batches = table.select(["domain", "app", "stream", begins, ends]).to_batches(_ROWS_AT_ONCE)
        for row in chain.from_iterable(batch.to_pylist() for batch in batches):
            begin, end = row[begins], row[ends]
            if begin is None or end is None or (end - begin).total_seconds() < LONG_S:
                continue
            domain = domain_key(row["domain"])
            key = "\n".join((domain, row["app"], row["stream"], begin.isoformat()))
            digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:12]
            self._events.add((digest, domain, int(begin.timestamp()), int(end.timestamp())))

    def beyond(self, window: tuple[datetime, datetime]) -> list[Event]:
        """Those that began before the window or ended after it, MOST at most, by hash."""
        first, last = (edge.timestamp() for edge in window)
        return sorted(one for one in self._events if one[2] < first or one[3] > last)[:MOST]
