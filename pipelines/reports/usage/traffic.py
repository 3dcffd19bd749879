"""Section "Traffic and bandwidth": traffic, 95th percentile and peak, of the account and of domains.

Billing by calendar month is in billing.py. Read next: billing.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pipelines.reports.usage.entities import Fine, Series, Store, alone, by_key
from pipelines.reports.usage.scope import Range, Source
from pipelines.reports.usage.section import (
    Chart,
    Column,
    Figure,
    Line,
    Section,
    Table,
    Tile,
)

_BOTH = ("down", "up")
_P95 = Figure("p95", (), "mbps")
_TRAFFIC = Figure("sum", _BOTH, "bytes")
_PEAK = Figure("max", ("peak",), "mbps")
_PEAK_AT = Figure("when", ("peak",), "moment")
_DOWN, _UP = Figure("sum", ("down",), "bytes"), Figure("sum", ("up",), "bytes")
SECTION = Section(
    "traffic",
    "Traffic and bandwidth",
    ("edge_stat",),
    ("bandwidth_5min",),
    {"traffic": _TRAFFIC, "p95": _P95, "peak": _PEAK, "peak_at": _PEAK_AT},
    (
        (
            "traffic",
            "{traffic} in total. The 95th percentile of the bandwidth is {p95}, the peak {peak} on "
            "{peak_at}.",
        ),
        ("", "There was no traffic."),
    ),
    sentences=(
        "Bandwidth is the average over 5 minutes, up and down together. These are monitoring "
        "data; the vendor's invoice is what counts.",
    ),
    tile=Tile("Traffic", "traffic", "95th percentile {p95}"),
    charts=(
        Chart(
            "bandwidth",
            "Bandwidth",
            (Line("all together", ("peak",)),),
            "mbps",
            "lines",
            fine="mbps",
            by="domain",
            mark="p95",
            note="Average of each 5 minutes; of a longer range the highest of each day. The dashed line is "
            "the 95th percentile of the 5-minute points.",
        ),
        Chart(
            "traffic-by-day",
            "Traffic by day",
            (Line("down", ("down",)), Line("up", ("up",), colour=2)),
            "bytes",
        ),
    ),
    tables=(
        Table(
            "days-traffic",
            "Traffic by day",
            "day",
            "Day",
            (
                Column("Down", _DOWN),
                Column("Up", _UP),
                Column("Both", _TRAFFIC),
                Column("Peak", _PEAK),
                Column("At", Figure("when", ("peak",), "clock")),
            ),
        ),
        Table(
            "domains-traffic",
            "Traffic by domain",
            "domain",
            "Domain",
            (
                Column("Both", _TRAFFIC, has_bar=True),
                Column("Down", _DOWN),
                Column("Up", _UP),
                Column("95th percentile", _P95),
                Column("Peak", _PEAK),
                Column("At", _PEAK_AT),
            ),
            order=_TRAFFIC,
            most=30,
            note="Percentiles and peaks of domains do not add up: they occur at different times.",
        ),
    ),
)
SLOT_S = 300
FINE_DAYS = 92
"""The newest days of which the page has every slot of the account; of each domain _FINE_DAYS_OF_DOMAIN."""
_FINE_DAYS_OF_DOMAIN = 31
_FINE_VALUES = 150_000
"""Slots of domains in the page: about 1 MB. Domains after that have daily values only."""

_SLOTS = """
SELECT slot_start_at, sum(total_mbps) FROM bandwidth_5min
WHERE business_date BETWEEN $first AND $last AND ($domain::VARCHAR IS NULL OR domain = $domain)
  AND business_date NOT IN (SELECT unnest($holes::DATE[]))
GROUP BY slot_start_at ORDER BY slot_start_at
"""
_DAYS = """
WITH slots AS (
    SELECT business_date, slot_start_at, sum(down_traffic_bytes) AS down, sum(up_traffic_bytes) AS up,
           sum(total_mbps) AS mbps
    FROM bandwidth_5min
    WHERE business_date BETWEEN $first AND $last AND ($domain::VARCHAR IS NULL OR domain = $domain)
    GROUP BY ALL
)
SELECT business_date, sum(down), sum(up), max(mbps), arg_max(slot_start_at, (mbps, -epoch(slot_start_at)))
FROM slots GROUP BY business_date
"""
_P95S = """
SELECT domain, (list(total_mbps ORDER BY total_mbps DESC))[$dropped + 1] FROM bandwidth_5min
WHERE business_date BETWEEN $first AND $last AND domain IN (SELECT unnest($names))
  AND business_date NOT IN (SELECT unnest($holes::DATE[]))
