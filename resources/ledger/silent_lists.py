"""Days whose list of pushes names none of a domain, though metrics show one that began and ended there.

An empty list proves nothing by itself: a push that goes on over midnight may be listed on another day. Not
here: pushes that another day's list names (unlisted_events.py), streams without metrics (silent_streams.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from resources.lake.activity import WHOLE_PUSH
from resources.ledger.raw_day import RawDayFacts
from resources.ledger.silent_hours import DomainHours

SHOWN_BY = "batch_push_stream_metrics"
"""It tells pushes apart."""

LIST_BY_DOMAIN, LIST_OF_ALL = "push_stream_info", "closed_stream_info"
"""Lists of pushes: asked for each domain, and for the account."""


def silent_lists(
    lists: Mapping[date, RawDayFacts], shown: DomainHours
) -> dict[date, tuple[str, ...]]:
    """Day -> in words: domains without a listed push, of which `shown` has a whole one.

    A list of the account without rows by domain counts if it has no row at all.
    """
    found: dict[date, tuple[str, ...]] = {}
    for day, facts in lists.items():
        whole = {one for one, its in shown.get(day, {}).items() if its[0] >> WHOLE_PUSH & 1}
        whole = {domain for domain in whole if is_silent(facts, domain)}
        if whole:
            texts = (f"no push of {one}, and metrics show one that ended" for one in whole)
            found[day] = tuple(sorted(texts))
    return found


def is_silent(facts: RawDayFacts, domain: str = "") -> bool:
    """True if a day's list has an answer about the domain, or any of them, and no row; none was erased."""
    if not facts.captures or domain in facts.erased_rows or "" in facts.erased_rows:
        return False
    if not facts.rows_by_domain:
        return not facts.captures[-1].rows and not facts.erased_rows
    rows = facts.rows_by_domain
    return rows.get(domain) == 0 if domain else 0 in rows.values()
