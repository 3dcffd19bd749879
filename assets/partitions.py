"""The days as Dagster partitions: one definition for every dataset.

Not here: what is due (pipelines/planning). Read next: lake.py.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from resources.archive import Archive


def partitions_of(archive: Archive) -> dg.DailyPartitionsDefinition:
    """Partitions of the days of `archive` that are over by its clock."""
    # Rounded up: the archive's clock can be set, and may pass midnight before the machine's clock.
    ahead = (archive.now() - datetime.now(UTC)) / timedelta(days=1)
    return daily(
        archive.first_day, archive.settings.time_zone, days_ahead=math.ceil(round(ahead, 3))
    )


def daily(first_day: date, time_zone: str, *, days_ahead: int = 0) -> dg.DailyPartitionsDefinition:
    """Calendar days of the business zone from `first_day` to the last one that is over.

    `days_ahead` is how far the archive's clock is set ahead of the machine's, negative if behind.
    """
    return dg.DailyPartitionsDefinition(
        start_date=first_day.isoformat(), timezone=time_zone, end_offset=days_ahead
    )
