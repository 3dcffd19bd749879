"""Rules about requests and traffic that several endpoints count: sessions, edge, rankings.

Not here: pushes and streams (streams.py).
"""

from __future__ import annotations

from resources.system_tables.reconciliation.rules.model import FLOAT32, LATE, Rule, sums

_ONLINE = "online_user_type = 'Online'"
_TWO_SYSTEMS = (
    "The vendor counts them in two systems: the edge by monitoring, the other by finished requests."
)

SESSIONS = (
    Rule(
        name="session_requests_of_carriers",
        meaning="Requests of stream_session, all carriers together, are those of the domain in "
        "stream_session_by_domain.",
        unit="requests",
        tolerance=0.001,
        why=LATE,
        needs=("stream_session", "stream_session_by_domain"),
        sql=sums(
            ("stream_session_by_domain", "requests", _ONLINE),
            ("stream_session", "requests", _ONLINE),
        ),
    ),
    Rule(
        name="session_requests_of_streams",
        meaning="Requests of batch_stream_session, all streams together, are those of the domain "
        "in stream_session_by_domain.",
        unit="requests",
        tolerance=0.01,
        why=f"{LATE} Requests that were refused may name no stream.",
        needs=("batch_stream_session", "stream_session_by_domain"),
        sql=sums(
            ("stream_session_by_domain", "requests", _ONLINE),
            ("batch_stream_session", "requests", _ONLINE),
        ),
    ),
)

EDGE = (
    Rule(
        name="edge_traffic_of_streams",
        meaning="Downstream traffic of edge_stat, all carriers together, is that of all streams of "
        "the domain in batch_stream_traffic.",
        unit="bytes",
        tolerance=0.05,
        why=f"{_TWO_SYSTEMS} {FLOAT32}",
        needs=("edge_stat", "batch_stream_traffic"),
        sql=sums(
            ("batch_stream_traffic", "down_traffic_bytes", "true"),
            ("edge_stat", "down_traffic_bytes", "true"),
        ),
    ),
    Rule(
        name="edge_traffic_of_regions",
        meaning="Downstream traffic of edge_stat_by_region, all countries together, is that of "
        "edge_stat, all carriers together.",
        unit="bytes",
        tolerance=0.01,
        why=f"{LATE} {FLOAT32} Addresses that are of no known country may be left out.",
        needs=("edge_stat", "edge_stat_by_region"),
        sql=sums(
            ("edge_stat", "down_traffic_bytes", "true"),
            ("edge_stat_by_region", "down_traffic_bytes", "true"),
        ),
    ),
    Rule(
        name="edge_requests_of_regions",
        meaning="Requests of edge_stat_by_region, all countries together, are those of edge_stat, "
        "all carriers together.",
        unit="requests",
        tolerance=0.01,
        why=f"{LATE} {FLOAT32} Addresses that are of no known country may be left out.",
        needs=("edge_stat", "edge_stat_by_region"),
        sql=sums(
            ("edge_stat", "requests", "true"),
            ("edge_stat_by_region", "requests", "true"),
        ),
    ),
    Rule(
        name="edge_requests_by_status",
        meaning="Answers of play_status_code to pushes and plays (Access), all codes together, are "
        "the requests of edge_stat.",
        unit="requests",
        tolerance=0.05,
        why=f"{_TWO_SYSTEMS} A request that runs over a slot's end may be counted on either side.",
        needs=("edge_stat", "play_status_code"),
        sql=sums(
            ("edge_stat", "requests", "true"),
            ("play_status_code", "status_count", "request_type = 'Access'"),
        ),
    ),
)

_RANKING = 0.05
_RANKED = "SELECT business_date, domain, app, stream, max(traffic_bytes)::BIGINT AS total"
TOP_PLAY = (
    Rule(
        name="top_play_traffic_of_streams",
        meaning="No stream has more traffic in the rankings of top_play than downstream in "
        "batch_stream_traffic. The row shows the worst stream of the domain.",
        relation="<=",
        unit="bytes",
        tolerance=_RANKING,
        why="Rankings are made once in the next morning, from full hours.",
        needs=("top_play", "batch_stream_traffic"),
        sql=f"""
            SELECT business_date, t.domain AS scope,
                   coalesce(b.down_traffic_bytes, 0)::BIGINT AS expected, t.total AS actual,
                   0 AS slack, concat_ws('/', t.app, t.stream) AS note
            FROM ({_RANKED} FROM top_play WHERE business_date IN (FROM days)
                  AND query_type = 'Stream' GROUP BY ALL) t
            LEFT JOIN (FROM batch_stream_traffic WHERE business_date IN (FROM days)) b
                USING (business_date, domain, app, stream)
            QUALIFY row_number() OVER (PARTITION BY business_date, t.domain
                                       ORDER BY actual - expected * {1 + _RANKING} DESC, note) = 1""",
    ),
    Rule(
        name="top_play_traffic_of_domains",
        meaning="Traffic of a domain in the rankings of top_play is the downstream traffic of its "
        "streams in batch_stream_traffic. Domains beyond a full ranking are left out.",
        unit="bytes",
        tolerance=_RANKING,
        why="Rankings are made once in the next morning, from full hours.",
        needs=("top_play", "batch_stream_traffic"),
        sql=f"""
            WITH ranked AS (
                {_RANKED} FROM top_play WHERE business_date IN (FROM days)
                AND query_type = 'Domain' GROUP BY ALL),
            carried AS (
                SELECT business_date, domain, sum(down_traffic_bytes::BIGINT) AS total
                FROM batch_stream_traffic WHERE business_date IN (FROM days) GROUP BY ALL),
            full_ones AS (SELECT business_date FROM ranked GROUP BY ALL HAVING count(*) >= 1000)
            SELECT business_date, domain AS scope, coalesce(c.total, 0) AS expected,
                   coalesce(r.total, 0) AS actual, 0 AS slack, NULL AS note
            FROM carried c FULL JOIN ranked r USING (business_date, domain)
            WHERE r.total IS NOT NULL OR business_date NOT IN (FROM full_ones)""",
    ),
)
