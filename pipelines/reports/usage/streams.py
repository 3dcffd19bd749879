"""Section "Top streams": the streams with the most traffic; and the page of a single stream.

Which streams a report has: choice.py. Read next: choice.py.
"""

from __future__ import annotations

from pipelines.reports.usage.entities import Store, by_key
from pipelines.reports.usage.section import STREAM, Chart, Column, Figure, Line, Section, Table

_SENT = Figure("sum", ("sent",), "bytes")
_PEAK = Figure("max", ("viewers",))
_DAYS_SEEN = Figure("days", ("sent",))
SECTION = Section(
    "streams",
    "Top streams",
    ("batch_stream_traffic",),
    ("stream_traffic_daily",),
    {},
    (("", "Streams by their traffic to viewers."),),
    tables=(
        Table(
            "streams-traffic",
            "Streams with the most traffic",
            "stream",
            "Stream",
            (
                Column("Domain", fact="domain"),
                Column("Traffic to viewers", _SENT, has_bar=True),
                Column("Peak viewers", _PEAK),
                Column("Days", _DAYS_SEEN),
            ),
            order=_SENT,
            most=15,
            top="{name} had the most traffic: {value}.",
            note="Sums over every stream and day, not over daily top lists.",
        ),
    ),
)
OF_ONE = Section(
    "stream",
    "Traffic and viewers",
    ("batch_stream_traffic",),
    ("stream_traffic_daily",),
    {"sent": _SENT, "peak": _PEAK, "days": _DAYS_SEEN},
    (
        ("sent", "{sent} to viewers on {days} days, {peak} viewers at the peak."),
        ("", "The stream had no viewers."),
    ),
    charts=(
        Chart("sent", "Traffic to viewers by day", (Line("to viewers", ("sent",)),), "bytes"),
        Chart("stream-viewers", "Peak viewers by day", (Line("viewers", ("viewers",)),), "count"),
    ),
    tables=(
        Table(
            "days-stream",
            "Traffic and viewers by day",
            "day",
            "Day",
            (Column("Traffic to viewers", _SENT), Column("Peak viewers", _PEAK)),
        ),
    ),
    scopes=(STREAM,),
)

MOST = """
SELECT domain, app, stream FROM stream_traffic_daily
WHERE business_date BETWEEN $first AND $last AND ($domain::VARCHAR IS NULL OR domain = $domain)
GROUP BY domain, app, stream HAVING sum(down_traffic_bytes) > 0
ORDER BY sum(down_traffic_bytes) DESC, domain, app, stream LIMIT $most
"""
"""The streams with most traffic."""
_DAYS = """
SELECT domain, app, stream, business_date, coalesce(down_traffic_bytes, 0), peak_online_users
FROM stream_traffic_daily
WHERE business_date BETWEEN $first AND $last
  AND concat_ws(chr(31), domain, app, stream) IN (SELECT unnest($keys))
"""


def load(store: Store) -> None:
    """The series of the chosen streams."""
    rows = store.source.rows(_DAYS, keys=store.stream_keys)
    store.fill("stream", by_key(rows, 3), ("sent", "viewers"), SECTION.needs)
    for entity in store.groups.get("stream", {}).values():
        if not any(value for name in ("sent", "viewers") for value in entity.series.get(name, ())):
            entity.series.pop("sent", None)  # a stream where it is pushed: nobody watches it there
            entity.series.pop("viewers", None)
