"""Rules of hours: what is compared, and what is too little to be."""

import duckdb
import pytest

from resources.system_tables.reconciliation.rules.hours import HOURS

EDGE, CODES, PUSHES = HOURS
GB = 10**9


@pytest.fixture
def tables():
    with duckdb.connect() as connection:
        connection.execute("""
            CREATE TABLE days AS SELECT DATE '2026-11-20' AS business_date;
            CREATE TABLE stream_session_by_domain (business_date DATE, domain VARCHAR,
                slot_start_at TIMESTAMP, online_user_type VARCHAR, requests BIGINT);
            CREATE TABLE edge_stat (business_date DATE, domain VARCHAR, slot_start_at TIMESTAMP,
                down_traffic_bytes BIGINT);
            CREATE TABLE play_status_code (business_date DATE, domain VARCHAR,
                slot_start_at TIMESTAMP, request_type VARCHAR, status_code INT, status_count BIGINT);
            """)
        yield connection


def sessions(connection, hour, requests):
    at = f"2026-11-20 {hour:02}:05:00"
    row = ("2026-11-20", "a.example", at, "Online", requests)
    connection.execute("INSERT INTO stream_session_by_domain VALUES (?, ?, ?, ?, ?)", row)


def edge(connection, hour, traffic_bytes):
    row = ("2026-11-20", "a.example", f"2026-11-20 {hour:02}:50:00", traffic_bytes)
    connection.execute("INSERT INTO edge_stat VALUES (?, ?, ?, ?)", row)


def found(connection, rule):
    return [(e, a, note) for _, _, e, a, _, note in connection.execute(rule.sql).fetchall()]


def test_the_first_hour_that_lacks_activity_is_named(tables):
    for hour in (8, 9, 10, 11):
        sessions(tables, hour, 100)
    edge(tables, 8, GB)
    edge(tables, 10, 1)
    assert found(tables, EDGE) == [(4, 2, "09:00")]


def test_both_directions_count(tables):
    edge(tables, 8, GB)
    assert found(tables, EDGE) == [(1, 0, "08:00")]


@pytest.mark.parametrize(("requests", "traffic_bytes"), [(99, 0), (0, GB - 1)])
def test_a_little_needs_no_counterpart(tables, requests, traffic_bytes):
    sessions(tables, 8, requests)
    edge(tables, 8, traffic_bytes)
    assert found(tables, EDGE) == []


def test_status_codes_prove_no_session_as_they_count_pushes_too(tables):
    row = ("2026-11-20", "a.example", "2026-11-20 08:00:00", "Access", 200, 10**6)
    tables.execute("INSERT INTO play_status_code VALUES (?, ?, ?, ?, ?, ?)", row)
    assert found(tables, CODES) == []
    sessions(tables, 9, 100)
    assert found(tables, CODES) == [(1, 0, "09:00")]


def test_each_rule_reads_the_tables_that_it_needs():
    for rule in HOURS:
        assert all(table in rule.sql for table in rule.needs)
    assert PUSHES.needs == ("batch_push_stream_metrics", "stream_count")
