"""Rules that series cover the same hours: slots that one answer lacks while another has activity then.

An answer may lack its first or last slots, or some in the middle. Slots without activity may be left
out by the API, so gaps prove nothing until another endpoint counts something in the same hour. Not
here: days without anything (presence.py), slots that one capture lacks of its own (captures.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from resources.system_tables.reconciliation.rules.model import Rule

_MB = 10**6


@dataclass(frozen=True, kw_only=True)
class _Series:
    """What an endpoint counts of each domain and hour."""

    table: str
    total: str  # aggregate
    condition: str
    least: int  # in an hour, from which the other series must have something
    words: str  # of `least`

    @property
    def sql(self) -> str:
        """SELECT business_date, domain, hour, total."""
        return (
            "SELECT business_date, domain, date_trunc('hour', slot_start_at) AS hour, "
            f"{self.total}::BIGINT AS total FROM {self.table} "
            f"WHERE business_date IN (FROM days) AND {self.condition} GROUP BY ALL"
        )


_SESSIONS = _Series(
    table="stream_session_by_domain",
    total="sum(requests::BIGINT)",
    condition="online_user_type = 'Online'",
    least=100,
    words="100 requests",
)
_EDGE = _Series(
    table="edge_stat",
    total="sum(down_traffic_bytes::BIGINT)",
    condition="true",
    least=1000 * _MB,
    words="1 GB",
)
_CODES = _Series(
    table="play_status_code",
    total="sum(status_count)",
    condition="request_type = 'Access' AND status_code < 400",
    least=100,
    words="100 answers",
)
_PUSHED = _Series(
    table="batch_push_stream_metrics",
    total="count(DISTINCT (app, stream, slot_start_at)) * max(slot_seconds) // 60",
    condition="true",
    least=30,
    words="30 minutes of pushes",
)
_COUNTED = _Series(
    table="stream_count",
    total="sum(peak_streams)",
    condition="stream_type = 'push'",
    least=12,
    words="one pushed stream in 12 slots",
)


def _hours(name: str, one: _Series, other: _Series, *, is_mutual: bool = True) -> Rule:
    """Hours in which one series has enough, or both have something: both must have something."""
    least = f"x.total >= {one.least}" + (f" OR y.total >= {other.least}" if is_mutual else "")
    side = "one" if is_mutual else one.table
    words = " or ".join(dict.fromkeys((one.words, other.words) if is_mutual else (one.words,)))
    return Rule(
        name=name,
        meaning=f"{one.table} and {other.table} have activity of a domain in the same hours of the day",
        unit="hours",
        tolerance=0.0,
        why=f"An hour in which {side} counts less than {words} needs no counterpart: a few requests "
        "may be counted a slot later by the other.",
        needs=(one.table, other.table),
        sql=f"""
            SELECT business_date, domain AS scope, count(*) AS expected,
                   count(*) FILTER (x.total > 0 AND y.total > 0) AS actual, 0 AS slack,
                   min(CASE WHEN x.total > 0 AND y.total > 0 THEN NULL
                       ELSE strftime(hour, '%H:00') END) AS note
            FROM ({one.sql}) x FULL JOIN ({other.sql}) y USING (business_date, domain, hour)
            WHERE x.total > 0 AND y.total > 0 OR {least}
            GROUP BY ALL""",
    )


HOURS = (
    _hours("hours_of_edge", _SESSIONS, _EDGE),
    # Status codes count pushes as well as plays, so they prove no session.
    _hours("hours_of_codes", _SESSIONS, _CODES, is_mutual=False),
    _hours("hours_of_pushes", _PUSHED, _COUNTED),
)
"""Sessions against edge and status codes, metrics of pushes against their number, hour by hour."""
