"""Iceberg publications whose marts are made by an engine that speaks Spark's SQL, and not in DuckDB."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from pipelines.cli import main
from resources.api.catalog import DATASETS
from resources.home.layout import Home
from resources.marts import build, definition, schema
from resources.marts.definition import ARCHIVE_TABLE, MartKind
from resources.publish_to import iceberg, served, spark_marts
from resources.publish_to.iceberg_tables import DAYS, INPUTS
from tests.support import archives, spark_engine
from tests.support.iceberg_stores import PREFIX, object_store
from tests.support.mart_answers import TROUBLED
from tests.support.mart_differences import differences
from tests.support.mart_inputs import fill, move_into_summer_time

pytestmark = pytest.mark.scale

ROOT = Path(__file__).parents[2]
MARTS = {n: m for n, m in definition.read().items() if m.kind is not MartKind.MACRO}
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


@pytest.fixture(scope="module", params=spark_engine.ENGINES)
def engine(request):
    pytest.importorskip("pyiceberg")
    with spark_engine.running(request.param) as url:
        yield url


@pytest.fixture
def home(tmp_path):
    (tmp_path / "locks").mkdir()
    return Home(tmp_path)


@contextmanager
def copy_of(zone, fill_tables):
    """A served copy that is made up: all tables that marts read, and the marts, in DuckDB."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'America/New_York'")
        schema.declare_tables(connection)
        connection.execute(f"INSERT INTO {ARCHIVE_TABLE} VALUES ('{zone}')")
        fill_tables(connection)
        for mart in MARTS.values():
            build.create(connection, replace(mart, kind=MartKind.VIEW))
        tables = tuple(served._tables(connection))
        yield served.Served(
            connection=connection, home="home", commit="1", masks="", erasures="", tables=tables
        )


def published(copy, home, address, zone):
    marts = spark_marts.chosen(copy, [*DATASETS])
    engine = partial(spark_marts.connected, address, copy, marts, zone)
    return iceberg.publish(copy, home, "stats", NOW, engine)


def wrong_marts(connection, catalog, namespace):
    """What differs in any mart between DuckDB and the snapshots of the newest list; rows by mart."""
    rows = iceberg._listed(catalog, namespace)
    wrong, counts = [], {}
    for row in rows:
        name = row["table_name"]
        if row["published_at"] == rows[-1]["published_at"] and name in MARTS:
            names = ", ".join(column.name for column in MARTS[name].columns)
            here = connection.sql(f"SELECT {names} FROM main.{name}").fetchall()
            found = catalog.load_table((namespace, name))
            assert not here or INPUTS in found.properties, f"{name} was not made by the engine"
            there = found.scan(snapshot_id=row["snapshot_id"]).to_arrow()
            wrong += [f"{name}: {said}" for said in differences(MARTS[name], here, there)]
            counts[name] = len(here)
    return wrong, counts


def test_summer_time_empty_days_and_null(captured, home, engine):
    with copy_of("Europe/Berlin", lambda c: move_into_summer_time(c, captured)) as copy:
        assert published(copy, home, engine, "Europe/Berlin").is_new
        wrong, counts = wrong_marts(copy.connection, iceberg._catalog(home), "stats")
    assert wrong == []
    assert counts.keys() == MARTS.keys()
    assert [name for name, count in counts.items() if not count] == []


def test_without_a_row_the_marts_have_none(home, engine):
    with copy_of("Asia/Shanghai", lambda _: None) as copy:
        published(copy, home, engine, "Asia/Shanghai")
        wrong, counts = wrong_marts(copy.connection, iceberg._catalog(home), "stats")
    assert wrong == []
    assert {name for name, count in counts.items() if count} == {"health_threshold"}


