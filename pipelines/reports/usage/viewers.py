"""Section "Viewers": peak number of viewers and its time, and hours watched.

Read next: section.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from pipelines.reports.usage import gaps, svg, words
from pipelines.reports.usage.scope import Range, Source
from pipelines.reports.usage.section import Bar, Card, Chart, Section, Table

TITLE = "Viewers"
NEEDS = ("stream_session_by_domain",)
_MARTS = ("viewers_daily", "viewers_daily_account", "viewers_hourly")
_HOURLY_DAYS = 33  # a longer range is drawn by days
_MAX_DOMAINS = 6

_DAILY = """
SELECT business_date, peak_online_users, peak_at, viewer_minutes, requests FROM {mart}
WHERE business_date BETWEEN $first AND $last AND online_user_type = 'Online' {where}
ORDER BY business_date
"""
_HOURS = """
SELECT domain, hour_start_at, peak_online_users FROM viewers_hourly
WHERE business_date BETWEEN $first AND $last AND online_user_type = 'Online'
  AND ($domain::VARCHAR IS NULL OR domain = $domain)
"""
_BY_DAY = """
SELECT domain, timezone($zone, business_date::TIMESTAMP), peak_online_users FROM viewers_daily
WHERE business_date BETWEEN $first AND $last AND online_user_type = 'Online'
  AND ($domain::VARCHAR IS NULL OR domain = $domain)
"""
_DOMAINS = """
SELECT domain, max(peak_online_users), arg_max(peak_at, (peak_online_users, -epoch(peak_at))),
       sum(viewer_minutes), sum(requests)
FROM viewers_daily
WHERE business_date BETWEEN $first AND $last AND online_user_type = 'Online'
  AND ($domain::VARCHAR IS NULL OR domain = $domain)
GROUP BY domain HAVING max(peak_online_users) > 0
ORDER BY sum(viewer_minutes) DESC, domain
"""


def _daily(source: Source, days: Range) -> list[tuple[Any, ...]]:
    """Day, peak, its time, minutes watched, requests; of the domain or the account."""
    if source.domain is None:
        return source.rows(_DAILY.format(mart="viewers_daily_account", where=""), days)
    sql = _DAILY.format(mart="viewers_daily", where="AND domain = $domain")
    return source.rows(sql, days, domain=source.domain.name)


def section(source: Source) -> Section:
    """The section on viewers."""
    nothing = gaps.unavailable(source, TITLE, NEEDS, _MARTS)
    if nothing is not None:
        return nothing
    days = _daily(source, source.range)
    missing = gaps.missing(source, NEEDS)
    peak, peak_at = _peak(days)
    if not peak or peak_at is None:
        return Section(TITLE, "There were no viewers.", missing, card=Card("Peak viewers", "none"))
    minutes = sum(row[3] for row in days)
    moved = gaps.compared(
        source, NEEDS, peak, lambda: _peak(_daily(source, source.range.before))[0]
    )
    domain = source.domain and source.domain.name
    domains = source.rows(_DOMAINS, domain=domain)
    return Section(
        TITLE,
        f"{words.count(peak)} viewers at the peak, on {words.moment(peak_at)}. They watched "
        f"{words.count(minutes / 60)} hours.",
        missing,
        sentences=[
            "A viewer is an open session. The peak of all domains is that of the account; of a day "
            "without an account-wide capture it is the peak of their sums over 5 minutes, slightly "
            "too high if they peak at different minutes."
            if source.domain is None
            else "A viewer is an open session."
        ],
        card=Card("Peak viewers", words.count(peak), f"on {words.moment(peak_at)}", moved),
        charts=[_chart(source, [name for name, *_ in domains], days)],
        tables=[_table(domains)] if len(domains) > 1 else [],
    )


def _peak(days: Sequence[tuple[Any, ...]]) -> tuple[float, datetime | None]:
    """The highest number of viewers, and when it was reached first."""
    best: tuple[float, datetime | None] = (0, None)
    for _, peak, at, *_ in days:
        if peak and peak > best[0]:
            best = (peak, at)
    return best


def _chart(source: Source, names: Sequence[str], days: Sequence[tuple[Any, ...]]) -> Chart:
    is_hourly = source.range.length <= _HOURLY_DAYS
    domain = source.domain and source.domain.name
    rows = (
        source.rows(_HOURS, domain=domain)
        if is_hourly
        else source.rows(_BY_DAY, domain=domain, zone=source.zone.key)
    )
    width = timedelta(hours=1) if is_hourly else timedelta(days=1)
    starts = [*source.slots(int(width.total_seconds()))]
    place = {start: i for i, start in enumerate(starts)}
    holes: list[date] = source.holes(NEEDS)
    gap = np.array([np.nan if start.date() in holes else 0.0 for start in starts])
    lines = {name: gap.copy() for name in names[:_MAX_DOMAINS]}
    for name, start, peak in rows:
        if name in lines and start.astimezone(source.zone) in place:
            lines[name][place[start.astimezone(source.zone)]] += peak
    with svg.drawing():
        drawn, (axes,) = svg.figure(2.7)
        for i, (name, values) in enumerate(lines.items()):
            axes.step(
                # Each value applies to the end of its hour.
                [svg.at(start) for start in [*starts, source.end]],
                [*values, values[-1]],
                where="post", color=svg.SERIES[i], linestyle=svg.DASHES[i], linewidth=1.6 if source.range.length <= 10 else 1.1,
                label=svg.clean(name),
            )  # fmt: skip
        axes.set_ylim(bottom=0)
        svg.thousands(axes)
        svg.shade(axes, source, holes)
        svg.time_axis(axes, source)
        svg.label(axes, "viewers")
        if len(lines) > 1:
            svg.legend(axes, 4)
    left = len(names) - len(lines)
    note = (
        f"The {len(lines)} domains with the most viewers; {left} more are not drawn."
        if left
        else ""
    )
    table = Table(
        "Viewers by day",
        ("Day", "Peak", "At", "Hours watched", "Requests"),
        [
            (f"{day}", words.count(peak), f"{at:%H:%M}" if at else "–", words.count(m / 60), words.count(r))
            for day, peak, at, m, r in days
            if day not in holes
        ],
        figures=4,
        folded=True,
    )  # fmt: skip
    what = f"Most viewers of each {'hour' if is_hourly else 'day'}"
    title = what + (" by domain" if len(lines) > 1 else "")
    return Chart(title, svg.svg(drawn, "viewers", f"{title}, {source.range}."), note, table)


def _table(domains: Sequence[tuple[Any, ...]]) -> Table:
    most = max(minutes for _, _, _, minutes, _ in domains) or 1
    rows: list[Sequence[str | Bar]] = [
        (
            name,
            Bar(words.count(minutes / 60), minutes / most),
            f"{words.count(peak)}, {words.moment(at)}",
            words.count(requests),
        )
        for name, peak, at, minutes, requests in domains[:20]
    ]
    return Table(
        "Viewers by domain",
        ("Domain", "Hours watched", "Peak", "Requests"),
        rows,
        figures=2,
        note="Peaks of domains do not add up: they occur at different times.",
    )
