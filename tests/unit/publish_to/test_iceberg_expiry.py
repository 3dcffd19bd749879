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
    assert there(home) == needed(home)


@pytest.mark.parametrize("files", range(9))
def test_an_expiry_that_is_killed_at_any_file_is_finished_by_the_next(home, files, monkeypatch):
    from pyiceberg.io.pyarrow import PyArrowFileIO

    for number in range(3):
        publish(home, TABLE.format(number), number)
    delete, steps = PyArrowFileIO.delete, iter(range(1000))

    def killing(*words):
        if next(steps) == files:
            raise KeyboardInterrupt
        delete(*words)

    monkeypatch.setattr(PyArrowFileIO, "delete", killing)
    with pytest.raises(KeyboardInterrupt):
        publish(home, TABLE.format(3), 3)
    monkeypatch.setattr(PyArrowFileIO, "delete", delete)
    assert not publish(home, TABLE.format(3), 3).is_new
    assert there(home) == needed(home)


@pytest.mark.parametrize("is_published_again", [False, True])
def test_a_table_whose_removal_is_killed_leaves_no_rows(home, monkeypatch, is_published_again):
    from pyiceberg.io.pyarrow import PyArrowFileIO

    publish(home, f"{TABLE.format(1)}; CREATE TABLE u AS SELECT 1 AS n", 1)
    publish(home, TABLE.format(2), 2)
    delete = PyArrowFileIO.delete

    def killing(io, path):
        if "/u/metadata" in path:  # its rows are deleted
            raise KeyboardInterrupt
        delete(io, path)

    monkeypatch.setattr(PyArrowFileIO, "delete", killing)
    with pytest.raises(KeyboardInterrupt):
        publish(home, TABLE.format(3), 3)
    monkeypatch.setattr(PyArrowFileIO, "delete", delete)
    again = f"{TABLE.format(4)}; CREATE TABLE u AS SELECT 1 AS n"
    if is_published_again:
        publish(home, again, 4)
        found = iceberg._catalog(home).load_table(("stats", "u")).scan().to_arrow()
        assert found["n"].to_pylist() == [1]
        return
    assert publish(home, TABLE.format(3), 3).removed == ("u",)
    assert not [*(home.root / "iceberg/stats/u").rglob("*.parquet")]


def test_manifests_do_not_name_rows_that_were_only_deleted(home):
    """They would have the least and greatest values of them, as an address."""
    publish(home, f"{TABLE.format(1)} UNION SELECT DATE '2026-11-02', 2", 1)
    publish(home, TABLE.format(1), 2)
    found = iceberg._catalog(home).load_table(("stats", "t"))
    manifests = found.current_snapshot().manifests(found.io)
    entries = [
        e for m in manifests for e in m.fetch_manifest_entry(found.io, discard_deleted=False)
    ]
    assert [e.data_file.record_count for e in entries] == [1]
    assert found.scan().to_arrow()["n"].to_pylist() == [1]


def there(home):
    """Files of the table and of the list, without their metadata."""
    return {
        p
        for p in (home.root / "iceberg").rglob("stats/*/*/**/*")
        if p.suffix in (".parquet", ".avro")
    }


def needed(home):
    catalog = iceberg._catalog(home)
    tables = [catalog.load_table(("stats", name)) for name in ("t", iceberg.PUBLICATION)]
    return {path for found in tables for path in of_snapshots(found)}


def of_snapshots(found):
    manifests = iceberg_expiry._manifests(found, found.metadata.snapshots)
    files = iceberg_expiry._data_files(found, manifests.values())
    lists = (one.manifest_list for one in found.metadata.snapshots)
    return {Path(urlsplit(path).path) for path in (*files, *manifests, *lists)}


def test_a_table_goes_when_no_list_names_it_any_more(home):
    publish(home, f"{TABLE.format(1)}; CREATE TABLE u AS SELECT 1 AS n", 1)
    assert publish(home, TABLE.format(2), 2).removed == ()  # the list before has it
    assert publish(home, TABLE.format(3), 3).removed == ("u",)
    assert not iceberg._catalog(home).table_exists(("stats", "u"))
