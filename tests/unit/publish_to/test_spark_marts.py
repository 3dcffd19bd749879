"""Which marts an engine makes. What it makes of them: tests/scale/test_marts_on_an_engine.py."""

import sys
from dataclasses import replace

import pytest

from resources.api.catalog import DATASETS
from resources.marts import build, definition, schema
from resources.marts.definition import MartKind
from resources.publish_to import served, spark_marts
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
