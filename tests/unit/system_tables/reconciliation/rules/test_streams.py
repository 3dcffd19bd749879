"""Rules about the streams of a day."""

from datetime import date

import duckdb

from resources.system_tables.reconciliation.rules.streams import STREAMS, TRANSCODING

DAY = date(2026, 11, 1)


def test_a_stream_without_rows_of_its_own_is_named():
    rule = STREAMS[0]
    batch, single = rule.needs
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE days AS SELECT DATE '{DAY}' AS business_date")
        for name, streams in ((batch, ("a", "b")), (single, ("a",))):
            connection.execute(
                f"CREATE TABLE {name} (business_date DATE, domain VARCHAR, app VARCHAR, stream VARCHAR)"
            )
            for stream in streams:
                connection.execute(f"INSERT INTO {name} VALUES (?, 'd', 'live', ?)", [DAY, stream])
        assert connection.execute(rule.sql).fetchall() == [(DAY, "d", 2, 1, 0, "live/b")]


def test_minutes_are_those_between_start_and_end_inside_the_day():
    rule = next(rule for rule in TRANSCODING if rule.name == "transcode_minutes_of_times")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'Asia/Shanghai'")
        connection.execute(f"CREATE TABLE days AS SELECT DATE '{DAY}' AS business_date")
        connection.execute(
            "CREATE TABLE transcode_info AS SELECT DATE '2026-11-01' AS business_date, 'd' AS domain, "
            "TIMESTAMPTZ '2026-10-31 23:00:00+08' AS task_started_at, "
            "TIMESTAMPTZ '2026-11-01 00:30:00+08' AS task_ended_at, 30.0 AS transcode_minutes"
        )
        ((_, scope, expected, actual, *_),) = connection.execute(rule.sql).fetchall()
    assert (scope, float(expected), float(actual)) == ("d", 30.0, 30.0)
