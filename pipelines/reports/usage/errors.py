"""Section "Errors": shares of 4xx and 5xx responses, by day, carrier and status code.

Read next: section.py.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.reports.usage.entities import Series, Store, alone, by_key
from pipelines.reports.usage.scope import Range, Source
from pipelines.reports.usage.section import Chart, Column, Figure, Line, Section, Table, Tile

_EVERY = Figure("sum", ("responses",))
_FAILED = Figure("share", ("http_5xx",), "share", per=("responses",))
_REFUSED = Figure("share", ("http_4xx",), "share", per=("responses",))
_FAILURES, _REFUSALS = Figure("sum", ("http_5xx",)), Figure("sum", ("http_4xx",))
SECTION = Section(
    "errors",
    "Errors",
    ("play_status_code",),
    ("errors_daily", "dim_isp"),
    {"every": _EVERY, "failed": _FAILED, "refused": _REFUSED},
    (
        (
            "every",
            "{failed} of {every} responses were server errors (5xx), {refused} client errors (4xx).",
        ),
        ("", "There were no requests."),
    ),
    sentences=("Shares are of responses at the edge, pushes and plays together.",),
    tile=Tile("Server errors (5xx)", "failed", "4xx: {refused}", "points"),
    charts=(
        Chart(
            "errors",
            "Client and server errors by day",
            (
                Line("4xx, client errors", ("http_4xx",), ("responses",)),
                Line("5xx, server errors", ("http_5xx",), ("responses",), colour=6),
            ),
            "share",
            "lines",
        ),
    ),
    tables=(
        Table(
            "days-errors",
            "Errors by day",
            "day",
            "Day",
            (
                Column("Responses", _EVERY),
                Column("4xx responses", _REFUSALS),
                Column("4xx", _REFUSED),
                Column("5xx responses", _FAILURES),
                Column("5xx", _FAILED),
            ),
        ),
        Table(
            "carriers",
            "Server errors by carrier",
            "carrier",
            "Carrier",
            (
                Column("5xx", _FAILED, has_bar=True),
                Column("5xx responses", _FAILURES),
                Column("4xx", _REFUSED),
                Column("Responses", _EVERY),
            ),
            order=_FAILED,
            top="Highest for {name}: {value}.",
        ),
        Table(
            "codes",
            "Errors by code",
            "code",
            "Code",
            (Column("Responses", _EVERY, has_bar=True),),
            order=_EVERY,
            most=12,
        ),
    ),
)

_COUNTED = """sum(responses), coalesce(sum(responses) FILTER (status_class = '4xx'), 0),
       coalesce(sum(responses) FILTER (status_class = '5xx'), 0)"""
_SCOPE = """business_date BETWEEN $first AND $last AND request_type = 'Access'
  AND ($domain::VARCHAR IS NULL OR domain = $domain)"""
_DAYS = f"SELECT business_date, {_COUNTED} FROM errors_daily WHERE {_SCOPE} GROUP BY business_date"
_DOMAINS = f"""
SELECT domain, business_date, {_COUNTED} FROM errors_daily
WHERE {_SCOPE} AND domain IN (SELECT unnest($names)) GROUP BY domain, business_date
"""
_CARRIERS = f"""
SELECT coalesce(i.isp_name, e.isp), business_date, {_COUNTED}
FROM errors_daily e LEFT JOIN dim_isp i ON i.isp = e.isp WHERE {_SCOPE} GROUP BY ALL
"""
_CODES = f"""
SELECT status_code, business_date, sum(responses) FROM errors_daily
WHERE {_SCOPE} AND status_class IN ('4xx', '5xx')
  AND status_code IN (
    SELECT status_code FROM errors_daily WHERE {_SCOPE} AND status_class IN ('4xx', '5xx')
    GROUP BY status_code ORDER BY sum(responses) DESC, status_code LIMIT 20)
GROUP BY ALL
"""
_SERIES = ("responses", "http_4xx", "http_5xx")


def load(store: Store) -> None:
    """The series of the account (or domain), of domains, carriers and the most frequent codes."""
    source = store.source
    store.main.series |= main_series(source, source.range)
    domain = source.domain and source.domain.name
    rows = source.rows(_DOMAINS, domain=domain, names=store.names)
    store.fill("domain", by_key(rows), _SERIES, SECTION.needs)
    for group, sql, names_of in (("carrier", _CARRIERS, _SERIES), ("code", _CODES, _SERIES[:1])):
        rows = source.rows(sql, domain=domain)
        store.fill(group, by_key(rows), names_of, SECTION.needs)


def main_series(source: Source, days: Range) -> Mapping[str, Series]:
    """The daily series of the account or the domain, over any days."""
    rows = source.rows(_DAYS, days, domain=source.domain and source.domain.name)
    return alone(source, rows, _SERIES, SECTION.needs, days)
