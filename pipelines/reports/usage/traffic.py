"""Section "Traffic and bandwidth": traffic, 95th percentile and peak, by domain and by day.

Billing by calendar month is in billing.py. Read next: billing.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from pipelines.reports.usage import gaps, svg, words
from pipelines.reports.usage.billing import billing_summary
from pipelines.reports.usage.scope import Range, Source
from pipelines.reports.usage.section import Bar, Card, Chart, Section, Table

TITLE = "Traffic and bandwidth"
NEEDS = ("edge_stat",)
_SLOT_S = 300
_WIDTHS_S = (300, 900, 3600, 3 * 3600, 12 * 3600)
_POINTS = 800  # more cannot be told apart in the chart
_MAX_DOMAINS = 6  # domains with a colour of their own

_SLOTS = """
SELECT slot_start_at, sum(total_mbps) FROM bandwidth_5min
WHERE business_date BETWEEN $first AND $last AND ($domain::VARCHAR IS NULL OR domain = $domain)
GROUP BY slot_start_at ORDER BY slot_start_at
"""
_DOMAINS = """
SELECT domain, sum(down_traffic_bytes), sum(up_traffic_bytes), max(total_mbps),
       arg_max(slot_start_at, (total_mbps, -epoch(slot_start_at))),
       coalesce((list(total_mbps ORDER BY total_mbps DESC))[$dropped + 1], 0)
