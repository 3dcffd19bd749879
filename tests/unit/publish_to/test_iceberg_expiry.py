"""Snapshots that no list names go, with their files."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from resources.home.layout import Home
from resources.publish_to import iceberg, iceberg_expiry
from tests.support.publications import made_up

pytestmark = pytest.mark.scale

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
TABLE = "CREATE TABLE t AS SELECT DATE '2026-11-01' AS business_date, {} AS n"


@pytest.fixture
def home(tmp_path):
    pytest.importorskip("pyiceberg")
    (tmp_path / "locks").mkdir()
    return Home(tmp_path)


def publish(home, sql, number):
    served = made_up(sql, commit=str(number))
    return iceberg.publish(served, home, "stats", NOW + timedelta(days=number))


def test_files_stay_as_many_however_often_is_published(home):
    counts = []
    for number in range(16):
        publish(home, TABLE.format(number), number)
        counts.append(len([p for p in home.root.rglob("*") if p.suffix in (".parquet", ".avro")]))
    assert counts[4] == counts[15]
    metadata = [*(home.root / "iceberg").rglob("stats/t/metadata/*.json")]
    assert len(metadata) <= 12


def test_every_file_that_is_there_is_one_that_a_snapshot_needs(home):
    for number in range(4):
        publish(home, TABLE.format(number), number)
    found = iceberg._catalog(home).load_table(("stats", "t"))
    manifests = iceberg_expiry._manifests(found, found.metadata.snapshots)
    files = iceberg_expiry._data_files(found, manifests.values())
    lists = (one.manifest_list for one in found.metadata.snapshots)
    needed = {Path(urlsplit(path).path) for path in (*files, *manifests, *lists)}
    there = {
        p
        for p in (home.root / "iceberg").rglob("stats/t/*/**/*")
        if p.suffix in (".parquet", ".avro")
    }
    assert there == needed


def test_a_table_goes_when_no_list_names_it_any_more(home):
    publish(home, f"{TABLE.format(1)}; CREATE TABLE u AS SELECT 1 AS n", 1)
    assert publish(home, TABLE.format(2), 2).removed == ()  # the list before has it
    assert publish(home, TABLE.format(3), 3).removed == ("u",)
    assert not iceberg._catalog(home).table_exists(("stats", "u"))
