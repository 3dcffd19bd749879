"""Section "Push interruptions": how often streams broke off and reconnected, and why.

What counts as an interruption is decided by the mart push_interruptions_daily. Read next: section.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.ticker import MaxNLocator

from pipelines.reports.usage import gaps, svg, words
from pipelines.reports.usage.scope import Range, Source
from pipelines.reports.usage.section import Bar, Card, Chart, Section, Table

TITLE = "Push interruptions"
NEEDS = ("push_stream_info",)
_MAX_ROWS = 10

_SCOPE = "business_date BETWEEN $first AND $last AND ($push::VARCHAR IS NULL OR domain = $push)"
_SUMS = "sum(interruptions), sum(interrupted_s), max(longest_interruption_s)"
_DAYS = f"""
SELECT business_date, sum(pushes), {_SUMS} FROM push_interruptions_daily
WHERE {_SCOPE} GROUP BY business_date ORDER BY business_date
"""
_REASONS = f"""
SELECT interruption_reason, {_SUMS} FROM push_interruptions_daily
WHERE {_SCOPE} AND interruptions > 0 GROUP BY ALL ORDER BY 2 DESC, 1
"""
_STREAMS = f"""
SELECT domain, app, stream, {_SUMS} FROM push_interruptions_daily
WHERE {_SCOPE} AND interruptions > 0 GROUP BY domain, app, stream
ORDER BY 4 DESC, 5 DESC, domain, app, stream LIMIT {_MAX_ROWS}
"""


def section(source: Source) -> Section:
    """The section on push interruptions."""
    nothing = gaps.unavailable(source, TITLE, NEEDS, ("push_interruptions_daily",))
    if nothing is not None:
        return nothing
    if source.domain is not None and source.domain.push is None:
        return Section(TITLE, f"No push domain is known for {source.domain.name}.")
    days = _query(source, _DAYS)
    pushes, broken = (sum(row[i] for row in days) for i in (1, 2))
    missing = gaps.missing(source, NEEDS)
    if not pushes:
        return Section(TITLE, "There were no pushes.", missing)
    moved = gaps.compared(
        source, NEEDS, broken, lambda: sum(r[2] for r in _query(source, _DAYS, source.range.before))
    )
    card = Card("Interruptions", words.count(broken), f"of {words.count(pushes)} pushes", moved)
    if not broken:
        return Section(
            TITLE, f"No interruptions in {words.count(pushes)} pushes.", missing,
            card=card,
        )  # fmt: skip
    off = sum(row[3] or 0 for row in days)
    longest = max(row[4] or 0 for row in days)
    return Section(
        TITLE,
        f"{words.count(broken)} of {words.count(pushes)} pushes were reconnects after an "
        f"interruption. Streams were off for {words.duration(off)} in total, "
        f"at most {words.duration(longest)} at a time.",
        missing,
        sentences=[
            "A push that begins soon after the previous push of its stream ended counts as a "
            "reconnect after an interruption. Only pushes that have ended are known."
        ],
        card=card,
        charts=[_chart(source, days)] if source.range.length > 1 else [],
        tables=[_reasons(_query(source, _REASONS)), _streams(_query(source, _STREAMS))],
    )


def _query(source: Source, sql: str, days: Range | None = None) -> list[tuple[Any, ...]]:
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


def _reasons(rows_by_reason: Sequence[tuple[Any, ...]]) -> Table:
    most = rows_by_reason[0][1]
    rows: list[Sequence[str | Bar]] = [
        (reason or "none given", Bar(words.count(n), n / most), words.duration(off or 0))
        for reason, n, off, _ in rows_by_reason[:_MAX_ROWS]
    ]
    return Table("Why the previous push had ended", ("Reason", "Interruptions", "Off for"), rows)


def _streams(interrupted: Sequence[tuple[Any, ...]]) -> Table:
    rows: list[Sequence[str | Bar]] = [
        (
            f"{app}/{stream}",
            domain,
            Bar(words.count(n), n / interrupted[0][3]),
            words.duration(off or 0),
            words.duration(longest or 0),
        )
        for domain, app, stream, n, off, longest in interrupted
    ]
    return Table(
        "Streams that were interrupted most",
        ("Stream", "Push domain", "Interruptions", "Off for", "Longest"),
        rows,
        figures=2,
    )
