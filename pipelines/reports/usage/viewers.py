"""Section "Viewers": peak number of viewers and its time, and hours watched.

Read next: section.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pipelines.reports.usage.entities import Fine, Series, Store, alone, by_key
from pipelines.reports.usage.scope import Range, Source
from pipelines.reports.usage.section import Chart, Column, Figure, Line, Section, Table, Tile

_PEAK = Figure("max", ("viewers",))
_PEAK_AT = Figure("when", ("viewers",), "moment")
_HOURS = Figure("sum", ("watched",), scale=1 / 60)
_REQUESTS = Figure("sum", ("requests",))
SECTION = Section(
    "viewers",
    "Viewers",
    ("stream_session_by_domain",),
    ("viewers_daily", "viewers_daily_account", "viewers_hourly"),
    {"peak": _PEAK, "peak_at": _PEAK_AT, "hours": _HOURS},
    (
        ("peak", "{peak} viewers at the peak, on {peak_at}. They watched {hours} hours."),
        ("", "There were no viewers."),
    ),
    sentences=(
        "A viewer is an open session. The peak of all domains is that of the account; of a day "
        "without an account-wide capture it is the peak of their sums over 5 minutes, slightly "
        "too high if they peak at different minutes.",
    ),
    tile=Tile("Peak viewers", "peak", "on {peak_at}"),
    charts=(
        Chart(
            "viewers",
            "Viewers",
            (Line("all together", ("viewers",)),),
            "count",
            "steps",
            fine="viewers",
            by="domain",
            note="Most viewers of each hour; of a longer range, and of all together, of each day.",
        ),
    ),
    tables=(
        Table(
            "days-viewers",
            "Viewers by day",
            "day",
            "Day",
            (
                Column("Peak", _PEAK),
                Column("At", Figure("when", ("viewers",), "clock")),
                Column("Hours watched", _HOURS),
                Column("Requests", _REQUESTS),
            ),
        ),
        Table(
            "domains-viewers",
            "Viewers by domain",
            "domain",
            "Domain",
            (
                Column("Hours watched", _HOURS, has_bar=True),
                Column("Peak", _PEAK),
                Column("At", _PEAK_AT),
                Column("Requests", _REQUESTS),
            ),
            order=_HOURS,
            most=30,
            note="Peaks of domains do not add up: they occur at different times.",
        ),
    ),
)
_FINE_DAYS = 31
_HOUR_S = 3600

_DAILY = """
SELECT {key} business_date, peak_online_users, peak_at, viewer_minutes, requests FROM {mart}
WHERE business_date BETWEEN $first AND $last AND online_user_type = 'Online' {where}
"""
_HOURLY = """
SELECT domain, hour_start_at, peak_online_users FROM viewers_hourly
WHERE business_date BETWEEN $first AND $last AND online_user_type = 'Online'
  AND domain IN (SELECT unnest($names))
"""
_SERIES = ("viewers", "viewers_at", "watched", "requests")


def load(store: Store) -> None:
    """The series of the account (or domain) and of the chosen domains, and their hours."""
    source = store.source
    store.main.series |= main_series(source, source.range)
    where = "AND domain IN (SELECT unnest($names))"
    sql = _DAILY.format(key="domain,", mart="viewers_daily", where=where)
    store.fill("domain", by_key(source.rows(sql, names=store.names)), _SERIES, SECTION.needs)
    _load_hours(store, [source.domain.name] if source.domain else store.names)


def main_series(source: Source, days: Range) -> Mapping[str, Series]:
    """The daily series of the account or the domain, over any days."""
    if source.domain is None:
        rows = source.rows(_DAILY.format(key="", mart="viewers_daily_account", where=""), days)
    else:
        sql = _DAILY.format(key="", mart="viewers_daily", where="AND domain = $domain")
        rows = source.rows(sql, days, domain=source.domain.name)
    return alone(source, rows, _SERIES, SECTION.needs, days)


def _load_hours(store: Store, names: list[str]) -> None:
    """The peak of each hour of the newest days, by domain; the account has none of its own."""
    source = store.source
    first = max(0, source.range.length - _FINE_DAYS)
    days = Range(source.range.days[first], source.range.last)
    hours: dict[str, dict[datetime, float]] = {name: {} for name in names}
    for name, at, peak in source.rows(_HOURLY, days, names=names):
        hours[name][at] = peak
    holes = {*source.holes(SECTION.needs)}
    for name, found in hours.items():
        by_time = {int(at.timestamp()): peak for at, peak in found.items()}
        values: list[float | None] = []
        for i, day in enumerate(source.range.days[first:], first):
            begin, end = (int(at.timestamp()) for at in store.starts[i : i + 2])
            values += (
                None if day in holes else by_time.get(at, 0) for at in range(begin, end, _HOUR_S)
            )
        entity = store.main if source.domain else store.entity("domain", (name,))
        entity.fine["viewers"] = Fine(first, _HOUR_S, values)
