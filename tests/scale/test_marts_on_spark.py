"""Every column of every mart, computed by DuckDB and by an engine that speaks Spark's SQL."""

from dataclasses import replace

import duckdb
import pytest
from pyarrow import parquet

from resources.marts import build, definition, schema
from resources.marts.definition import ARCHIVE_TABLE, MartKind
from resources.publish_to.spark_dialect import NotPortable, to_spark
from tests.support import spark_engine
from tests.support.mart_differences import differences
from tests.support.mart_inputs import SOURCES, fill, move_into_summer_time

pytestmark = pytest.mark.scale

MARTS = definition.read()
NOT_THERE = {"top_streams": "a macro takes parameters"}
"""Marts that do not run on Spark, and why."""


@pytest.fixture(scope="module", params=spark_engine.ENGINES)
def session(request):
    with spark_engine.running(request.param) as url:
        from pyspark.sql import SparkSession

        session = SparkSession.builder.remote(url).getOrCreate()
        session.conf.set("spark.sql.session.timeZone", "UTC")
        yield session
        session.stop()


@pytest.fixture
def tables():
    """A database with all tables that marts read, empty."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'America/New_York'")
        schema.declare_tables(connection)
        yield connection


def compared(connection, session, folder, zone, marts):
    """Mart -> its rows, after both engines have computed each from what they made of its inputs."""
    connection.execute(f"INSERT INTO {ARCHIVE_TABLE} VALUES ('{zone}')")
    for name in (*SOURCES, ARCHIVE_TABLE):
        connection.execute(f"COPY {name} TO '{folder / place(name)}.parquet'")
        given(session, folder, name)
    names = {name: place(name) for name in (*SOURCES, ARCHIVE_TABLE, *MARTS)}
    wrong, rows = [], {}
    for mart in marts:
        if mart.name not in NOT_THERE:
            build.create(connection, replace(mart, kind=MartKind.VIEW))
            found = session.sql(to_spark(mart, names)).toArrow()
            parquet.write_table(found, folder / f"{place(mart.name)}.parquet")
            given(session, folder, mart.name)
            here = connection.sql(f"FROM {mart.name}").fetchall()
            rows[mart.name] = len(here)
            wrong += [f"{mart.name}: {said}" for said in differences(mart, here, found)]
    assert not wrong, "\n".join(wrong)
    return rows


def given(session, folder, name):
    """Let the engine read the file of a table."""
    path = folder / f"{place(name)}.parquet"
    session.read.parquet(str(path)).createOrReplaceTempView(place(name))


def place(name):
    return "of_" + name.replace(".", "_")


def test_a_simulated_account(captured, tables, session, tmp_path):
    fill(tables, captured)
    rows = compared(tables, session, tmp_path, "Asia/Shanghai", MARTS.values())
    assert [name for name, count in rows.items() if not count] == []
    assert rows.keys() | NOT_THERE.keys() == MARTS.keys()


def test_summer_time_empty_days_and_null(captured, tables, session, tmp_path):
    move_into_summer_time(tables, captured)
    rows = compared(tables, session, tmp_path, "Europe/Berlin", MARTS.values())
    assert [name for name, count in rows.items() if not count] == []
    days = "SELECT (epoch(lead(day_start_at) OVER (ORDER BY 1)) - epoch(day_start_at)) / 3600 FROM dim_date"
    assert {hours for (hours,) in tables.sql(days).fetchall()} == {23, 24, 25, None}


def test_no_row_at_all(tables, session, tmp_path):
    rows = compared(tables, session, tmp_path, "Asia/Shanghai", MARTS.values())
    assert {name for name, count in rows.items() if count} == {"health_threshold"}


def test_marts_without_the_datasets_that_they_can_do_without(captured, tables, session, tmp_path):
    fill(tables, captured)
    optional = {name for mart in MARTS.values() for name in mart.optional}
    marts = definition.available(MARTS, [name for name in SOURCES if name not in optional])
    compared(tables, session, tmp_path, "Asia/Shanghai", marts)
    assert any(MARTS[mart.name].sql != mart.sql for mart in marts)


def test_what_does_not_run_there_is_refused():
    pytest.importorskip("sqlglot")
    for name, reason in NOT_THERE.items():
        with pytest.raises(NotPortable, match=reason):
            to_spark(MARTS[name], {})