FROM bandwidth_5min
WHERE business_date BETWEEN $first AND $last AND ($domain::VARCHAR IS NULL OR domain = $domain)
GROUP BY domain ORDER BY sum(down_traffic_bytes + up_traffic_bytes) DESC, domain
"""
_AT = """
SELECT domain, slot_start_at, total_mbps FROM bandwidth_5min
WHERE slot_start_at IN (SELECT unnest($slots)) AND business_date BETWEEN $first AND $last
"""
_DAYS = """
SELECT business_date, sum(down_traffic_bytes), sum(up_traffic_bytes) FROM bandwidth_5min
WHERE business_date BETWEEN $first AND $last AND ($domain::VARCHAR IS NULL OR domain = $domain)
GROUP BY business_date ORDER BY business_date
"""


def dropped(points: int) -> int:
    """How many of the highest points the 95th percentile drops; the next one is its value."""
    return points * 5 // 100


def percentile(values: Sequence[float], points: int) -> float:
    """The 95th percentile as it is billed, of `points` slots; slots not in `values` count as 0.

    0 for no points. For a whole month it equals billing_monthly_account.
    """
    ranked = sorted(values, reverse=True)
    place = dropped(points)
    return ranked[place] if place < len(ranked) else 0.0


@dataclass(frozen=True)
class TrafficFigures:
    """Traffic and bandwidth of one range."""

    source: Source
    range: Range

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        domain = self.source.domain
        named = domain and domain.name
        return self.source.rows(sql, self.range, domain=named, dropped=dropped(self.points))

    @cached_property
    def slots(self) -> Mapping[datetime, float]:
        """Start of slot -> Mbps; slots without traffic may be missing."""
        return dict(self._rows(_SLOTS))

    @cached_property
    def domains(self) -> list[tuple[Any, ...]]:
        """Name, bytes down, bytes up, peak in Mbps, its slot, 95th percentile; most bytes first."""
        return self._rows(_DOMAINS)

    @cached_property
    def days(self) -> Mapping[Any, tuple[float, float]]:
        """Day -> bytes down and up."""
        return {day: (down, up) for day, down, up in self._rows(_DAYS)}

    @property
    def points(self) -> int:
        """Number of slots on the captured days."""
        days = self.range.length - len(self.source.holes(NEEDS, self.range))
        return days * 24 * 3600 // _SLOT_S

    @property
    def p95(self) -> float:
        """95th percentile of the range, in Mbps."""
        return percentile([*self.slots.values()], self.points)

    @property
    def bytes(self) -> float:
        """Bytes in both directions."""
        return float(sum(down + up for down, up in self.days.values()))


def section(source: Source) -> Section:
    """The section on traffic and bandwidth."""
    nothing = gaps.unavailable(source, TITLE, NEEDS, ("bandwidth_5min",))
    if nothing is not None:
        return nothing
    found = TrafficFigures(source, source.range)
    missing = gaps.missing(source, NEEDS)
    if not found.slots:
        return Section(TITLE, "There was no traffic.", missing, card=Card("Traffic", "none"))
    before = TrafficFigures(source, source.range.before)
    peak_at, peak = max(found.slots.items(), key=lambda item: (item[1], -item[0].timestamp()))
    moved = gaps.compared(source, NEEDS, found.bytes, lambda: before.bytes)
    bills = billing_summary(source)
    return Section(
        TITLE,
        f"{words.traffic(found.bytes)} in total{' on the captured days' if missing else ''}. The 95th percentile of the bandwidth is "
        f"{words.bandwidth(found.p95)}, the peak {words.bandwidth(peak)} on {words.moment(peak_at)}.",
        missing,
        sentences=[
            *bills.sentences,
            "Bandwidth is the average over 5 minutes, up and down together. These are monitoring "
            "data; the vendor's invoice is what counts.",
        ],
        card=Card("Traffic", words.traffic(found.bytes), f"95th percentile {words.bandwidth(found.p95)}", moved),
        charts=[_bandwidth(found), *([_daily(found)] if source.range.length > 1 else [])],
        tables=[*bills.tables, *([_domains(found)] if len(found.domains) > 1 else [])],
    )  # fmt: skip


def _bandwidth(found: TrafficFigures) -> Chart:
    source = found.source
    days = source.range.length
    width = next(w for w in _WIDTHS_S if days * 86_400 / w <= _POINTS or w == _WIDTHS_S[-1])
    chosen = _highest(found.slots, source, width)
    scale, unit = (1000, "Gbps") if max(found.slots.values()) >= 1000 else (1, "Mbps")
    names = [name for name, *_ in found.domains]
    own = names if len(names) <= _MAX_DOMAINS + 1 else names[:_MAX_DOMAINS]
    rows: dict[str, list[float]] = {name: [0.0] * len(chosen) for name in [*own, ""]}
    place = {slot: i for i, (_, slot) in enumerate(chosen)}
    at = source.rows(_AT, slots=[slot for _, slot in chosen])
    for name, slot, value in at:
        if name in rows or len(own) < len(names):
            rows[name if name in rows else ""][place[slot]] += value / scale
    holes = set(source.holes(NEEDS))
    stacked = [_with_gaps(rows[name], chosen, holes) for name in own]
    if len(own) < len(names):
        stacked.append(_with_gaps(rows[""], chosen, holes))
    labels = [svg.clean(name) for name in own] + ["all others"] * (len(stacked) - len(own))
    colours = [*svg.SERIES[: len(own)], svg.OTHER][: len(stacked)]
    with svg.drawing():
        drawn, (axes,) = svg.figure(3.4)
        times = [svg.at(start) for start, _ in chosen]
        axes.stackplot(
            times, stacked, labels=labels, colors=colours,
            edgecolor=svg.COLOUR["page"], linewidth=0.5 if days <= 10 else 0,
        )  # fmt: skip
        axes.axhline(
            found.p95 / scale, color=svg.COLOUR["ink"], linestyle=(0, (6, 3)), linewidth=1.4
        )
        svg.note(axes, found.p95 / scale, f"95th percentile {words.bandwidth(found.p95)}")
        axes.set_ylim(0, max(found.slots.values()) / scale * 1.12)
        svg.shade(axes, source, sorted(holes))
        svg.time_axis(axes, source)
        svg.label(axes, unit)
        if len(stacked) > 1:
            svg.legend(axes, 4)
    span = {300: "", 900: "quarter of an hour", 3600: "hour", 10800: "3 hours", 43200: "half day"}
    note = f"Each point is the highest 5 minutes of its {span[width]}. " if span[width] else ""
    return Chart(
        "Bandwidth" + (" by domain" if len(stacked) > 1 else ""),
        svg.svg(drawn, "bandwidth", f"Bandwidth from {source.range}, in {unit}."),
        note
        + "The dashed line is the 95th percentile of all 5-minute points of the captured days.",
    )


def _highest(
    slots: Mapping[datetime, float], source: Source, width_s: int
) -> list[tuple[datetime, datetime]]:
    """Start of each interval of `width_s`, with its slot of most bandwidth (the first of equals)."""
    highest = []
    for start in source.slots(width_s):
        inside = (start + timedelta(seconds=s) for s in range(0, width_s, _SLOT_S))
        highest.append((start, max(inside, key=lambda slot: slots.get(slot, 0.0))))
    return highest


def _with_gaps(
    values: Sequence[float], chosen: Sequence[tuple[datetime, datetime]], holes: set[Any]
) -> Any:
    """The values, NaN on days that are not captured."""
    return np.array(
        [np.nan if at.date() in holes else v for (at, _), v in zip(chosen, values, strict=True)]
    )


def _daily(found: TrafficFigures) -> Chart:
    source = found.source
    holes = source.holes(NEEDS)
    sums = {d: sum(found.days.get(d, (0, 0))) for d in source.range.days if d not in holes}
    number, unit = words.scaled(max(sums.values()), ("B", "kB", "MB", "GB", "TB", "PB"))
    scale = max(sums.values()) / number if number else 1
    with svg.drawing():
        drawn, (axes,) = svg.figure(2.1)
        shown = {day: size / scale for day, size in sums.items()}
        svg.day_bars(axes, source, shown, svg.SERIES[0])
        svg.shade(axes, source, holes)
        svg.time_axis(axes, source)
        svg.label(axes, unit)
    rows = [
        (f"{day}", words.traffic(down), words.traffic(up), words.traffic(down + up))
        for day in source.range.days
        if day not in holes
        for down, up in [found.days.get(day, (0, 0))]
    ]
    table = Table("Traffic by day", ("Day", "Down", "Up", "Both"), rows, figures=3, folded=True)
    return Chart(
        "Traffic by day", svg.svg(drawn, "traffic", f"Traffic by day, in {unit}."), table=table
    )


def _domains(found: TrafficFigures) -> Table:
    most = max(down + up for _, down, up, *_ in found.domains) or 1
    rows: list[Sequence[str | Bar]] = [
        (
            name,
            Bar(words.share((down + up) / (found.bytes or 1)), (down + up) / most),
            words.traffic(down),
            words.traffic(up),
            words.bandwidth(p95),
            f"{words.bandwidth(peak)}, {words.moment(at)}",
        )
        for name, down, up, peak, at, p95 in found.domains[:20]
    ]
    left = len(found.domains) - len(rows)
    return Table(
        "Traffic by domain",
        ("Domain", "Share of the traffic", "Down", "Up", "95th percentile", "Peak"),
        rows,
        figures=4,
        note="Percentiles and peaks of domains do not add up: they occur at different times."
        + (f" {left} more domains had less traffic." if left else ""),
    )
