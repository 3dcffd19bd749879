"""A home that version 0.1.0 made opens, works and goes on with the present code.

`tests/fixtures/home_of_0_1_0/` has such a home: two days of six datasets of the simulated account
`SMALL` by `livestats backfill` (three Dagster runs), the settings it was made with, and a checksum
of the rows of each table in its served copy. Dagster's output files of the runs were left out.
"""

import hashlib
import json
import shutil
import tarfile
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner

from assets import lake
from pipelines.cli import main
from pipelines.orchestration.instance import history_in, instance, shipped
from resources.sql import quoting
from tests.support.archives import contents, lab

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "home_of_0_1_0"
TABLES = json.loads((FIXTURE / "tables.json").read_text())
DAILY = sorted({*TABLES} - {"domain", "isp", "region"})
DAYS = {"2026-11-20", "2026-11-21"}
CHANGED, ADDED = "push_stream_info", "occurrence"  # a table with another column now, and which
COLUMNS_SINCE = (ADDED, "hit_rate")  # of all tables
PREVIOUS_TEMPLATE = "e49da99e1cb6b945714977159f9dbb56cfd9b3649e606a8af31139f0fdac9d09"


@pytest.fixture
def found(tmp_path):
    """The home, unpacked, and the account that it was captured from."""
    with tarfile.open(FIXTURE / "home.tar.gz") as packed:
        # The default of some Pythons warns, and 3.11.2 knows no filters yet.
        packed.extraction_filter = getattr(tarfile, "tar_filter", None)
        packed.extractall(tmp_path)
    shutil.copy(FIXTURE / "livestats.toml", tmp_path)
    with lab(tmp_path / "home", environ={"LIVESTATS_FIRST_DAY": "2026-11-19"}) as one:
        yield one


def run(found, *words, code=0):
    """What a command prints."""
    done = CliRunner().invoke(
        main, words, env={**found.archive.environ, "LIVESTATS_CONFIG": None}, catch_exceptions=False
    )
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def command(found, monkeypatch):
    monkeypatch.chdir(found.root.parent)
    return lambda *words, code=0: run(found, *words, code=code)


def tables(found):
    """Number and checksum of the rows of each table that is served, in the columns of 0.1.0."""
    said = {}
    for name in TABLES:
        old = f"COLUMNS(lambda c: c NOT IN {COLUMNS_SINCE})::VARCHAR"
        rows = found.rows(f"SELECT {old} FROM {quoting.identifier(name)}")
        texts = "\n".join(sorted(map(repr, rows)))
        said[name] = [len(rows), hashlib.sha256(texts.encode()).hexdigest()]
    return said


def test_it_opens_and_gives_the_same_rows(found, command):
    assert tables(found) == TABLES
    of_it = {CHANGED, "push_sessions", "push_interruptions_daily"}
    assert of_it <= {*found.archive.behind()}  # with all others: nothing ties its copy to the home
    lines = json.loads(command("status", "--json"))
    assert json.dumps(lines).count('"captured"') > 0
    said = command("query", "--format", "csv", "SELECT count(*) AS n FROM stream_session")
    assert said.splitlines() == ["n", str(TABLES["stream_session"][0])]
    assert found.requests == 0


def test_its_warehouse_can_be_written_and_published_without_the_api(found, command):
    """Rows of a table that has another column now are made from the raw answers: no revision."""
    command("publish")
    assert tables(found) == TABLES
    assert found.rows(f"SELECT DISTINCT {ADDED} FROM {CHANGED}") == [(1,)]
    assert found.archive.behind() == []
    assert "as it was written" in command("verify")
    found.archive.home.warehouse.unlink()
    command("publish")
    assert tables(found) == TABLES
    assert found.rows("SELECT count(*) FROM revisions") == [(0,)]
    assert found.requests == 0


def test_a_backfill_goes_on_with_it(found, command):
    before = {path.name for path in found.archive.home.raw.glob("*/*/*")}
    command("backfill", "--from", "2026-11-19", "--to", "2026-11-21")
    after = {path.name for path in found.archive.home.raw.glob("*/*/*")}
    assert before <= after
    for name in DAILY:
        counted = found.rows(
            "SELECT business_date, count(*) FROM ledger WHERE dataset = ? AND capture IS NOT NULL "
            "GROUP BY ALL ORDER BY ALL",
            name,
        )
        assert counted == [(date(2026, 11, day), 1) for day in (19, 20, 21)]
        held = f"SELECT count(*) FROM {name} WHERE business_date > '2026-11-19'"
        if name != "push_stream_info":  # a push that began on the 19th counts for that day now
            assert found.rows(held) == [(TABLES[name][0],)]


@pytest.mark.slow  # of Dagster's page, not of the archive
def test_its_run_history_opens_and_is_brought_to_the_present_configuration(found):
    config = found.archive.home.dagster / "dagster.yaml"
    assert hashlib.sha256(config.read_bytes()).hexdigest() == PREVIOUS_TEMPLATE
    with instance(found.archive) as history:
        assert config.read_text() == shipped().decode()
        for name in DAILY:
            assert history.get_materialized_partitions(lake.key(name)) == DAYS
        runs = history.get_runs()
        assert len(runs) > 2
        assert {one.status for one in runs} == {dg.DagsterRunStatus.SUCCESS}
        assert all(history.all_logs(one.run_id) for one in runs)
    with history_in(found.archive.home.dagster) as history:
        history.report_runless_asset_event(
            dg.AssetMaterialization(lake.key(DAILY[0]), partition="2026-11-19")
        )
        assert history.get_materialized_partitions(lake.key(DAILY[0])) == {*DAYS, "2026-11-19"}


@pytest.mark.slow  # of Dagster's page, not of the archive
def test_commands_alone_leave_the_run_history_as_it_is(found, command):
    """By cron, without a daemon that forgets old runs, it must not grow."""
    before = contents(found.archive.home.dagster)
    command("backfill", "--from", "2026-11-21", "--dataset", "stream_session", "--force")
    command("publish")
    assert contents(found.archive.home.dagster) == before
