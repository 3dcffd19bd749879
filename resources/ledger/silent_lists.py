"""Days whose list of pushes names none of a domain, though metrics show one that began and ended there.

An empty list proves nothing by itself: a push that goes on over midnight may be listed on another day. Not
here: pushes that another day's list names (unlisted_events.py), streams without metrics (silent_streams.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from resources.lake.activity import SESSION
from resources.ledger.raw_day import RawDayFacts
from resources.ledger.silent_hours import DomainHours

SHOWN_BY = "batch_push_stream_metrics"
"""It tells pushes apart."""


def silent_lists(
    lists: Mapping[date, RawDayFacts], shown: DomainHours
) -> dict[date, tuple[str, ...]]:
    """Day -> in words: domains without a listed push, of which `shown` has a whole one."""
    found: dict[date, tuple[str, ...]] = {}
    for day, facts in lists.items():
        hours = shown.get(day, {})
        silent = [
            domain
            for domain, rows in facts.rows_by_domain.items()
            if not rows
            and domain not in facts.erased_rows
            and hours.get(domain, (0, 0))[0] >> SESSION & 1
        ]
        if silent:
            texts = (f"no push of {one}, and metrics show one that ended" for one in silent)
            found[day] = tuple(sorted(texts))
    return found
