"""Rules that something is there, over tables of a few rows."""

from datetime import date

import duckdb
import pytest

from resources.system_tables.reconciliation.rules.presence import PRESENCE

DAY = date(2026, 11, 1)
RULES = {rule.name: rule for rule in PRESENCE}
COLUMNS = {
    "stream_session_by_domain": "online_user_type VARCHAR, requests BIGINT",
    "edge_stat": "up_traffic_bytes DOUBLE, down_traffic_bytes DOUBLE",
    "batch_stream_traffic": "up_traffic_bytes DOUBLE, down_traffic_bytes DOUBLE",
    "play_status_code": "request_type VARCHAR, status_code INTEGER, status_count BIGINT",
    "batch_push_stream_metrics": (
        "app VARCHAR, stream VARCHAR, slot_start_at TIMESTAMPTZ, slot_seconds BIGINT"
    ),
    "stream_count": "stream_type VARCHAR, peak_streams BIGINT",
}


@pytest.fixture
def tables():
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE days AS SELECT DATE '{DAY}' AS business_date")
        for name, columns in COLUMNS.items():
            connection.execute(
                f"CREATE TABLE {name} (business_date DATE, domain VARCHAR, {columns})"
            )
        yield connection


def put(tables, name, *values, domain="d", day=DAY, times=1):
    for _ in range(times):
        marks = ", ".join("?" * (2 + len(values)))
        tables.execute(f"INSERT INTO {name} VALUES ({marks})", [day, domain, *values])


def verdicts(tables, rule):
    """Domain -> expected, actual."""
    found = tables.execute(RULES[rule].sql).fetchall()
    assert {row[0] for row in found} <= {DAY}
    return {row[1]: row[2:4] for row in found}


def pushed(tables, minutes, domain="d"):
    for minute in range(minutes):
        at = f"2026-11-01 {minute // 60:02}:{minute % 60:02}:00+00"
        put(tables, "batch_push_stream_metrics", "live", "s", at, 60, domain=domain)


SESSIONS = ("stream_session_by_domain", "Online", 100)
DOWN = ("edge_stat", 0.0, 1e8)


def test_both_sides_agree(tables):
    put(tables, *SESSIONS)
    put(tables, *DOWN)
    assert verdicts(tables, "edge_of_sessions") == {"d": (1, 1)}


@pytest.mark.parametrize(("side", "found"), [(SESSIONS, (1, 0)), (DOWN, (0, 1))])
def test_an_empty_side_is_contradicted_in_both_directions(tables, side, found):
    put(tables, *side)
    assert verdicts(tables, "edge_of_sessions") == {"d": found}


@pytest.mark.parametrize(
    "little", [("stream_session_by_domain", "Online", 99), ("edge_stat", 0.0, 1e8 - 1)]
)
def test_a_little_needs_no_counterpart(tables, little):
    put(tables, *little)
    assert verdicts(tables, "edge_of_sessions") == {"d": (0, 0)}


def test_each_domain_is_compared_with_itself_and_other_days_are_not(tables):
    put(tables, *SESSIONS)
    put(tables, *DOWN, domain="other")
    put(tables, *DOWN, day=date(2026, 11, 2))
    assert verdicts(tables, "edge_of_sessions") == {"d": (1, 0), "other": (0, 1)}


def test_viewers_of_another_kind_count_for_nothing(tables):
    put(tables, "stream_session_by_domain", "Viewer", 10**6)
    assert verdicts(tables, "edge_of_sessions") == {}


def test_requests_of_plays_are_no_push(tables):
    """More goes down than up: the upstream traffic is that of viewers."""
    put(tables, "edge_stat", 2e8, 9e9)
    assert verdicts(tables, "edge_of_pushes") == {"d": (0, 0)}
    put(tables, "edge_stat", 9e9, 0.0)
    assert verdicts(tables, "edge_of_pushes") == {"d": (0, 1)}


def test_half_an_hour_of_pushes_needs_traffic_and_a_count(tables):
    pushed(tables, 29)
    assert verdicts(tables, "count_of_pushes") == {"d": (0, 0)}
    pushed(tables, 30, "long")
    for rule in ("count_of_pushes", "edge_of_pushes", "traffic_of_pushes"):
        assert verdicts(tables, rule)["long"] == (1, 0), rule
    put(tables, "stream_count", "push", 1, domain="long")
    assert verdicts(tables, "count_of_pushes")["long"] == (1, 1)


def test_codes_of_a_domain_with_pushes_prove_no_play(tables):
    put(tables, "play_status_code", "Access", 200, 10**6)
    assert verdicts(tables, "codes_of_sessions") == {"d": (0, 1)}
    pushed(tables, 1)
    assert verdicts(tables, "codes_of_sessions") == {"d": (0, 0)}


def test_errors_and_requests_to_origins_are_no_play(tables):
    put(tables, "play_status_code", "Access", 404, 10**6)
    put(tables, "play_status_code", "Source", 200, 10**6)
    put(tables, *SESSIONS)
    assert verdicts(tables, "codes_of_sessions") == {"d": (1, 0)}
