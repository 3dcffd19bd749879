"""A publication in Iceberg: a list of snapshots that is replaced at one moment."""

import importlib.util
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from resources.home.layout import Home
from resources.publish_to import iceberg, iceberg_expiry, iceberg_tables
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


def publish(home, value, *, now=NOW, of="home", **more):
    served = made_up(TABLES.format(value), commit=str(value), home=of, **more)
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


def publications(home):
    """How many publications the list has."""
    return len({row["published_at"] for row in iceberg._listed(iceberg._catalog(home), "stats")})


def snapshots(home):
    """Table -> how many snapshots it has."""
    catalog = iceberg._catalog(home)
    return {
        name: len(catalog.load_table(("stats", name)).metadata.snapshots)
        for _, name in catalog.list_tables("stats")
    }


@pytest.mark.scale
@pytest.mark.parametrize("changed", [{"erasures": "one"}, {"masks": "masked"}])
def test_after_an_erasure_or_with_other_masks_the_publication_before_goes(home, changed):
    pytest.importorskip("pyiceberg")
    publish(home, 7_777_777_777)
    publish(home, 5, now=NOW + timedelta(days=1), **changed)
    assert publications(home) == 1
    assert {*snapshots(home).values()} == {0, 1}
    left = [path for path in (home.root / "iceberg").rglob("*.parquet") if holds(path, 7777777777)]
    assert left == []
    publish(home, 6, now=NOW + timedelta(days=2), **changed)
    assert publications(home) == 2


def holds(path, number):
    table = pq.ParquetFile(path).read()
    return "n" in table.column_names and number in table["n"].to_pylist()


@pytest.mark.scale
def test_an_erasure_of_which_no_published_row_was_takes_the_publication_before_too(home):
    pytest.importorskip("pyiceberg")
    publish(home, 1)
    publish(home, 5)
    assert publish(home, 5, erasures="one").is_new
    assert publications(home) == 1
    assert not publish(home, 5, erasures="one").is_new


@pytest.mark.scale
def test_a_list_of_an_earlier_version_is_not_kept(home):
    """It does not tell what had been erased."""
    pytest.importorskip("pyiceberg")
    publish(home, 1)
    table = iceberg._catalog(home).load_table(("stats", iceberg.PUBLICATION))
    rows = table.scan().to_arrow()
    at = rows.schema.get_field_index("signature")
    table.overwrite(rows.set_column(at, "signature", [["a1b2-engine"] * rows.num_rows]))
    publish(home, 5)
    assert publications(home) == 1


@pytest.mark.scale
def test_an_expiry_that_broke_off_is_finished_by_a_publication_without_news(home, monkeypatch):
    pytest.importorskip("pyiceberg")
    for value in (1, 5):
        publish(home, value)
    with monkeypatch.context() as patched:
        patched.setattr(iceberg_expiry, "expire", broken_off)
        with pytest.raises(NotPublished, match="broken off"):
            publish(home, 6)
    assert listed(home)["u"] == [6]
    assert snapshots(home)["u"] > 2
    assert not publish(home, 6).is_new
    assert snapshots(home) == {"t": 2, "u": 2, "empty": 0, iceberg.PUBLICATION: 1}


def broken_off(*_):
    raise OSError("broken off")


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
