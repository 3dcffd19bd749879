"""Which marts an engine makes. What it makes of them: tests/scale/test_marts_on_an_engine.py."""

import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from resources.api.catalog import DATASETS
from resources.home.layout import Home
from resources.marts import build, definition, schema
from resources.marts.definition import MartKind
from resources.publish_to import iceberg, iceberg_tables, served, spark_marts
from resources.publish_to.errors import NotInstalled, NotPublished
from tests.support.publications import made_up


@pytest.fixture
def copy():
    """A served copy with every table and mart, without a row."""
    found = made_up("SELECT 1")
    schema.declare_tables(found.connection)
    for mart in definition.read().values():
        if mart.kind is not MartKind.MACRO:
            build.create(found.connection, replace(mart, kind=MartKind.VIEW))
    return replace(found, tables=tuple(served._tables(found.connection)))


def test_all_marts_but_macros_each_after_those_that_it_reads(copy):
    found = [*spark_marts.chosen(copy, [*DATASETS])]
    kinds = {name: mart.kind for name, mart in definition.read().items()}
    assert {*found} == {name for name, kind in kinds.items() if kind is not MartKind.MACRO}
    for at, name in enumerate(found):
        assert {*definition.read()[name].reads} & {*found[at:]} == set()


def test_what_they_read_is_published_with_them():
    read = {name for mart in definition.read().values() for name in mart.reads}
    assert read & {*DATASETS} == {*spark_marts.datasets_read()}


def test_marts_of_masked_addresses_are_not_made_anew_of_the_masks(copy):
    left = spark_marts.chosen(replace(copy, masks="mask-1"), [*DATASETS])
    assert "stream_health_by_session" not in left
    assert "viewers_daily" in left


def test_an_engine_that_cannot_be_reached_is_named(copy):
    pytest.importorskip("pyspark")
    with (
        pytest.raises(NotPublished, match="sc://127.0.0.1:9, the engine, cannot be reached"),
        spark_marts.connected("sc://127.0.0.1:9", copy, {}, "Asia/Shanghai"),
    ):
        pass


def test_without_the_packages_the_way_to_them_is_named(copy, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    with (
        pytest.raises(NotInstalled, match=r"\.\[scale\]"),
        spark_marts.connected("sc://127.0.0.1:9", copy, {}, "Asia/Shanghai"),
    ):
        pass


def test_of_an_error_of_the_network_what_is_told_is_the_reason():
    error = RuntimeError(
        "<_MultiThreadedRendezvous of RPC that terminated with: status = StatusCode.UNAVAILABLE "
        'details = "Connection refused" debug_error_string = "UNAVAILABLE:Connection refused" >'
    )
    assert spark_marts._said(error) == "Connection refused"
    assert spark_marts._said(RuntimeError("no such\n function.")) == "no such function"


@pytest.mark.scale
@pytest.mark.parametrize("is_killed", [False, True])
def test_days_that_have_no_input_any_more_go(tmp_path, monkeypatch, is_killed):
    """Also those that DuckDB had made, rows without a day, and those that a killed run had left."""
    pytest.importorskip("pyiceberg")
    (tmp_path / "locks").mkdir()
    home, now = Home(tmp_path), datetime(2026, 11, 22, 4, tzinfo=UTC)
    create = "CREATE TABLE t (business_date DATE, a BIGINT); INSERT INTO t VALUES "
    days = [f"2026-{month}-{day:02}" for month in (9, 10) for day in range(1, 29)]
    before = made_up(create + ", ".join(f"('{day}', 1)" for day in days) + ", (NULL, 2)")
    iceberg.publish(before, home, "stats", now)
    (one,) = before.tables
    asked = []

    def computed(_self, _connection, _mart, _table, _tables, chosen):
        asked.append(chosen)
        return made_up(create + ", ".join(f"('{day}', 9)" for day in chosen if day in days[40:]))

    made = replace(next(iter(definition.read().values())), kind=MartKind.TABLE)
    engine = spark_marts.Engine(session=None, marts={"t": made}, statements={}, served=before)
    inputs = dict.fromkeys(days[40:], "hash")
    monkeypatch.setattr(spark_marts.Engine, "_inputs", lambda *_: inputs)
    monkeypatch.setattr(spark_marts.Engine, "_computed", computed)
    catalog = iceberg._catalog(home)

    def table():
        return catalog.load_table(("stats", "t"))

    if is_killed:
        real = iceberg_tables._commit
        commits = []

        def commit(*words, **more):
            if commits:
                raise KeyboardInterrupt
            commits.append(1)
            return real(*words, **more)

        with monkeypatch.context() as patched:
            patched.setattr(iceberg_tables, "_commit", commit)
            with pytest.raises(KeyboardInterrupt):
                engine.replace_days(table(), one, {})
    engine.replace_days(table(), one, {})
    rows = table().scan().to_arrow().to_pylist()
    assert sorted((str(row["business_date"]), row["a"]) for row in rows) == [
        (day, 9) for day in days[40:]
    ]
    assert "" not in asked[-1]
    assert engine.replace_days(table(), one, {}).commits == 0