GROUP BY domain
"""
MOST = """
SELECT domain FROM bandwidth_5min WHERE business_date BETWEEN $first AND $last
GROUP BY domain ORDER BY sum(down_traffic_bytes + up_traffic_bytes) DESC, domain LIMIT $most
"""
"""The domains with most traffic."""
_DOMAIN_DAYS = """
SELECT domain, business_date, sum(down_traffic_bytes), sum(up_traffic_bytes), max(total_mbps),
       arg_max(slot_start_at, (total_mbps, -epoch(slot_start_at)))
FROM bandwidth_5min
WHERE business_date BETWEEN $first AND $last AND domain IN (SELECT unnest($names))
GROUP BY domain, business_date
"""
_DOMAIN_SLOTS = """
SELECT domain, slot_start_at, total_mbps FROM bandwidth_5min
WHERE business_date BETWEEN $first AND $last AND domain IN (SELECT unnest($names))
"""
_SERIES = ("down", "up", "peak", "peak_at")


def dropped(points: int) -> int:
    """How many of the highest points the 95th percentile drops; the next one is its value."""
    return points * 5 // 100


def percentile(values: Iterable[float], points: int) -> float:
    """The 95th percentile as it is billed, of `points` slots; slots not in `values` count as 0.

    0 for no points. For a whole month it equals billing_monthly_account.
    """
    ranked = sorted(values, reverse=True)
    place = dropped(points)
    return ranked[place] if place < len(ranked) else 0.0


def load(store: Store) -> None:
    """The series of the account (or domain) and of the chosen domains, and their slots."""
    source = store.source
    holes = source.holes(SECTION.needs)
    points = (source.range.length - len(holes)) * 24 * 3600 // SLOT_S
    domain = source.domain and source.domain.name
    slots = dict(source.rows(_SLOTS, domain=domain, holes=holes))
    store.main.series |= main_series(source, source.range)
    store.main.whole["p95"] = percentile(slots.values(), points)
    first = max(0, source.range.length - FINE_DAYS)
    store.main.fine["mbps"] = _fine(store, slots, first)
    names = store.names
    for name, p95 in source.rows(_P95S, holes=holes, dropped=dropped(points), names=names):
        store.entity("domain", (name,)).whole["p95"] = p95 or 0.0
    days = source.rows(_DOMAIN_DAYS, names=names)
    store.fill("domain", by_key(days), _SERIES, SECTION.needs)
    _load_slots(store, names)


def main_series(source: Source, days: Range) -> Mapping[str, Series]:
    """The daily series of the account or the domain, over any days."""
    rows = source.rows(_DAYS, days, domain=source.domain and source.domain.name)
    return alone(source, rows, _SERIES, SECTION.needs, days)


def _load_slots(store: Store, names: Sequence[str]) -> None:
    """The slots of the newest days of as many domains as the page has room for."""
    length = store.source.range.length
    first = max(0, length - _FINE_DAYS_OF_DOMAIN)
    room = _FINE_VALUES // ((length - first) * 24 * 3600 // SLOT_S)
    days = Range(store.source.range.days[first], store.source.range.last)
    slots: dict[str, dict[datetime, float]] = {name: {} for name in names[:room]}
    for name, at, mbps in store.source.rows(_DOMAIN_SLOTS, days, names=names[:room]):
        slots[name][at] = mbps
    for name, found in slots.items():
        store.entity("domain", (name,)).fine["mbps"] = _fine(store, found, first)


def _fine(store: Store, slots: Mapping[datetime, float], first: int) -> Fine:
    """Slots from a day on, to five digits."""
    by_time = {int(at.timestamp()): mbps for at, mbps in slots.items()}
    holes = {*store.source.holes(SECTION.needs)}
    values: list[float | None] = []
    for i, day in enumerate(store.source.range.days[first:], first):
        begin, end = (int(at.timestamp()) for at in store.starts[i : i + 2])
        values += (
            None if day in holes else _rounded(by_time.get(at, 0.0))
            for at in range(begin, end, SLOT_S)
        )
    return Fine(first, SLOT_S, values)


def _rounded(mbps: float) -> float:
    """To five digits, which is more than the page shows."""
    number = float(f"{mbps:.5g}")
    return int(number) if number.is_integer() else number
