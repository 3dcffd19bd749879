"""Rules that something is there: where one endpoint counts activity, the other must not be empty.

How much each counts is compared elsewhere (usage.py, streams.py). These rules find an answer that is
empty for one domain while others contradict it, in both directions.
"""

from __future__ import annotations

from dataclasses import dataclass

from resources.system_tables.reconciliation.rules.model import Rule

_WHY = (
    "A few requests at midnight, or a push of some seconds, may be counted by one system only: less "
    "than {} needs no counterpart."
)


@dataclass(frozen=True, kw_only=True)
class _Side:
    """What an endpoint counts of each domain and day."""

    needs: tuple[str, ...]
    sql: str  # SELECT business_date, domain AS scope, total
    least: int  # from which the other side must have something
    words: str  # of `least`


def _sum(table: str, column: str, condition: str, least: int, words: str) -> _Side:
    return _Side(
        needs=(table,),
        sql=f"SELECT business_date, domain AS scope, sum({column}::BIGINT) AS total FROM {table} "
        f"WHERE business_date IN (FROM days) AND {condition} GROUP BY ALL",
        least=least,
        words=words,
    )


_REQUESTS = 100
_BYTES = 10**8
_SESSIONS = _sum(
    "stream_session_by_domain",
    "requests",
    "online_user_type = 'Online'",
    _REQUESTS,
    f"{_REQUESTS} requests",
)
_DOWN = tuple(
    _sum(table, "down_traffic_bytes", "true", _BYTES, "100 MB")
    for table in ("edge_stat", "batch_stream_traffic")
)
# Requests of plays are upstream traffic as well: where more goes down than up, it proves no push.
_UP = tuple(
    _Side(
        needs=(table,),
        sql=f"""
            SELECT business_date, domain AS scope,
                   sum(up_traffic_bytes::BIGINT) AS up, sum(down_traffic_bytes::BIGINT) AS down,
                   CASE WHEN up > down THEN up ELSE least(up, {_BYTES - 1}) END AS total
            FROM {table} WHERE business_date IN (FROM days) GROUP BY ALL""",
        least=_BYTES,
        words="100 MB",
    )
    for table in ("edge_stat", "batch_stream_traffic")
)
# Not push_stream_info: the API forgets it after 93 days, and lacks pushes that still run.
_PUSHES = _Side(
    needs=("batch_push_stream_metrics",),
    sql="""
        SELECT business_date, domain AS scope,
               count(DISTINCT (app, stream, slot_start_at)) * max(slot_seconds) // 60 AS total
        FROM batch_push_stream_metrics WHERE business_date IN (FROM days) GROUP BY ALL""",
    least=30,
    words="30 minutes of pushes",
)
_COUNTED = _Side(
    needs=("stream_count",),
    sql="SELECT business_date, domain AS scope, sum(peak_streams)::BIGINT AS total FROM stream_count "
    "WHERE business_date IN (FROM days) AND stream_type = 'push' GROUP BY ALL",
    least=12,
    words="one pushed stream in 12 slots",
)
# Status codes count pushes as well as plays: of a domain with pushes they prove no play.
_PLAYED = _Side(
    needs=("play_status_code", "batch_push_stream_metrics"),
    sql=f"""
        WITH pushed AS (
            SELECT DISTINCT business_date, domain FROM batch_push_stream_metrics
            WHERE business_date IN (FROM days))
        SELECT business_date, domain AS scope,
               if(pushed.domain IS NULL, codes, least(codes, {_REQUESTS - 1})) AS total
        FROM (SELECT business_date, domain, sum(status_count)::BIGINT AS codes
              FROM play_status_code WHERE business_date IN (FROM days)
                  AND request_type = 'Access' AND status_code < 400
              GROUP BY ALL) LEFT JOIN pushed USING (business_date, domain)""",
    least=_REQUESTS,
    words=f"{_REQUESTS} requests",
)


def _both(name: str, meaning: str, expected: _Side, actual: _Side) -> Rule:
    return Rule(
        name=name,
        meaning=f"{meaning}, and the other way round. 1: there is something, 0: there is nothing.",
        unit="0 or 1",
        tolerance=0.0,
        why=_WHY.format(" or ".join(dict.fromkeys((expected.words, actual.words)))),
        needs=tuple(dict.fromkeys((*expected.needs, *actual.needs))),
        sql=f"""
            SELECT business_date, scope,
                   (e > 0 AND (a > 0 OR e >= {expected.least}))::INT AS expected,
                   (a > 0 AND (e > 0 OR a >= {actual.least}))::INT AS actual, 0 AS slack,
                   CASE WHEN (e > 0) <> (a > 0) THEN concat(e, ' and ', a) END AS note
            FROM (SELECT business_date, scope, coalesce(x.total, 0) AS e, coalesce(y.total, 0) AS a
                  FROM ({expected.sql}) x FULL JOIN ({actual.sql}) y USING (business_date, scope))
            WHERE e > 0 OR a > 0""",
    )


PRESENCE = (
    _both(
        "edge_of_sessions",
        "Where stream_session_by_domain counts requests, edge_stat has downstream traffic",
        _SESSIONS,
        _DOWN[0],
    ),
    _both(
        "traffic_of_sessions",
        "Where stream_session_by_domain counts requests, batch_stream_traffic has downstream traffic",
        _SESSIONS,
        _DOWN[1],
    ),
    _both(
        "codes_of_sessions",
        "Where stream_session_by_domain counts requests, play_status_code has answers of a code below "
        "400 (in a domain without pushes)",
        _SESSIONS,
        _PLAYED,
    ),
    _both(
        "edge_of_pushes",
        "Where batch_push_stream_metrics has pushes, edge_stat has upstream traffic",
        _PUSHES,
        _UP[0],
    ),
    _both(
        "traffic_of_pushes",
        "Where batch_push_stream_metrics has pushes, batch_stream_traffic has upstream traffic",
        _PUSHES,
        _UP[1],
    ),
    _both(
        "count_of_pushes",
        "Where batch_push_stream_metrics has pushes, stream_count counts some",
        _PUSHES,
        _COUNTED,
    ),
)
"""Sessions, edge, traffic, status codes and pushes against each other."""
