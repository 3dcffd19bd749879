"""Datasets of several tables: names beside codes, and rows of the account beside its domains."""

from datetime import date

import duckdb
import pytest

from pipelines.superset.joined import with_joined
from pipelines.superset.metrics import METRICS
from tests.support.superset_tables import all_tables, empty


@pytest.fixture(scope="module")
def tables():
    return {table.name: table for table in with_joined(all_tables())}


@pytest.fixture
def ask(tables):
    """A function: metric of a dataset under conditions -> its value, on a few rows."""
    with duckdb.connect() as connection:
        empty(connection, all_tables())
        connection.execute("SET TimeZone = 'Asia/Shanghai'")
        connection.execute("""
            INSERT INTO dim_domain BY NAME SELECT unnest(['a', 'b', 'p']) AS domain,
                unnest(['one', 'two', 'one']) AS vhost;
            INSERT INTO dim_date BY NAME
                SELECT d::DATE AS business_date, date_trunc('month', d)::DATE AS month
                FROM range(DATE '2026-10-01', DATE '2026-12-01', INTERVAL 1 DAY) t(d);
            INSERT INTO billing_monthly_account BY NAME SELECT unnest([DATE '2026-10-01',
                DATE '2026-11-01']) AS month, 'total' AS direction,
                unnest([60.0, 70.0]) AS p95_so_far_mbps;
            INSERT INTO billing_monthly_by_domain BY NAME SELECT DATE '2026-11-01' AS month,
                unnest(['a', 'b']) AS domain, 'total' AS direction,
                unnest([50.0, 40.0]) AS p95_so_far_mbps;
            INSERT INTO bandwidth_5min BY NAME SELECT DATE '2026-11-02' AS business_date,
                unnest(['a', 'b', 'a']) AS domain, 300 AS slot_seconds, 0 AS up_traffic_bytes,
                unnest(['2026-11-02 00:00+08', '2026-11-02 00:00+08',
                        '2026-11-02 00:05+08'])::TIMESTAMPTZ AS slot_start_at,
                unnest([300e6, 150e6, 600e6]) / 8 AS down_traffic_bytes;
            INSERT INTO bandwidth_5min_account BY NAME
                SELECT business_date, slot_start_at, slot_seconds, 0 AS up_traffic_bytes,
                       sum(down_traffic_bytes) AS down_traffic_bytes
                FROM bandwidth_5min GROUP BY ALL;
        """)

        def value(table, metric, where="true"):
            (found,) = (m for m in METRICS[table] if m.name == metric)
            asked = f"SELECT {found.sql} FROM {tables[table].source} WHERE {where}"
            return connection.execute(asked).fetchone()[0]

        yield value


def test_every_table_about_domains_has_their_space_and_every_carrier_its_name(tables):
    for name, table in tables.items():
        assert table.has("vhost") or not table.has("domain"), name
        assert table.has("isp_name") or not table.has("isp"), name


def test_a_name_multiplies_no_row(tables):
    with duckdb.connect() as connection:
        empty(connection, all_tables())
        connection.execute("INSERT INTO dim_domain BY NAME SELECT 'a' AS domain, 'one' AS vhost")
        connection.execute("INSERT INTO errors_daily BY NAME SELECT unnest(['a', 'b']) AS domain")
        rows = connection.sql(f"SELECT domain, vhost FROM {tables['errors_daily'].source}")
        assert sorted(rows.fetchall()) == [("a", "one"), ("b", None)]


def test_figures_are_of_the_account_until_domains_are_chosen(ask):
    of_month = "month = DATE '2026-11-01'"
    assert ask("billing_of_days", "max_p95_so_far_mbps", of_month) == 70
    assert ask("billing_of_days", "max_p95_so_far_mbps", f"{of_month} AND domain = 'b'") == 40
    assert (
        ask("billing_of_days", "max_p95_so_far_mbps", f"{of_month} AND domain IN ('a', 'b')") == 50
    )
    assert ask("billing_of_days", "max_p95_so_far_mbps", f"{of_month} AND vhost = 'one'") == 50


def test_a_month_is_found_by_any_of_its_days(ask):
    for day, p95 in ((date(2026, 10, 31), 60), (date(2026, 11, 1), 70), (date(2026, 11, 30), 70)):
        assert ask("billing_of_days", "max_p95_so_far_mbps", f"business_date = '{day}'") == p95


def test_bandwidths_of_domains_are_added_up_in_one_slot_and_never_over_slots(ask):
    first = "slot_start_at = '2026-11-02 00:00+08'::TIMESTAMPTZ"
    assert ask("bandwidth_and_p95", "average_mbps", first) == pytest.approx(1.5)
    assert ask("bandwidth_and_p95", "average_mbps", f"{first} AND domain = 'b'") == pytest.approx(
        0.5
    )
    assert ask("bandwidth_and_p95", "average_mbps", f"{first} AND domain IS NOT NULL") == (
        pytest.approx(1.5)
    )
    assert ask("bandwidth_and_p95", "average_mbps") == pytest.approx((1.5 + 2) / 2)


def test_a_dataset_of_several_tables_needs_them_all():
    found = with_joined([table for table in all_tables() if table.name != "bandwidth_5min_account"])
    assert "bandwidth_and_p95" not in {table.name for table in found}
    assert "billing_of_days" in {table.name for table in found}
