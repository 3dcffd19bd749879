"""Section "Errors": shares of 4xx and 5xx responses, by day, carrier and status code.

Read next: section.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.reports.usage import gaps, svg, words
from pipelines.reports.usage.scope import Range, Source
from pipelines.reports.usage.section import Bar, Card, Chart, Section, Table

TITLE = "Errors"
NEEDS = ("play_status_code",)
_MAX_CODES = 12

_SCOPE = """business_date BETWEEN $first AND $last AND request_type = 'Access'
  AND ($domain::VARCHAR IS NULL OR domain = $domain)"""
_COUNTED = """sum(responses), coalesce(sum(responses) FILTER (status_class = '4xx'), 0),
       coalesce(sum(responses) FILTER (status_class = '5xx'), 0)"""
_DAYS = f"""
SELECT business_date, {_COUNTED} FROM errors_daily
WHERE {_SCOPE} GROUP BY business_date ORDER BY business_date
"""
_CARRIERS = f"""
SELECT coalesce(any_value(isp_name), e.isp), {_COUNTED}
FROM errors_daily e LEFT JOIN dim_isp i ON i.isp = e.isp
WHERE {_SCOPE} GROUP BY e.isp HAVING sum(responses) > 0
ORDER BY e.isp
"""
_ERRORS = f"""
SELECT status_code, status_class, sum(responses) FROM errors_daily
WHERE {_SCOPE} AND status_class IN ('4xx', '5xx')
GROUP BY status_code, status_class HAVING sum(responses) > 0
ORDER BY sum(responses) DESC, status_code
"""


def section(source: Source) -> Section:
    """The section on errors."""
    nothing = gaps.unavailable(source, TITLE, NEEDS, ("errors_daily", "dim_isp"))
    if nothing is not None:
        return nothing
    days = _daily(source, source.range)
    every, refused, failed = (sum(row[i] for row in days) for i in (1, 2, 3))
    missing = gaps.missing(source, NEEDS)
    if not every:
        return Section(TITLE, "There were no requests.", missing)
    moved = gaps.compared(
        source,
        NEEDS,
        failed / every,
        lambda: _rate(_daily(source, source.range.before)),
        is_share=True,
    )
    carriers = sorted(
        _query(source, _CARRIERS), key=lambda row: (-row[3] / row[1], -row[1], row[0])
    )
    worst = carriers[0]
    worst_text = (
        f" Highest for {worst[0]}: {words.share(worst[3] / worst[1])}."
        if len(carriers) > 1 and worst[3]
        else ""
    )
    return Section(
        TITLE,
        f"{words.share(failed / every)} of {words.count(every)} responses were server errors (5xx), "
        f"{words.share(refused / every)} client errors (4xx).{worst_text}",
        missing,
        sentences=["Shares are of responses at the edge, pushes and plays together."],
        card=Card("Server errors (5xx)", words.share(failed / every), f"4xx: {words.share(refused / every)}", moved),
        charts=[_chart(source, days)] if source.range.length > 1 else [],
        tables=[_by_carrier(carriers), *_by_code(_query(source, _ERRORS), every)],
    )  # fmt: skip


def _query(source: Source, sql: str, days: Range | None = None) -> list[tuple[Any, ...]]:
    return source.rows(sql, days, domain=source.domain and source.domain.name)


def _daily(source: Source, days: Range) -> list[tuple[Any, ...]]:
    return _query(source, _DAYS, days)


def _rate(days: Sequence[tuple[Any, ...]]) -> float | None:
    every = sum(row[1] for row in days)
    return sum(row[3] for row in days) / every if every else None


def _chart(source: Source, days: Sequence[tuple[Any, ...]]) -> Chart:
    holes = source.holes(NEEDS)
    by_day = {row[0]: row for row in days}
    nothing = float("nan")
    with svg.drawing():
        drawn, (axes,) = svg.figure(2.2)
        for column, name, colour, dash, mark in (
            (2, "4xx, client errors", svg.SERIES[0], svg.DASHES[1], "o"),
            (3, "5xx, server errors", svg.SERIES[5], svg.DASHES[0], "s"),
        ):
            values = [
                nothing
                if day in holes or not by_day.get(day, (0, 0))[1]
                else by_day[day][column] / by_day[day][1] * 100
                for day in source.range.days
            ]
            axes.plot(
                [svg.at(source.start) + i + 0.5 for i in range(len(values))], values, label=name,
                color=colour, linestyle=dash, marker=mark, markersize=4.5 if len(values) < 62 else 0,
                linewidth=1.6,
            )  # fmt: skip
        axes.set_ylim(bottom=0)
        svg.shade(axes, source, holes)
        svg.time_axis(axes, source)
        svg.label(axes, "% of responses")
        svg.legend(axes, 2)
    rows = [
        (
            f"{day}",
            words.count(every),
            words.count(refused),
            words.share(refused / every),
            words.count(failed),
            words.share(failed / every),
        )
        for day, every, refused, failed in days
        if every and day not in holes
    ]
    head = ("Day", "Responses", "4xx", "Share", "5xx", "Share")
    table = Table("Errors by day", head, rows, figures=5, folded=True)
    return Chart(
        "Client and server errors by day",
        svg.svg(drawn, "errors", f"Share of 4xx and 5xx responses by day, {source.range}."),
        table=table,
    )


def _by_carrier(carriers: Sequence[tuple[Any, ...]]) -> Table:
    most = max(failed / every for _, every, _, failed in carriers) or 1
    rows: list[Sequence[str | Bar]] = [
        (
            name,
            Bar(words.share(failed / every), failed / every / most),
            words.count(failed),
            words.share(refused / every),
            words.count(every),
        )
        for name, every, refused, failed in carriers
    ]
    return Table(
        "Server errors by carrier",
        ("Carrier", "5xx", "Server errors", "4xx", "Responses"),
        rows,
        figures=3,
    )


def _by_code(codes: Sequence[tuple[Any, ...]], every: float) -> list[Table]:
    if not codes:
        return []
    most = max(n for *_, n in codes)
    rows: list[Sequence[str | Bar]] = [
        (f"{code}", kind, Bar(words.count(n), n / most), words.share(n / every))
        for code, kind, n in codes[:_MAX_CODES]
    ]
    return [Table("Errors by code", ("Code", "Class", "Responses", "Of all responses"), rows)]