def test_only_what_has_other_inputs_is_computed(captured, home, engine, monkeypatch):
    computed = {}
    compute = spark_marts.Engine._computed

    def counting(self, connection, mart, table, tables, days):
        computed[mart.name] = days
        return compute(self, connection, mart, table, tables, days)

    monkeypatch.setattr(spark_marts.Engine, "_computed", counting)
    with copy_of("Asia/Shanghai", lambda c: fill(c, captured)) as copy:
        published(copy, home, engine, "Asia/Shanghai")
        assert computed.keys() == MARTS.keys()
        computed.clear()
        again = replace(copy, commit="2")
        assert published(again, home, engine, "Asia/Shanghai").changed == ()
        assert computed == {}

        ((day,),) = copy.connection.sql("SELECT max(business_date) FROM stream_count").fetchall()
        copy.connection.execute(
            f"DELETE FROM stream_count WHERE business_date = '{day}' AND rowid % 2 = 0"
        )
        changed = published(replace(copy, commit="3"), home, engine, "Asia/Shanghai").changed
        assert computed["stream_count_daily"] == [str(day)]
        assert "viewers_daily" not in computed
        assert {"stream_count", "stream_count_daily"} <= {*changed}
        catalog = iceberg._catalog(home)
        assert wrong_marts(copy.connection, catalog, "stats")[0] == []


def test_a_mart_that_duckdb_has_written_since_is_computed_again(captured, home, engine):
    with copy_of("Asia/Shanghai", lambda c: fill(c, captured)) as copy:
        published(copy, home, engine, "Asia/Shanghai")
        ((statement,),) = copy.connection.sql(
            "SELECT sql FROM duckdb_views() WHERE view_name = 'viewers_daily'"
        ).fetchall()
        copy.connection.execute(
            f"CREATE OR REPLACE VIEW viewers_daily AS FROM ({select_of(statement)}) LIMIT 1"
        )
        iceberg.publish(replace(copy, commit="2"), home, "stats", NOW)
        copy.connection.execute(f"CREATE OR REPLACE VIEW viewers_daily AS {select_of(statement)}")
        published(replace(copy, commit="3"), home, engine, "Asia/Shanghai")
        assert wrong_marts(copy.connection, iceberg._catalog(home), "stats")[0] == []


def select_of(view):
    return view.partition(" AS ")[2].rstrip(";")


@pytest.fixture(scope="module")
def account(tmp_path_factory, engine):  # noqa: ARG001 - one for each engine
    """What one engine has published, the next would find as it should be."""
    with archives.lab(tmp_path_factory.mktemp("scale") / "home", TROUBLED) as found:
        found.backfill(archives.DAYS[:1])
        yield found


def publish(account, *words, **environ):
    return CliRunner().invoke(
        main, ["publish", "--to", "iceberg", *words], env={**account.archive.environ, **environ}
    )


def test_a_user_publishes_marts_of_the_engine(account, engine):
    result = publish(account, LIVESTATS_SCALE_ENGINE=engine)
    assert result.exit_code == 0, result.output
    catalog = iceberg._catalog(account.archive.home)
    with account.archive.reading() as connection:
        wrong, counts = wrong_marts(connection, catalog, "livestats")
    assert wrong == []
    assert counts.keys() == MARTS.keys()
    assert "unchanged" in publish(account, LIVESTATS_SCALE_ENGINE=engine).output
    # Back to DuckDB, which finds each day as it is, or writes it itself.
    back = publish(account)
    assert back.exit_code == 0, back.output


@pytest.mark.parametrize("engine", ["Sail"], indirect=True)  # Spark needs jars for a store
def test_so_it_is_in_an_object_store_with_a_catalog_in_postgresql(account, database, monkeypatch):
    with object_store() as variables:
        url = database.url.replace("postgresql:", "postgresql+psycopg2:")
        variables |= {f"{PREFIX}TYPE": "sql", f"{PREFIX}URI": url}
        store = {
            "AWS_ENDPOINT": variables[f"{PREFIX}S3__ENDPOINT"],
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }
        keys = {name: value for name, value in variables.items() if name.startswith("AWS_")}
        with spark_engine.running("Sail", **store, **keys) as address:
            result = publish(account, LIVESTATS_SCALE_ENGINE=address, **variables)
            assert result.exit_code == 0, result.output
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with account.archive.reading() as connection:
            catalog = iceberg._catalog(account.archive.home)
            assert wrong_marts(connection, catalog, "livestats")[0] == []


