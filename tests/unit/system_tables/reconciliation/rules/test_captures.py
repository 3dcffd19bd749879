"""Rules about one dataset."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import duckdb

from resources.api.catalog import DATASETS
from resources.api.catalog.columns import SLOT_START_AT as SLOT
from resources.api.catalog.model import Scope
from resources.system_tables.reconciliation.rules.captures import SLOTS, TOTALS, _slots

DAY = date(2026, 11, 1)
START = datetime(2026, 10, 31, 16, tzinfo=UTC)


def test_a_day_has_all_its_slots_where_anything_happened():
    rule = next(rule for rule in SLOTS if rule.name == "slots_of_source_traffic")
    assert rule.if_less == "sparse"
    values = rule.sql.partition("max(greatest(")[2].partition(")")[0].split(", ")
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE days AS SELECT DATE '{DAY}' AS business_date")
        columns = ", ".join(f"{name} DOUBLE" for name in values)
        connection.execute(
            "CREATE TABLE source_traffic (business_date DATE, domain VARCHAR, "
            f"slot_seconds INT, slot_start_at TIMESTAMPTZ, {columns})"
        )
        slots = [START + timedelta(minutes=5 * i) for i in range(288)]
        for domain, kept, value in (("whole", 288, 1), ("less", 287, 1), ("quiet", 3, 0)):
            for slot in slots[:kept]:
                row = [DAY, domain, 300, slot, *[value] * len(values)]
                connection.execute(
                    f"INSERT INTO source_traffic VALUES ({', '.join('?' * len(row))})", row
                )
        found = {
            scope: (expected, actual)
            for _, scope, expected, actual, *_ in connection.execute(rule.sql).fetchall()
        }
    assert found == {"whole": (288, 288), "less": (288, 287)}


def test_a_series_of_the_account_has_all_its_slots_too():
    whole = replace(
        DATASETS["source_traffic"], name="whole", scope=Scope.ACCOUNT, split=(), key=(SLOT,)
    )
    rule = _slots(whole)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE days AS SELECT DATE '{DAY}' AS business_date")
        connection.execute(
            f"CREATE TABLE whole AS SELECT DATE '{DAY}' AS business_date, 300 AS slot_seconds, "
            f"TIMESTAMPTZ '{START}' + to_minutes(5 * i::INT) AS {SLOT}, "
            "1.0 AS origin_bandwidth_mbps, 1.0 AS origin_traffic_bytes FROM range(287) t(i)"
        )
        assert connection.execute(rule.sql).fetchall() == [(DAY, "account", 288, 287, 0, None)]


def test_totals_that_disagree_are_counted_and_named():
    rule = TOTALS[0]
    (name,) = rule.needs
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE days AS SELECT DATE '{DAY}' AS business_date")
        connection.execute(
            f"CREATE TABLE origins AS SELECT '{name}' AS dataset, DATE '{DAY}' AS business_date, "
            "['A', 'B'] AS disagreeing"
        )
        assert connection.execute(rule.sql).fetchall() == [(DAY, "account", 0, 2, 0, "A, B")]
