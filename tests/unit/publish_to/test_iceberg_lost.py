"""A store that was emptied, and a catalog of an earlier day: what is gone is made anew."""

import logging
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from resources.home.layout import Home
from resources.publish_to import iceberg
from resources.publish_to.errors import NotPublished
from tests.support.publications import made_up

pytestmark = pytest.mark.scale

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
TABLES = """
CREATE TABLE t (business_date DATE, n BIGINT);
INSERT INTO t VALUES ('2026-11-01', {0}), ('2026-11-02', 2);
CREATE TABLE u AS SELECT {0}::BIGINT AS n;
CREATE TABLE same AS SELECT 3::BIGINT AS n;
"""
NAMES = ("t", "u", "same", iceberg.PUBLICATION)


@pytest.fixture
def home(tmp_path):
    pytest.importorskip("pyiceberg")
    (tmp_path / "locks").mkdir()
    return Home(tmp_path)


def publish(home, value):
    served = made_up(TABLES.format(value), commit=str(value))
    return iceberg.publish(served, home, "stats", NOW + timedelta(days=value))


def rows(home):
    """Publication, by its age, and table -> its rows; every snapshot that is listed can be read."""
    catalog = iceberg._catalog(home)
    listed = iceberg._listed(catalog, "stats")
    ages = sorted({row["published_at"] for row in listed}, reverse=True)
    found = {}
    for row in listed:
        scan = catalog.load_table(("stats", row["table_name"])).scan(snapshot_id=row["snapshot_id"])
        key = ages.index(row["published_at"]), row["table_name"]
        found[key] = sorted(scan.to_arrow()["n"].to_pylist())
    return found


def of(age, value):
    return {(age, "t"): sorted([2, value]), (age, "u"): [value], (age, "same"): [3]}


def lose(home, name, pattern):
    folder = home.root / "iceberg" / "stats" / name
    paths = [path for path in folder.rglob(pattern) if path.is_file()]
    assert paths
    for path in paths:
        path.unlink()


@pytest.mark.parametrize("value", [6, 7], ids=["without news", "with news"])
def test_after_the_store_was_emptied_all_is_published_again(home, value, caplog):
    for one in (5, 6):
        publish(home, one)
    shutil.rmtree(home.root / "iceberg" / "stats")
    with caplog.at_level(logging.WARNING):
        assert publish(home, value).is_new
    assert rows(home) == of(0, value)
    assert all(f"stats.{name}" in caplog.text for name in NAMES)
    caplog.clear()
    publish(home, 8)
    assert rows(home) == of(0, 8) | of(1, value)
    assert caplog.text == ""


@pytest.mark.parametrize("pattern", ["*.metadata.json", "snap-*.avro", "*-m0.avro"])
@pytest.mark.parametrize("name", NAMES)
def test_a_table_that_lost_its_files_is_made_anew(home, name, pattern):
    for value in (5, 6):
        publish(home, value)
    lose(home, name, pattern)
    assert publish(home, 6).is_new
    assert rows(home) == of(0, 6)


def test_a_list_that_lost_its_lines_is_made_anew(home):
    publish(home, 5)
    lose(home, iceberg.PUBLICATION, "*.parquet")
    publish(home, 6)
    assert rows(home) == of(0, 6)


def test_with_a_catalog_of_an_earlier_day_the_publication_succeeds(home):
    catalog = home.root / "iceberg" / "catalog.db"
    publish(home, 1)
    earlier = catalog.read_bytes()
    for value in range(2, 6):
        publish(home, value)
    catalog.write_bytes(earlier)
    publish(home, 5)
    assert rows(home) == of(0, 5)


def test_a_table_that_was_dropped_in_the_catalog_is_made_anew(home):
    publish(home, 5)
    iceberg._catalog(home).drop_table(("stats", "same"))
    publish(home, 5)
    assert rows(home) == of(0, 5)


def test_a_table_that_is_published_no_more_goes_without_its_files(home):
    served = made_up(f"{TABLES.format(4)}; CREATE TABLE old AS SELECT 1 AS n", commit="4")
    iceberg.publish(served, home, "stats", NOW)
    shutil.rmtree(home.root / "iceberg" / "stats" / "old")
    publish(home, 5)
    assert ("stats", "old") not in iceberg._catalog(home).list_tables("stats")


def test_a_store_that_does_not_answer_loses_no_table(home, monkeypatch):
    from pyiceberg.io.pyarrow import PyArrowFile

    publish(home, 5)

    def down(*_, **__):
        raise OSError("cannot reach the store")

    with monkeypatch.context() as patched:
        patched.setattr(PyArrowFile, "open", down)
        with pytest.raises(NotPublished, match="cannot reach the store"):
            publish(home, 6)
    publish(home, 6)
    assert rows(home) == of(0, 6) | of(1, 5)
