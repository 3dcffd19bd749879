"""The days: one partitions definition for every dataset."""

from __future__ import annotations

from datetime import date

import dagster as dg


def daily(first_day: date, time_zone: str, *, days_ahead: int = 0) -> dg.DailyPartitionsDefinition:
    """Calendar days of the business zone from `first_day` to the last one that is over.

    `days_ahead` is how far the archive's clock is set ahead of the machine's, negative if behind.
    """
    return dg.DailyPartitionsDefinition(
        start_date=first_day.isoformat(), timezone=time_zone, end_offset=days_ahead
    )