def test_where_the_engine_is_not_there_nothing_is_published(account, engine):
    publish(account, LIVESTATS_SCALE_ENGINE=engine)
    before = iceberg._listed(iceberg._catalog(account.archive.home), "livestats")
    result = publish(account, "--dataset", "*", LIVESTATS_SCALE_ENGINE="sc://127.0.0.1:9")
    assert result.exit_code == 2
    assert "cannot be reached" in result.output
    assert iceberg._listed(iceberg._catalog(account.archive.home), "livestats") == before


def test_an_engine_that_ends_leaves_the_list_as_it_was(account, engine, monkeypatch):
    """As it does when it is killed: its calls fail from then on."""
    from pyspark.errors.exceptions.connect import SparkConnectGrpcException

    publish(account, LIVESTATS_SCALE_ENGINE=engine)
    catalog = iceberg._catalog(account.archive.home)
    before = iceberg._listed(catalog, "livestats")
    make_old(catalog, "viewers_daily", "stream_count_daily", "viewers_hourly")
    old = iceberg._listed(catalog, "livestats")
    calls = iter(range(2))

    def ends(*_):
        if next(calls, None) is None:
            raise SparkConnectGrpcException("the connection was lost")
        return compute(*_)

    compute = spark_marts.Engine._computed
    monkeypatch.setattr(spark_marts.Engine, "_computed", ends)
    result = publish(account, LIVESTATS_SCALE_ENGINE=engine)
    assert result.exit_code == 2
    assert "the connection was lost" in result.output
    assert iceberg._listed(catalog, "livestats") == old != before
    monkeypatch.undo()
    assert publish(account, LIVESTATS_SCALE_ENGINE=engine).exit_code == 0
    with account.archive.reading() as connection:
        assert wrong_marts(connection, catalog, "livestats")[0] == []


def make_old(catalog, *names):
    """As if marts had been made of other inputs, some days of them, and the list of another commit."""
    for name in names:
        found = catalog.load_table(("livestats", name))
        days = json.loads(found.properties[DAYS])
        inputs = dict.fromkeys(json.loads(found.properties[INPUTS]), "earlier")
        with found.transaction() as change:
            change.set_properties(
                {DAYS: json.dumps(dict.fromkeys(days, "earlier")), INPUTS: json.dumps(inputs)}
            )
    table = catalog.load_table(("livestats", iceberg.PUBLICATION))
    rows = table.scan().to_arrow()
    at = rows.schema.get_field_index("signature")
    table.overwrite(rows.set_column(at, "signature", [["earlier"] * rows.num_rows]))


KILLED = """
import os, signal, sys
from pyiceberg.catalog.sql import SqlCatalog
from pipelines.cli import main

step, commit = int(sys.argv[1]), SqlCatalog.commit_table
steps = iter(range(10_000))

def killing(*words):
    at = next(steps)
    if at == step and sys.argv[2] == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    done = commit(*words)
    if at == step:
        os.kill(os.getpid(), signal.SIGKILL)
    return done

SqlCatalog.commit_table = killing
main(["publish", "--to", "iceberg"])
"""


@pytest.mark.parametrize(
    ("step", "when"), [(0, "before"), (0, "after"), (1, "before"), (1, "after"), (4, "after")]
)
def test_killed_around_the_commits_of_a_mart_the_next_publication_is_right(
    account, engine, step, when
):
    """Rows and what they are made of are two commits: 0 and 1, 2 and 3 of these two marts; then the list."""
    publish(account, LIVESTATS_SCALE_ENGINE=engine)
    catalog = iceberg._catalog(account.archive.home)
    make_old(catalog, "viewers_daily", "stream_count_daily")
    old = iceberg._listed(catalog, "livestats")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(step), when],
        env={
            "PATH": os.environ["PATH"],
            **account.archive.environ,
            "LIVESTATS_SCALE_ENGINE": engine,
        },
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    if step < 4:
        assert iceberg._listed(catalog, "livestats") == old
    assert publish(account, LIVESTATS_SCALE_ENGINE=engine).exit_code == 0
    with account.archive.reading() as connection:
        assert wrong_marts(connection, catalog, "livestats")[0] == []
