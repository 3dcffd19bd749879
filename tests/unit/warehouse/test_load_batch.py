"""A batch is replaced as a whole or not at all; the way through sync_table is in test_load."""

from datetime import date

import pytest

from resources.api.catalog import DATASETS
from resources.home.layout import Home
from resources.lake import parquet
from resources.warehouse import connection as warehouse_connection
from resources.warehouse.connection import WarehouseError
from resources.warehouse.load_batch import LakeFile, load_batch
from tests.support.lake_files import store

COUNT = DATASETS["stream_count"]
DAY = date(2026, 11, 20)


def test_a_key_that_stands_twice_is_an_error_and_changes_nothing(tmp_path):
    home = Home(tmp_path / "home")
    with warehouse_connection.writing(home, "Asia/Shanghai") as connection:
        with warehouse_connection.transaction(connection):
            warehouse_connection.create_table(connection, COUNT)
        for names in (["a"], ["b", "b"]):
            path = store(home.lake, COUNT, DAY, [{"domain": name} for name in names])
            origin = parquet.provenance_of(path)
            file = LakeFile(DAY, str(path), path.stat().st_size, path.stat().st_mtime_ns)
            connection.begin()
            if names == ["a"]:
                assert load_batch(connection, COUNT, [(file, origin)]) == 1
                connection.commit()
            else:
                with pytest.raises(WarehouseError, match="twice"):
                    load_batch(connection, COUNT, [(file, origin)])
                connection.rollback()
        assert connection.execute("SELECT domain FROM stream_count").fetchall() == [("a",)]
