"""The days: one partitions definition for every dataset."""

from __future__ import annotations

from datetime import date

import dagster as dg


def daily(first_day: date, time_zone: str) -> dg.DailyPartitionsDefinition:
    """Calendar days of the business zone from `first_day` to the last one that is over."""
    return dg.DailyPartitionsDefinition(start_date=first_day.isoformat(), timezone=time_zone)
