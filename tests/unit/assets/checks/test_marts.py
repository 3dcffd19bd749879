"""What Dagster's page says of a mart's rows."""

from datetime import date

import dagster as dg
import duckdb

from assets.checks import marts
from resources.marts import incremental
from resources.marts.definition import read

KEY = dg.AssetKey(["marts", "traffic_daily_by_domain"])
DAY, OTHER = date(2026, 11, 20), date(2026, 11, 21)


def results(doubled=0, impossible=None):
    return {one.check_name: one for one in marts.results(KEY, doubled, impossible or {})}


def test_a_mart_with_unique_keys_and_all_days_passes():
    assert all(one.passed for one in results().values())


def test_a_key_that_comes_twice_is_an_error():
    found = results(doubled=3)[marts.UNIQUE_KEY]
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.ERROR
    assert found.metadata["keys_that_come_twice"].value == 3


def test_a_day_that_cannot_be_made_is_a_warning_that_names_it():
    found = results(impossible={DAY: "Overflow"})[marts.EVERY_DAY_MADE]
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.WARN
    assert found.metadata["2026-11-20"].value == "Overflow"


def test_doubled_keys_are_counted_in_the_days_that_were_made():
    mart = read()["traffic_daily_by_domain"]
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE traffic_daily_by_domain AS FROM (VALUES "
            "(DATE '2026-11-20', 'a', 1), (DATE '2026-11-20', 'a', 2), (DATE '2026-11-20', 'b', 1),"
            "(DATE '2026-11-21', 'a', 1)) AS t(business_date, domain, bytes)"
        )
        assert incremental.doubled_keys(connection, mart, [DAY, OTHER]) == 1
        assert incremental.doubled_keys(connection, mart, [OTHER]) == 0
        assert incremental.doubled_keys(connection, mart, []) == 0
