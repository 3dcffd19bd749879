"""Rows that several days list stand in the table once."""

from datetime import date

import duckdb
import pytest

from resources.api.catalog import DATASETS
from resources.api.catalog.model import DedupKeep
from resources.warehouse import connection as warehouse_connection
from resources.warehouse.dedup import collect_keys, insert_deduplicated
from tests.support.lake_files import row

PUSHES, IP_INFO = DATASETS["push_stream_info"], DATASETS["ip_info"]
FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 2)


@pytest.fixture
def connection():
    with duckdb.connect(config=warehouse_connection.DUCKDB_WORKAROUNDS) as found:
        found.execute(warehouse_connection.CREATE_META_TABLES)
        for dataset in (PUSHES, IP_INFO):
            warehouse_connection.create_table(found, dataset)
        yield found


def restate(connection, dataset, day, rows):
    """Replace what a day lists, as a load does."""
    listed = f"meta.{dataset.name}_listed"
    collect_keys(connection, dataset, [day])
    connection.execute(f"DELETE FROM {listed} WHERE business_date = ?", [day])
    for values in rows:
        made = {"business_date": day, **row(dataset, **values)}
        names = ", ".join(made)
        marks = ", ".join("?" * len(made))
        connection.execute(f"INSERT INTO {listed} ({names}) VALUES ({marks})", [*made.values()])
    collect_keys(connection, dataset, [day])
    insert_deduplicated(connection, dataset)


def days(connection, dataset):
    return connection.execute(f"SELECT business_date FROM {dataset.name} ORDER BY ALL").fetchall()


@pytest.mark.parametrize("dataset", [PUSHES, IP_INFO], ids=lambda d: d.name)
def test_a_key_of_two_days_stands_under_one_of_them(connection, dataset):
    for day in (FIRST, SECOND):
        restate(connection, dataset, day, [{}])
    kept = SECOND if dataset.dedup_keep is DedupKeep.LAST_DAY else FIRST
    assert days(connection, dataset) == [(kept,)]


@pytest.mark.parametrize("dataset", [PUSHES, IP_INFO], ids=lambda d: d.name)
def test_a_key_that_a_day_no_longer_lists_moves_to_the_other_and_is_not_lost(connection, dataset):
    for day in (FIRST, SECOND):
        restate(connection, dataset, day, [{}])
    restate(connection, dataset, FIRST, [])
    assert days(connection, dataset) == [(SECOND,)]
    restate(connection, dataset, FIRST, [{}])
    restate(connection, dataset, SECOND, [])
    assert days(connection, dataset) == [(FIRST,)]
    restate(connection, dataset, FIRST, [])
    assert days(connection, dataset) == []


def test_two_pushes_of_one_second_that_two_days_list_are_two_rows(connection):
    twins = [{"occurrence": number, "push_duration_s": 10 * number} for number in (1, 2)]
    for day in (FIRST, SECOND):
        restate(connection, PUSHES, day, twins)
    assert days(connection, PUSHES) == [(FIRST,), (FIRST,)]
    restate(connection, PUSHES, FIRST, twins[:1])  # the other one is no longer listed there
    assert days(connection, PUSHES) == [(FIRST,), (SECOND,)]
    found = connection.execute(f"SELECT push_duration_s FROM {PUSHES.name} ORDER BY 1").fetchall()
    assert found == [(10,), (20,)]
