"""A publication in Iceberg: a list of snapshots that is replaced at one moment."""

import importlib.util
from datetime import UTC, datetime, timedelta

import pytest

from resources.home.layout import Home
from resources.publish_to import iceberg, iceberg_tables
from resources.publish_to.errors import NotInstalled, NotPublished
from tests.support.publications import made_up

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
TABLES = """
CREATE TABLE t (business_date DATE, n BIGINT);
INSERT INTO t VALUES ('2026-11-01', {0}), ('2026-11-02', 2);
CREATE TABLE u (n BIGINT);
INSERT INTO u VALUES ({0});
CREATE TABLE empty (n BIGINT);
"""


@pytest.fixture
def home(tmp_path):
    (tmp_path / "locks").mkdir()
    return Home(tmp_path)


@pytest.mark.skipif(bool(importlib.util.find_spec("pyiceberg")), reason="pyiceberg is installed")
def test_without_the_packages_the_way_to_them_is_named(home):
    with pytest.raises(NotInstalled, match=r"\.\[iceberg\]"):
        publish(home, 1)


def publish(home, value, *, now=NOW, of="home"):
    served = made_up(TABLES.format(value), commit=str(value), home=of)
    return iceberg.publish(served, home, "stats", now)


def listed(home):
    """What a reader sees who goes by the newest list."""
    catalog = iceberg._catalog(home)
    rows = iceberg._listed(catalog, "stats")
    newest = [row for row in rows if row["published_at"] == rows[-1]["published_at"]]
    found = {}
    for row in newest:
        table = catalog.load_table(("stats", row["table_name"]))
        scan = table.scan(snapshot_id=row["snapshot_id"]).to_arrow()
        found[row["table_name"]] = sorted(scan["n"].to_pylist()) if row["snapshot_id"] else []
    return found


@pytest.mark.scale
def test_the_list_names_a_snapshot_of_each_table(home):
    pytest.importorskip("pyiceberg")
    publish(home, 1)
    assert listed(home) == {"t": [1, 2], "u": [1], "empty": []}
    assert not publish(home, 1).is_new
    publish(home, 5)
    assert listed(home) == {"t": [2, 5], "u": [5], "empty": []}


@pytest.mark.scale
def test_until_all_tables_are_written_the_list_is_that_of_before(home, monkeypatch):
    pytest.importorskip("pyiceberg")
    publish(home, 1)
    seen, commit = [], iceberg_tables._commit

    def looking(*words, **options):
        done = commit(*words, **options)
        seen.append(listed(home))
        return done

    monkeypatch.setattr(iceberg_tables, "_commit", looking)
    publish(home, 5)
    assert seen == [{"t": [1, 2], "u": [1], "empty": []}] * 2


@pytest.mark.scale
def test_a_publication_that_broke_off_is_finished_by_the_next(home, monkeypatch):
    pytest.importorskip("pyiceberg")
    publish(home, 1)
    commit = iceberg_tables._commit

    def failing(found, *words, **options):
        if found.name()[-1] == "u":
            raise OSError("the store is gone")
        return commit(found, *words, **options)

    monkeypatch.setattr(iceberg_tables, "_commit", failing)
    with pytest.raises(NotPublished, match="the store is gone"):
        publish(home, 5)
    assert listed(home) == {"t": [1, 2], "u": [1], "empty": []}
    monkeypatch.setattr(iceberg_tables, "_commit", commit)
    assert publish(home, 5).changed == ("u",)
    assert listed(home) == {"t": [2, 5], "u": [5], "empty": []}


@pytest.mark.scale
def test_a_clock_that_was_set_back_makes_no_list_the_older_one(home):
    pytest.importorskip("pyiceberg")
    publish(home, 1)
    publish(home, 5, now=NOW - timedelta(days=3))
    assert listed(home)["u"] == [5]


@pytest.mark.scale
def test_the_namespace_of_another_archive_is_left_alone(home):
    pytest.importorskip("pyiceberg")
    publish(home, 1)
    with pytest.raises(NotPublished, match="not of this archive"):
        publish(home, 1, of="other")


@pytest.mark.scale
def test_secrets_of_the_catalog_are_in_no_message(home, monkeypatch):
    pytest.importorskip("pyiceberg")
    secret = "aCatalog-Secret-77"
    prefix = "PYICEBERG_CATALOG__LIVESTATS__"
    uri = f"postgresql+psycopg2://me:{secret}@127.0.0.1:1/nothing"
    for name, value in {"TYPE": "sql", "URI": uri, "WAREHOUSE": "file:///tmp/none"}.items():
        monkeypatch.setenv(prefix + name, value)
    with pytest.raises(NotPublished) as caught:
        publish(home, 1)
    error = caught.value
    assert error.__cause__ is None
    assert secret not in f"{error} {error!r}"
