"""The one writing connection of the warehouse, its transactions and tables."""

import duckdb
import pytest

from resources.api.catalog import DATASETS
from resources.home.layout import Home
from resources.warehouse import connection as warehouse_connection
from resources.warehouse.connection import WarehouseError, table_schemas, transaction

COUNT, PUSHES = DATASETS["stream_count"], DATASETS["push_stream_info"]


@pytest.fixture
def connection(tmp_path):
    with warehouse_connection.writing(Home(tmp_path), "Asia/Shanghai") as found:
        yield found


def version(connection):
    return warehouse_connection.content_version(connection)


def test_a_transaction_is_counted_and_a_failed_one_leaves_nothing(connection):
    before = version(connection)
    with transaction(connection):
        connection.execute("CREATE TABLE a AS SELECT 1 AS n")
    after = version(connection)
    assert after != before
    with pytest.raises(duckdb.CatalogException), transaction(connection):
        connection.execute("DELETE FROM a; FROM nobody")
    assert version(connection) == after
    assert connection.execute("FROM a").fetchall() == [(1,)]


def test_a_table_is_made_as_the_catalog_declares_it(connection):
    with transaction(connection):
        warehouse_connection.create_table(connection, COUNT)
        warehouse_connection.create_table(connection, PUSHES)
    schemas = table_schemas(connection)
    assert schemas["stream_count"].matches(COUNT)
    assert not schemas["stream_count"].matches(PUSHES)
    assert [name for name, _ in warehouse_connection.columns(connection, "stream_count")] == [
        column.name for column in COUNT.columns
    ]
    assert warehouse_connection.columns(connection, "nobody") == []


def test_a_table_that_is_made_anew_does_not_count_as_loaded(connection):
    connection.execute(
        "INSERT INTO meta.loaded VALUES ('stream_count', DATE '2026-11-01', '', 0, 0, 0, 0)"
    )
    with transaction(connection):
        warehouse_connection.create_table(connection, COUNT)
    assert connection.execute("FROM meta.loaded").fetchall() == []


def test_a_file_that_is_no_database_is_named_with_what_to_do(tmp_path):
    home = Home(tmp_path)
    home.warehouse.parent.mkdir(parents=True)
    home.warehouse.write_bytes(b"no database" * 1000)
    with (
        pytest.raises(WarehouseError, match="move .*livestats publish"),
        warehouse_connection.writing(home, "UTC"),
    ):
        pass


@pytest.mark.parametrize("written", [4096, 8192, 12287])
def test_a_file_whose_creation_was_broken_off_is_made_again(tmp_path, written):
    home = Home(tmp_path)
    with warehouse_connection.writing(home, "UTC"):
        pass
    home.warehouse.write_bytes(home.warehouse.read_bytes()[:written])
    with warehouse_connection.writing(home, "UTC") as connection:
        assert connection.execute("FROM meta.loaded").fetchall() == []


def test_a_short_file_of_something_else_is_left_alone(tmp_path):
    home = Home(tmp_path)
    home.warehouse.parent.mkdir(parents=True)
    home.warehouse.write_bytes(b"a note")
    with pytest.raises(WarehouseError), warehouse_connection.writing(home, "UTC"):
        pass
    assert home.warehouse.read_bytes() == b"a note"
