"""Rules about billed usage: against itself, and against what monitoring says of the same.

Not here: rules between kinds of monitoring data (usage.py, streams.py).
"""

from __future__ import annotations

from resources.system_tables.reconciliation.rules.model import FLOAT32, LATE, Rule, sums

_SECONDS = "round(transcode_minutes * 60)"
_OF_THE_VENDOR = "timezone('Asia/Shanghai', business_date::TIMESTAMPTZ)::TIME = TIME '00:00'"
"""Days that are those of the vendor: in archives of other zones billed minutes are of another day."""
_ENDS = "A request for a day ends one second before midnight, which shortens the tasks that run over it."

BILLING = (
    Rule(
        name="billed_traffic_of_edge",
        meaning="Billed downstream traffic is that of edge_stat, all carriers together.",
        unit="bytes",
        tolerance=0.1,
        why="The bill may count what the edge does not, such as headers and packets that were sent "
        "again; the vendor does not say how much. How large the difference is of each month is in "
        "billing_difference_monthly.",
        needs=("traffic", "edge_stat"),
        sql=sums(
            ("edge_stat", "down_traffic_bytes", "true"), ("traffic", "down_traffic_bytes", "true")
        ),
    ),
    Rule(
        name="billed_traffic_of_bandwidth",
        meaning="Billed downstream traffic is no more than what the points of bandwidth can carry.",
        relation="<=",
        unit="bytes",
        tolerance=0.01,
        why=f"A point is the average or the peak of its five minutes: never less. {FLOAT32}",
        needs=("traffic", "bandwidth"),
        sql=sums(
            ("bandwidth", "(down_bandwidth_mbps * slot_seconds * 125000)", "true"),
            ("traffic", "down_traffic_bytes", "true"),
        ),
    ),
    Rule(
        name="billed_minutes_of_tasks",
        meaning="Billed minutes of transcode are those of the tasks in transcode_info.",
        unit="s",
        tolerance=0.01,
        why=f"{LATE} {_ENDS}",
        needs=("transcode", "transcode_info"),
        sql=sums(
            ("transcode_info", _SECONDS, _OF_THE_VENDOR), ("transcode", _SECONDS, _OF_THE_VENDOR)
        ),
    ),
    Rule(
        name="billed_minutes_of_streams",
        meaning="Billed minutes of transcode are those of batch_stream_transcode, all streams together.",
        unit="s",
        tolerance=0.01,
        why=f"{LATE} {_ENDS}",
        needs=("transcode", "batch_stream_transcode"),
        sql=sums(
            ("batch_stream_transcode", _SECONDS, _OF_THE_VENDOR),
            ("transcode", _SECONDS, _OF_THE_VENDOR),
        ),
    ),
    Rule(
        name="push_counts_of_streams",
        meaning="The most concurrent pushes of a day in push_stream_count are those in stream_count.",
        unit="streams",
        tolerance=0.01,
        why=LATE,
        needs=("push_stream_count", "stream_count"),
        sql="""
            SELECT business_date, domain AS scope, coalesce(s.most, 0) AS expected,
                   coalesce(p.most, 0) AS actual, 0 AS slack, NULL AS note
            FROM (SELECT business_date, domain, max(peak_streams) AS most FROM stream_count
                  WHERE business_date IN (FROM days) AND stream_type = 'push' GROUP BY ALL) s
            FULL JOIN (SELECT business_date, domain, max(peak_streams) AS most
                       FROM push_stream_count WHERE business_date IN (FROM days) GROUP BY ALL) p
                USING (business_date, domain)""",
    ),
)
