"""Section "Stream health": share of good live minutes, and the streams with the most trouble.

What counts as good is decided by the mart stream_health_slot. Read next: section.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.cli import screen
from pipelines.reports.usage import gaps, svg, words
from pipelines.reports.usage.scope import Range, Source
from pipelines.reports.usage.section import Bar, Card, Chart, Section, Table

TITLE = "Stream health"
NEEDS = ("batch_push_stream_metrics",)
_MAX_STREAMS = 12

_REASONS: Mapping[str, str] = {
    "stall": "stall",
    "audio_gap": "audio gap",
    "bitrate_dip": "bit-rate dip",
    "framerate_drop": "low frame rate",
    "av_offset": "audio and video out of sync",
}
_SUMS = ", ".join(f"sum({reason}_slots)" for reason in _REASONS)
_SCOPE = "business_date BETWEEN $first AND $last AND ($push::VARCHAR IS NULL OR domain = $push)"
_DAYS = f"""
SELECT business_date, sum(live_slots), sum(good_slots), {_SUMS} FROM stream_health_daily
WHERE {_SCOPE} GROUP BY business_date ORDER BY business_date
"""
_STREAMS = f"""
SELECT count(*) OVER (), count(*) FILTER (sum(good_slots) < sum(live_slots)) OVER (),
       domain, app, stream, sum(live_slots), sum(good_slots), {_SUMS} FROM stream_health_daily
WHERE {_SCOPE} GROUP BY domain, app, stream HAVING sum(live_slots) > 0
ORDER BY sum(good_slots) / sum(live_slots), sum(live_slots) DESC, domain, app, stream
LIMIT $most
"""


def section(source: Source) -> Section:
    """The section on stream health."""
    nothing = gaps.unavailable(source, TITLE, NEEDS, ("stream_health_daily",))
    if nothing is not None:
        return nothing
    if source.domain is not None and source.domain.push is None:
        return Section(TITLE, f"No push domain is known for {source.domain.name}.")
    days = _days(source, source.range)
    live, good = (sum(row[i] for row in days) for i in (1, 2))
    missing = gaps.missing(source, NEEDS)
    if not live:
        return Section(TITLE, "No stream was live.", missing)
    push = source.domain and source.domain.push
    streams = source.rows(_STREAMS, push=push, most=_MAX_STREAMS)
    number, affected = streams[0][:2]
    bad = [row[2:] for row in streams if row[6] < row[5]]
    worst = bad[0] if bad else None
    worst_text = (
        f" The worst stream is {worst[2]} with {words.share(worst[4] / worst[3])}, "
        f"mostly because of: {_main_reason(worst[5:])}."
        if worst
        else ""
    )
    pushed = source.domain.push if source.domain and not source.domain.is_push else None
    moved = gaps.compared(
        source, NEEDS, good / live, lambda: _good(_days(source, source.range.before)), is_share=True
    )
    return Section(
        TITLE,
        f"{words.share(good / live)} of {words.count(live)} live minutes were good.{worst_text}",
        missing,
        sentences=[
            *([f"Measured on {pushed}, where the streams of this domain are pushed."] if pushed else []),
            "A minute is good without a stall, an audio gap, a bit-rate dip, a low frame rate, or "
            "audio and video out of sync. The limits are in the table health_threshold.",
        ],
        card=Card("Good minutes", words.share(good / live), f"{screen.counted(number, 'stream')}", moved),
        charts=[_chart(source, days)] if source.range.length > 1 else [],
        tables=[_table(bad, affected)] if bad else [],
    )  # fmt: skip


def _days(source: Source, days: Range) -> list[tuple[Any, ...]]:
    return source.rows(_DAYS, days, push=source.domain and source.domain.push)


def _good(days: Sequence[tuple[Any, ...]]) -> float | None:
    live = sum(row[1] for row in days)
    return sum(row[2] for row in days) / live if live else None


def _main_reason(slots: Sequence[int]) -> str:
    """The reason of most bad minutes."""
    most = max(slots)
    return next(name for name, n in zip(_REASONS.values(), slots, strict=True) if n == most)


def _chart(source: Source, days: Sequence[tuple[Any, ...]]) -> Chart:
    holes = source.holes(NEEDS)
    by_day = {row[0]: row for row in days}
    bad = {day: _bad(by_day.get(day)) * 100 for day in source.range.days if day not in holes}
    with svg.drawing():
        drawn, (axes,) = svg.figure(2.1)
        svg.day_bars(axes, source, bad, svg.SERIES[5])
        axes.set_ylim(0, max(1.0, max(bad.values()) * 1.15))
        svg.shade(axes, source, holes)
        svg.time_axis(axes, source)
        svg.label(axes, "% of live minutes")
    rows = [
        (
            f"{row[0]}",
            words.count(row[1]),
            words.share(row[2] / row[1]),
            *(words.count(n) for n in row[3:]),
        )
        for row in days
        if row[1] and row[0] not in holes
    ]
    head = ("Day", "Live minutes", "Good", *(f"{r[:1].upper()}{r[1:]}" for r in _REASONS.values()))
    table = Table(
        "Health by day", head, rows, figures=len(head) - 1, folded=True,
        note="A minute may have several reasons.",
    )  # fmt: skip
    return Chart(
        "Minutes that were not good, by day",
        svg.svg(drawn, "health", f"Share of live minutes that were not good, {source.range}."),
        table=table,
    )


def _bad(row: tuple[Any, ...] | None) -> float:
    return 1 - row[2] / row[1] if row and row[1] else 0.0


def _table(bad: Sequence[tuple[Any, ...]], affected: int) -> Table:
    most = max(1 - row[4] / row[3] for row in bad)
    rows: list[Sequence[str | Bar]] = [
        (
            f"{app}/{stream}",
            domain,
            _main_reason(slots),
            Bar(words.share(1 - good / live), (1 - good / live) / most),
            words.count(live),
        )
        for domain, app, stream, live, good, *slots in bad
    ]
    left = affected - len(rows)
    return Table(
        "Streams with the most trouble",
        ("Stream", "Push domain", "Main reason", "Bad minutes", "Live minutes"),
        rows,
        figures=2,
        note=f"{left} more streams had some bad minutes." if left else "",
    )
