"""Every column of every mart, computed by DuckDB and by an engine that speaks Spark's SQL."""

import math
from dataclasses import replace

import duckdb
import pytest
from pyarrow import parquet

from resources.api.catalog import DATASETS
from resources.marts import build, definition, schema
from resources.marts.definition import ARCHIVE_TABLE, MartKind
from resources.publish_to.spark_dialect import NotPortable, to_spark
from resources.system_tables.registry import OWN_TABLES
from tests.support import spark_engine
from tests.support.archives import DAYS, lab
from tests.support.mart_answers import TROUBLED

pytestmark = pytest.mark.scale

MARTS = definition.read()
SOURCES = [*DATASETS, *OWN_TABLES]
NOT_THERE = {"top_streams": "a macro takes parameters"}
"""Marts that do not run on Spark, and why."""

SUMMER_TIME = {"autumn": 27, "spring": 237}
"""Days back: the last of DAYS becomes 2026-10-25, which has 25 hours in Berlin, and 2026-03-29 with 23."""


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    """A folder with the tables of a simulated account, one Parquet file each."""
    folder = tmp_path_factory.mktemp("captured")
    with lab(tmp_path_factory.mktemp("scale") / "home", TROUBLED) as found:
        found.backfill(DAYS)
        with found.archive.reading() as connection:
            there = {name for (name,) in connection.execute("SHOW TABLES").fetchall()}
            for name in there & {*SOURCES}:
                connection.execute(f"COPY {name} TO '{folder / name}.parquet'")
    return folder


@pytest.fixture(scope="module")
def session():
    with spark_engine.running() as url:
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


def fill(connection, folder):
    for path in folder.glob("*.parquet"):
        connection.execute(f"INSERT INTO {path.stem} BY NAME FROM '{path}'")


def move_into_summer_time(connection, folder):
    """Days around both changes of the clock, some of them empty, with NULLs wherever one may be."""
    for path in folder.glob("*.parquet"):
        dataset = DATASETS.get(path.stem)
        nullable = {c.name for c in dataset.columns if c.nullable} if dataset else ()
        columns = connection.execute(f"DESCRIBE {path.stem}").fetchall()
        seasons = [*SUMMER_TIME.values()][: 1 if dataset and dataset.is_dimension else None]
        for number, days in enumerate(seasons):
            listed = ", ".join(
                _moved(name, kind, days, number if name in nullable else None)
                for name, kind, *_ in columns
            )
            connection.execute(f"INSERT INTO {path.stem} BY NAME SELECT {listed} FROM '{path}' t")
    for name in ("stream_session_account", "edge_stat", "traffic", "batch_stream_session"):
        connection.execute(f"DELETE FROM {name} WHERE business_date = '2026-10-24'")


def _moved(name, kind, days, null_at):
    """A column that many days ago; a third of it NULL, if `null_at` says which."""
    moved = {
        "DATE": f"({name} - {days})::DATE",
        "TIMESTAMP WITH TIME ZONE": f"{name} - to_hours({24 * days})",
    }.get(kind, name)
    if null_at is not None:
        moved = f"CASE WHEN hash(t, '{name}') % 3 <> {null_at} THEN {moved} END"
    return f"{moved} AS {name}"


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


def differences(mart, here, found):
    """What differs between the rows of DuckDB and those of the engine, in a line or none."""
    names = [column.name for column in mart.columns]
    if found.column_names != names:
        return [f"columns {found.column_names}"]
    there = [tuple(row.values()) for row in found.to_pylist()]
    if len(here) != len(there):
        return [f"{len(here)} rows, and {len(there)} there"]
    differing = [
        (one, other)
        for one, other in zip(ordered(here, mart), ordered(there, mart), strict=True)
        if not all(map(is_equal, one, other))
    ]
    return [
        f"{len(differing)} of {len(here)} rows: "
        + ", ".join(
            f"{name} {one!r}, {other!r} there"
            for name, one, other in zip(names, *pair, strict=True)
            if not is_equal(one, other)
        )
        for pair in differing[:1]
    ]


def ordered(rows, mart):
    """By the key, then by all columns that are no fractions."""
    names = [column.name for column in mart.columns]
    keys = [names.index(name) for name in mart.key]

    def order(row):
        rest = [value for value in row if not isinstance(value, float)]
        return [(value is None, value) for value in (*(row[i] for i in keys), *rest)]

    return sorted(rows, key=order)


def is_equal(one, other):
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return type(one) is type(other) and one == other


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
