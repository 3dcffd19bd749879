"""The one writing connection of the warehouse, its transactions and tables."""

import os

import duckdb
import pytest

from resources.api.catalog import DATASETS
from resources.fs import locks
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


def test_whoever_writes_removes_what_killed_processes_left(tmp_path):
    """Of compactions, revisions, publications and of DuckDB itself."""
    home = Home(tmp_path)
    for folder in (home.warehouse.parent, home.served.parent):
        (folder / ".making-revisions-1-00000000").mkdir(parents=True)
        (folder / ".making-livestats-1.duckdb-1-00000000").touch()
    spill = home.warehouse.parent / "spill"
    spill.mkdir()
    (spill / "duckdb_temp_storage_DEFAULT-0.tmp").touch()
    with locks.lock(home.lock_file("warehouse")):
        assert len([*tmp_path.rglob(".making-*")]) == 4, "nobody but the holder of the lock removes"
    with warehouse_connection.writing(home, "Asia/Shanghai"):
        assert [*tmp_path.rglob(".making-*")] == []
        assert not spill.exists()


def test_a_warehouse_that_stays_locked_is_an_error_that_names_the_holder(tmp_path, monkeypatch):
    home = Home(tmp_path)
    monkeypatch.setattr(locks, "MOST_S", 0.0)
    with (
        locks.lock(home.lock_file("warehouse")),
        pytest.raises(locks.LockTimeout, match=f"by process {os.getpid()} "),
        warehouse_connection.writing(home, "Asia/Shanghai"),
    ):
        pass


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


def test_a_file_that_too_little_memory_cannot_open_is_not_moved_away(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise duckdb.OutOfMemoryException("Out of Memory Error: Failed to allocate block")

    monkeypatch.setattr(duckdb, "connect", refused)
    with (
        pytest.raises(WarehouseError, match="nothing says that the file is damaged"),
        warehouse_connection.writing(Home(tmp_path), "UTC"),
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


@pytest.mark.parametrize("blank", [0, 512, 8192])
def test_a_file_that_a_full_disk_left_blank_is_made_again(tmp_path, blank):
    home = Home(tmp_path)
    home.warehouse.parent.mkdir(parents=True)
    home.warehouse.write_bytes(bytes(blank))
    with warehouse_connection.writing(home, "UTC") as connection:
        assert connection.execute("FROM meta.loaded").fetchall() == []


def test_a_short_file_of_something_else_is_left_alone(tmp_path):
    home = Home(tmp_path)
    home.warehouse.parent.mkdir(parents=True)
    home.warehouse.write_bytes(b"a note")
    with pytest.raises(WarehouseError), warehouse_connection.writing(home, "UTC"):
        pass
    assert home.warehouse.read_bytes() == b"a note"
