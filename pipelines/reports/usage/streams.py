"""Section "Top streams": the streams with the most traffic.

Read next: section.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.reports.usage import gaps, words
from pipelines.reports.usage.scope import Source
from pipelines.reports.usage.section import Bar, Section, Table

TITLE = "Top streams"
NEEDS = ("batch_stream_traffic",)
_MAX_STREAMS = 15

_STREAMS = """
SELECT domain, app, stream, sum(down_traffic_bytes), max(peak_online_users),
       count(*) FILTER (down_traffic_bytes > 0),
       sum(sum(down_traffic_bytes)) OVER (), count(*) OVER ()
FROM stream_traffic_daily
WHERE business_date BETWEEN $first AND $last AND ($domain::VARCHAR IS NULL OR domain = $domain)
GROUP BY domain, app, stream HAVING sum(down_traffic_bytes) > 0
ORDER BY sum(down_traffic_bytes) DESC, domain, app, stream LIMIT $most
"""


def section(source: Source) -> Section:
    """The section on top streams."""
    nothing = gaps.unavailable(source, TITLE, NEEDS, ("stream_traffic_daily",))
    if nothing is not None:
        return nothing
    missing = gaps.missing(source, NEEDS)
    domain = source.domain and source.domain.name
    streams = source.rows(_STREAMS, domain=domain, most=_MAX_STREAMS)
    if not streams:
        return Section(TITLE, "No stream had viewers.", missing)
    _, app, stream, most, _, _, every, number = streams[0]
    return Section(
        TITLE,
        f"{app}/{stream} had the most traffic: {words.traffic(most)}, "
        f"{words.share(most / every)} of the traffic of all {words.count(number)} streams.",
        missing,
        tables=[_table(streams, every)],
    )


def _table(streams: Sequence[tuple[Any, ...]], every: float) -> Table:
    rows: list[Sequence[str | Bar]] = [
        (
            f"{app}/{stream}",
            domain,
            Bar(words.traffic(size), size / streams[0][3]),
            words.share(size / every),
            "–" if peak is None else words.count(peak),
            f"{days}",
        )
        for domain, app, stream, size, peak, days, *_ in streams
    ]
    return Table(
        "Streams with the most traffic",
        ("Stream", "Domain", "Traffic to viewers", "Share", "Peak viewers", "Days"),
        rows,
        figures=3,
        note="Sums over every stream and day, not over daily top lists.",
    )
