"""Rules about pushes, transcoding tasks and the streams of a day.

Not here: requests and traffic (usage.py).
"""

from __future__ import annotations

from resources.system_tables.reconciliation.rules.model import DAY_S, Rule

_COUNT_SLOT_S = "(FROM width)"

PUSHES = Rule(
    name="peak_pushes",
    meaning="No slot of stream_count has a higher peak of pushed streams than pushes that touch "
    "the slot: ended ones of push_stream_info, and those that only batch_push_stream_metrics has "
    "seen, because they still ran. The row shows the worst slot.",
    relation="<=",
    unit="streams",
    tolerance=0.0,
    why="A bound: pushes that follow each other in one slot count twice. Five seconds more at "
    "both ends, for clocks differ.",
    needs=("stream_count", "push_stream_info", "batch_push_stream_metrics"),
    # meta...listed has the pushes that the capture of this very day lists: the table itself has
    # each push under one day only.
    sql=f"""
        WITH width AS (
            SELECT max(slot_seconds) FROM stream_count WHERE business_date IN (FROM days)),
        listed AS (
            SELECT business_date, domain, app, stream, push_started_at, push_ended_at
            FROM meta.push_stream_info_listed WHERE business_date IN (FROM days)),
        seen AS (
            SELECT business_date, domain, app, stream, session_id,
                   min(push_started_at) AS push_started_at,
                   max(slot_start_at + to_seconds(slot_seconds)) AS push_ended_at
            FROM batch_push_stream_metrics WHERE business_date IN (FROM days) GROUP BY ALL),
        pushes AS (
            FROM listed SELECT business_date, domain, push_started_at, push_ended_at
            UNION ALL
            FROM seen s SELECT business_date, domain, push_started_at, push_ended_at
            WHERE NOT EXISTS (FROM listed l WHERE l.business_date = s.business_date
                AND l.domain = s.domain AND l.app = s.app AND l.stream = s.stream
                AND abs(epoch_ms(l.push_started_at) - epoch_ms(s.push_started_at)) <= 2000)),
        placed AS (
            SELECT business_date, domain,
                   (epoch(push_started_at) - epoch(business_date::TIMESTAMPTZ) - 5) AS begins_s,
                   (epoch(push_ended_at) - epoch(business_date::TIMESTAMPTZ) + 5) AS ends_s
            FROM pushes),
        steps AS (
            SELECT business_date, domain, floor(greatest(begins_s, 0) / {_COUNT_SLOT_S}) AS slot,
                   1 AS step, NULL AS peak
            FROM placed WHERE begins_s < {DAY_S} AND ends_s > 0
            UNION ALL
            SELECT business_date, domain, floor(ends_s / {_COUNT_SLOT_S}) + 1, -1, NULL
            FROM placed WHERE begins_s < {DAY_S} AND ends_s > 0
            UNION ALL
            SELECT business_date, domain,
                   floor((epoch(slot_start_at) - epoch(business_date::TIMESTAMPTZ))
                         / {_COUNT_SLOT_S}), 0, peak_streams
            FROM stream_count WHERE business_date IN (FROM days) AND stream_type = 'push'),
        slots AS (
            SELECT business_date, domain, slot, max(peak) AS peak, sum(sum(step)) OVER (
                PARTITION BY business_date, domain ORDER BY slot) AS pushes
            FROM steps GROUP BY business_date, domain, slot)
        SELECT business_date, domain AS scope, pushes AS expected, peak AS actual, 0 AS slack,
               strftime(business_date + to_seconds((slot * {_COUNT_SLOT_S})::BIGINT), '%H:%M')
                   AS note
        FROM slots WHERE peak IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY business_date, domain
                                   ORDER BY peak - pushes DESC, peak DESC, slot) = 1""",
)

TRANSCODING = (
    Rule(
        name="transcode_minutes_of_tasks",
        meaning="The minutes of transcode_info are no more than its tasks times the minutes of a "
        "day.",
        relation="<=",
        unit="minutes",
        tolerance=0.001,
        why="Rounding of the vendor's minutes.",
        needs=("transcode_info",),
        sql="""
            SELECT business_date, domain AS scope,
                   1440 * count(DISTINCT (task_id, transcode_suffix)) AS expected,
                   sum(transcode_minutes::DECIMAL(18, 6)) AS actual, 0 AS slack, NULL AS note
            FROM transcode_info WHERE business_date IN (FROM days) GROUP BY ALL""",
    ),
    Rule(
        name="transcode_minutes_of_times",
        meaning="The minutes of transcode_info are what lies inside the day of the times between "
        "task_started_at and task_ended_at.",
        unit="minutes",
        tolerance=0.01,
        why="One second per task is allowed besides: the end of the day, asked for in whole "
        "seconds, may be left out. A task may pause.",
        needs=("transcode_info",),
        sql="""
            SELECT business_date, domain AS scope,
                   sum(greatest(0,
                       epoch_us(least(task_ended_at, business_date::TIMESTAMPTZ + INTERVAL 1 DAY))
                       - epoch_us(greatest(task_started_at, business_date::TIMESTAMPTZ)))
                   ) / 60e6 AS expected,
                   sum(transcode_minutes::DECIMAL(18, 6)) AS actual,
                   count(*) / 60 AS slack, NULL AS note
            FROM transcode_info WHERE business_date IN (FROM days) GROUP BY ALL""",
    ),
)


def _every_stream(name: str, batch: str, single: str) -> Rule:
    streams = "SELECT DISTINCT business_date, domain, app, stream"
    return Rule(
        name=name,
        meaning=f"Every stream of {batch} has rows in {single}. The row names one without.",
        unit="streams",
        tolerance=0.0,
        why=f"The streams to ask for are taken from {batch}.",
        needs=(batch, single),
        sql=f"""
            SELECT b.business_date, b.domain AS scope, count(*) AS expected,
                   count(s.stream) AS actual, 0 AS slack,
                   min(b.app || '/' || b.stream) FILTER (s.stream IS NULL) AS note
            FROM ({streams} FROM {batch} WHERE business_date IN (FROM days)) b
            LEFT JOIN ({streams} FROM {single} WHERE business_date IN (FROM days)) s
                ON b.business_date = s.business_date AND b.domain = s.domain
                   AND b.app = s.app AND b.stream = s.stream
            GROUP BY b.business_date, b.domain""",
    )


STREAMS = (
    _every_stream("streams_pushed", "batch_push_stream_metrics", "push_stream_metrics"),
    _every_stream("streams_of_origins", "batch_source_stream_metrics", "source_stream_metrics"),
)
