"""Rules about wholes and their parts: sums are equal, peaks lie between the largest and the sum."""

import duckdb
import pytest

from resources.api.catalog import DATASETS
from resources.system_tables.reconciliation.rules.wholes import ACCOUNT_RULES, DOMAIN_RULES

DAY = "2026-11-20"
RULES = {rule.name: rule for rule in (*ACCOUNT_RULES, *DOMAIN_RULES)}
VIEWERS, TRAFFIC = RULES["viewers_of_account"], RULES["edge_traffic_of_account"]
OF_DOMAIN = RULES["origin_peak_of_carriers"]


@pytest.fixture
def tables():
    """Empty tables of all that the rules read."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'Asia/Shanghai'")
        connection.execute(f"CREATE TABLE days AS SELECT DATE '{DAY}' AS business_date")
        for name in {name for rule in RULES.values() for name in rule.needs}:
            columns = ", ".join(f"{c.name} {c.kind.sql}" for c in DATASETS[name].columns)
            connection.execute(f"CREATE TABLE {name} ({columns})")
        yield connection


def put(connection, name, hour, value, column, **labels):
    row = {
        "business_date": DAY,
        "slot_start_at": f"{DAY} {hour:02}:00:00+08:00",
        "slot_seconds": 300,
        column: value,
        **labels,
    }
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {name} ({columns}) VALUES ({marks})", [*row.values()])


def found(connection, rule):
    return [(s, e, a, n) for _, s, e, a, _, n in connection.execute(rule.sql).fetchall()]


def viewers(connection, hour, account, *domains):
    kind = {"online_user_type": "Online"}
    put(connection, "stream_session_account", hour, account, "online_users", **kind)
    for number, users in enumerate(domains):
        where = {"domain": f"{number}.example", **kind}
        put(connection, "stream_session_by_domain", hour, users, "online_users", **where)


@pytest.mark.parametrize(
    ("account", "expected"), [(10, 10), (12, 12), (17, 17), (18, 17), (9, 10), (0, 10)]
)
def test_a_peak_lies_between_the_largest_part_and_the_sum(tables, account, expected):
    viewers(tables, 20, account, 10, 7)
    assert found(tables, VIEWERS) == [("account", expected, account, "20:00")]


def test_the_slot_that_is_farthest_off_is_named_whatever_its_height(tables):
    viewers(tables, 20, 15, 10, 7)
    viewers(tables, 21, 6, 2, 1)
    viewers(tables, 22, 4, 2, 1)
    assert found(tables, VIEWERS) == [("account", 3, 6, "21:00")]


def test_the_highest_slot_is_named_where_all_are_right(tables):
    viewers(tables, 20, 15, 10, 7)
    viewers(tables, 21, 3, 2, 1)
    assert found(tables, VIEWERS) == [("account", 15, 15, "20:00")]


def test_a_slot_that_the_whole_lacks_is_nothing_there(tables):
    put(tables, "stream_session_by_domain", 20, 9, "online_users", domain="a",
        online_user_type="Online")  # fmt: skip
    assert found(tables, VIEWERS) == [("account", 9, 0, "20:00")]


def test_slots_of_another_width_are_compared_in_the_wider_ones(tables):
    """Settings may make either of the two wider: a peak of an hour is that of its highest slot."""
    viewers(tables, 20, 12)
    tables.execute("UPDATE stream_session_account SET slot_seconds = 3600")
    for minute, users in ((0, 4), (30, 7)):
        for domain in ("a", "b"):
            put(tables, "stream_session_by_domain", 20, users, "online_users", domain=domain,
                online_user_type="Online",
                slot_start_at=f"{DAY} 20:{minute:02}:00+08:00")  # fmt: skip
    assert found(tables, VIEWERS) == [("account", 12, 12, "20:00")]


def test_other_kinds_of_viewers_are_not_mixed_in(tables):
    put(tables, "stream_session_account", 20, 9, "online_users", online_user_type="ClientIP")
    assert found(tables, VIEWERS) == []


def test_traffic_of_domains_and_carriers_adds_up_to_the_account(tables):
    for domain, carrier, traffic in (("a", "x", 1.0), ("a", "y", 2.0), ("b", "x", 4.0)):
        put(
            tables, "edge_stat", 20, traffic * 1e9, "down_traffic_bytes", domain=domain, isp=carrier
        )
    put(tables, "edge_stat_account", 20, 8e9, "down_traffic_bytes")
    assert found(tables, TRAFFIC) == [("account", 7e9, 8e9, None)]


def test_a_domain_is_held_against_its_own_carriers(tables):
    for domain, carrier, peak in (("a", "x", 1.0), ("a", "y", 2.0), ("b", "x", 4.0)):
        put(tables, "source_traffic", 20, peak, "origin_bandwidth_mbps", domain=domain, isp=carrier)
    put(tables, "source_traffic_by_domain", 20, 2.5, "origin_bandwidth_mbps", domain="a")
    put(tables, "source_traffic_by_domain", 20, 5.0, "origin_bandwidth_mbps", domain="b")
    assert sorted(found(tables, OF_DOMAIN)) == [("a", 2.5, 2.5, "20:00"), ("b", 4.0, 5.0, "20:00")]


def test_each_rule_can_be_run_and_names_datasets(tables):
    for rule in RULES.values():
        assert found(tables, rule) == []
        assert {*rule.needs} <= {*DATASETS}
