"""Section "Stream health": share of good live minutes, and the streams with the most trouble.

What counts as good is decided by the mart stream_health_slot. Read next: section.py.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.reports.usage.entities import Series, Store, alone, by_key
from pipelines.reports.usage.scope import Range, Source
from pipelines.reports.usage.section import (
    DOMAIN,
    MAIN,
    STREAM,
    Chart,
    Column,
    Figure,
    Line,
    Section,
    Table,
    Tile,
)

_REASONS: Mapping[str, str] = {
    "stall": "Stall",
    "audio_gap": "Audio gap",
    "bitrate_dip": "Bit-rate dip",
    "framerate_drop": "Low frame rate",
    "av_offset": "Audio and video out of sync",
}
_LIVE = Figure("sum", ("live",))
_GOOD = Figure("share", ("good",), "share", per=("live",))
_BAD = Figure("rest", ("good",), "share", per=("live",))
_MAIN_REASON = Figure("main", (*_REASONS,), "text", names=(*_REASONS.values(),))
SECTION = Section(
    "health",
    "Stream health",
    ("batch_push_stream_metrics",),
    ("stream_health_daily",),
    {"live": _LIVE, "good": _GOOD},
    (("live", "{good} of {live} live minutes were good."), ("", "No stream was live.")),
    sentences=(
        "A minute is good without a stall, an audio gap, a bit-rate dip, a low frame rate, or "
        "audio and video out of sync. The limits are in the table health_threshold.",
    ),
    tile=Tile("Good minutes", "good", "of {live} live minutes", "points"),
    charts=(
        Chart(
            "health",
            "Minutes that were not good, by day",
            (Line("not good", ("good",), ("live",), is_rest=True, colour=6),),
            "share",
        ),
    ),
    tables=(
        Table(
            "days-health",
            "Health by day",
            "day",
            "Day",
            (
                Column("Live minutes", _LIVE),
                Column("Good", _GOOD),
                *(Column(said, Figure("sum", (name,))) for name, said in _REASONS.items()),
            ),
            note="A minute may have several reasons.",
        ),
        Table(
            "streams-health",
            "Streams with the most trouble",
            "stream",
            "Stream",
            (
                Column("Push domain", fact="domain"),
                Column("Main reason", _MAIN_REASON),
                Column("Bad minutes", _BAD, has_bar=True),
                Column("Live minutes", _LIVE),
            ),
            order=_BAD,
            most=12,
            top="The worst stream is {name}: {value} of its live minutes were not good.",
        ),
    ),
    scopes=(MAIN, DOMAIN, STREAM),
    via_push="Measured on {push}, where it is pushed.",
)

_SUMS = ", ".join(f"sum({reason}_slots)" for reason in _REASONS)
_DAYS = f"""
SELECT {{key}} business_date, sum(live_slots), sum(good_slots), {_SUMS} FROM stream_health_daily
WHERE business_date BETWEEN $first AND $last {{where}} GROUP BY ALL
"""
WORST = """
SELECT domain, app, stream FROM stream_health_daily
WHERE business_date BETWEEN $first AND $last AND ($push::VARCHAR IS NULL OR domain = $push)
GROUP BY domain, app, stream HAVING sum(live_slots) > 0
ORDER BY sum(good_slots) / sum(live_slots), sum(live_slots) DESC, domain, app, stream LIMIT $most
"""
"""The streams with the greatest share of bad minutes."""
_SERIES = ("live", "good", *_REASONS)


def load(store: Store) -> None:
    """The series of the account (or push domain), of push domains, and of the chosen streams."""
    source = store.source
    store.main.series |= main_series(source, source.range)
    sql = _DAYS.format(key="domain,", where="AND domain IN (SELECT unnest($names))")
    store.fill("domain", by_key(source.rows(sql, names=store.names)), _SERIES, SECTION.needs)
    where = "AND concat_ws(chr(31), domain, app, stream) IN (SELECT unnest($keys))"
    rows = source.rows(
        _DAYS.format(key="domain, app, stream,", where=where), keys=store.stream_keys
    )
    store.fill("stream", by_key(rows, 3), _SERIES, SECTION.needs)


def main_series(source: Source, days: Range) -> Mapping[str, Series]:
    """The daily series of the account or of the push domain, over any days."""
    where = "AND ($push::VARCHAR IS NULL OR domain = $push)"
    rows = source.rows(
        _DAYS.format(key="", where=where), days, push=source.domain and source.domain.push
    )
    return alone(source, rows, _SERIES, SECTION.needs, days)
