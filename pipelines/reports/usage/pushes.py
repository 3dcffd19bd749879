"""Pushes: how often streams broke off and came back, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.ticker import MaxNLocator

from pipelines.reports.usage import gaps, svg, words
from pipelines.reports.usage.scope import Range, Source
from pipelines.reports.usage.section import Bar, Card, Chart, Section, Table

TITLE = "Push interruptions"
NEEDS = ("push_stream_info",)
_SHOWN = 10

_SCOPE = "business_date BETWEEN $first AND $last AND ($push::VARCHAR IS NULL OR domain = $push)"
_WHAT = "sum(interruptions), sum(interrupted_s), max(longest_interruption_s)"
_DAYS = f"""
SELECT business_date, sum(pushes), {_WHAT} FROM push_interruptions_daily
WHERE {_SCOPE} GROUP BY business_date ORDER BY business_date
"""
_REASONS = f"""
SELECT interruption_reason, {_WHAT} FROM push_interruptions_daily
WHERE {_SCOPE} AND interruptions > 0 GROUP BY ALL ORDER BY 2 DESC, 1
"""
_STREAMS = f"""
SELECT domain, app, stream, {_WHAT} FROM push_interruptions_daily
WHERE {_SCOPE} AND interruptions > 0 GROUP BY domain, app, stream
ORDER BY 4 DESC, 5 DESC, domain, app, stream LIMIT {_SHOWN}
"""


def section(source: Source) -> Section:
    """The subject's part of the report."""
    nothing = gaps.absent(source, TITLE, NEEDS, ("push_interruptions_daily",))
    if nothing is not None:
        return nothing
    if source.domain is not None and source.domain.push is None:
        return Section(TITLE, f"No push domain is known for {source.domain.name}.")
    days = _asked(source, _DAYS)
    pushes, broken = (sum(row[i] for row in days) for i in (1, 2))
    missing = gaps.missing(source, NEEDS)
    if not pushes:
        return Section(TITLE, "No push began.", missing)
    moved = gaps.compared(
        source, NEEDS, broken, lambda: sum(r[2] for r in _asked(source, _DAYS, source.range.before))
    )
    card = Card("Interruptions", words.count(broken), f"of {words.count(pushes)} pushes", moved)
    if not broken:
        return Section(
            TITLE, f"None: {words.count(pushes)} pushes, and none went on after a break.", missing,
            card=card,
        )  # fmt: skip
    off = sum(row[3] or 0 for row in days)
    longest = max(row[4] or 0 for row in days)
    return Section(
        TITLE,
        f"{words.count(broken)} of {words.count(pushes)} pushes were reconnects after an "
        f"interruption; streams were off for {words.duration(off)} in all, "
        f"{words.duration(longest)} at the longest.",
        missing,
        sentences=[
            "A push that begins soon after the last one of its stream ended goes on with the same "
            "show: that is an interruption. Only pushes that have ended are known."
        ],
        card=card,
        charts=[_chart(source, days)] if source.range.length > 1 else [],
        tables=[_reasons(_asked(source, _REASONS)), _streams(_asked(source, _STREAMS))],
    )


def _asked(source: Source, sql: str, days: Range | None = None) -> list[tuple[Any, ...]]:
    return source.rows(sql, days, push=source.domain and source.domain.push)


def _chart(source: Source, days: Sequence[tuple[Any, ...]]) -> Chart:
    holes = source.holes(NEEDS)
    by_day = {row[0]: row for row in days}
    values = {d: by_day[d][2] if d in by_day else 0 for d in source.range.days if d not in holes}
    with svg.drawing():
        drawn, (axes,) = svg.figure(1.9)
        svg.day_bars(axes, source, values, svg.SERIES[1])
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        svg.shade(axes, source, holes)
        svg.time_axis(axes, source)
        svg.label(axes, "interruptions")
    rows = [
        (f"{day}", words.count(n), words.count(broken), words.duration(off or 0))
        for day, n, broken, off, _ in days
        if day not in holes
    ]
    head = ("Day", "Pushes", "Interruptions", "Off for")
    table = Table("Interruptions by day", head, rows, figures=3, folded=True)
    title = f"Interruptions by day, {source.range}."
    return Chart("Interruptions by day", svg.svg(drawn, "pushes", title), table=table)


def _reasons(found: Sequence[tuple[Any, ...]]) -> Table:
    most = found[0][1]
    rows: list[Sequence[str | Bar]] = [
        (reason or "none given", Bar(words.count(n), n / most), words.duration(off or 0))
        for reason, n, off, _ in found[:_SHOWN]
    ]
    return Table("Why the push before had ended", ("Reason", "Interruptions", "Off for"), rows)


def _streams(found: Sequence[tuple[Any, ...]]) -> Table:
    rows: list[Sequence[str | Bar]] = [
        (
            f"{app}/{stream}",
            domain,
            Bar(words.count(n), n / found[0][3]),
            words.duration(off or 0),
            words.duration(longest or 0),
        )
        for domain, app, stream, n, off, longest in found
    ]
    return Table(
        "Streams that were interrupted most",
        ("Stream", "Push domain", "Interruptions", "Off for", "Longest"),
        rows,
        figures=2,
    )
