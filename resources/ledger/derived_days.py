"""Which derived days no longer say what the dataset says that they were made of.

Not here: making them anew (capture/derive.py), the other reasons for doubt (evidence.py).
"""

from __future__ import annotations

from resources.ledger.raw_day import RawDayFacts


def is_outdated(own: RawDayFacts, source: RawDayFacts) -> bool:
    """True if the newest capture of a day was made of `source`, which has a later one since.

    Not if the API has confirmed the day after that. Times are compared, as names change by erasures.
    """
    if not own.derived_from or own.last_seen is None or not source.captures:
        return False
    return source.captures[-1].fetched_at > own.last_seen
