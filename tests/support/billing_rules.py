"""The billing rules in plain Python, written from their definitions and without the warehouse."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

Points = Mapping[datetime, float]
"""Mbps of each 5-minute slot that has a row, by its start."""

MBPS_BYTES = 300 * 1_000_000 // 8
"""What 1 Mbps carries in 5 minutes."""


@dataclass(frozen=True)
class Bill:
    """What a month comes to, in Mbps."""

    p95: float
    fourth_peak: float
    daily_peak_average: float
    peak: float


def points_of(days: int) -> int:
    return days * 24 * 60 // 5


def p95(values: Iterable[float], days: int) -> float:
    """Of all points of the days, absent ones as 0, drop the highest 5 %, rounded down."""
    whole = points_of(days)
    ordered = sorted(values, reverse=True)
    ordered += [0.0] * (whole - len(ordered))
    return ordered[whole * 5 // 100]


def bill(points: Points, day_of: Mapping[datetime, date], month: date) -> Bill:
    """The four rules for one month; `day_of` tells the business day of each slot."""
    days = calendar.monthrange(month.year, month.month)[1]
    peaks: dict[date, float] = defaultdict(float)
    for at, value in points.items():
        peaks[day_of[at]] = max(peaks[day_of[at]], value)
    daily = sorted(peaks.values(), reverse=True) + [0.0] * days
    return Bill(p95(points.values(), days), daily[3], sum(daily) / days, daily[0])


def added(of_domains: Iterable[Points]) -> dict[datetime, float]:
    """Domains added up instant by instant."""
    found: dict[datetime, float] = defaultdict(float)
    for points in of_domains:
        for at, value in points.items():
            found[at] += value
    return dict(found)
