"""A table that is published day after day for long: few manifests, and no file that nobody needs."""

from datetime import date, timedelta

import duckdb
import pytest

from resources.home.layout import Home
from resources.publish_to import iceberg, iceberg_expiry, iceberg_tables, served

pytestmark = pytest.mark.scale

DAYS = 25


@pytest.fixture
def copy():
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE viewers (business_date DATE, viewers BIGINT)")
        yield served.Served(
            connection=connection, home="home", commit="1", masks="", erasures="",
            tables=tuple(served._tables(connection)),
        )  # fmt: skip


def test_manifests_stay_few_and_files_of_expired_snapshots_are_removed(copy, tmp_path):
    pytest.importorskip("pyiceberg")
    (table,) = copy.tables
    name = ("stats", table.name)
    catalog = iceberg._catalog(Home(tmp_path))
    catalog.create_namespace("stats")
    iceberg_tables.create(catalog, name, table, copy.home)
    listed = []
    for number in range(DAYS):
        day = date(2026, 1, 1) + timedelta(days=number)
        copy.connection.execute("INSERT INTO viewers VALUES (?, ?)", [day, number])
        if number:  # the day before is restated
            yesterday = day - timedelta(days=1)
            copy.connection.execute(
                "UPDATE viewers SET viewers = viewers + 100 WHERE business_date = ?", [yesterday]
            )
        found = catalog.load_table(name)
        iceberg_tables.replace_days(found, copy, table)
        listed = [*listed[-1:], found.current_snapshot().snapshot_id]
        iceberg_expiry.expire(
            catalog, "stats", {table.name: found}, {table.name: {*listed}}, copy.home
        )
    found = catalog.load_table(name)
    assert len(found.current_snapshot().manifests(found.io)) <= 10
    for snapshot, days in zip(listed, (DAYS - 1, DAYS), strict=True):
        rows = found.scan(snapshot_id=snapshot).to_arrow().sort_by("business_date").to_pylist()
        assert [one["viewers"] for one in rows] == [*range(100, 99 + days), days - 1]
    needed = {
        task.file.file_path.rpartition("/")[2]
        for one in listed
        for task in found.scan(snapshot_id=one).plan_files()
    }
    assert {path.name for path in tmp_path.rglob("*.parquet")} == needed
