"""Dagster's run history in a real PostgreSQL: a tick of the schedule, and the runs that it asks for."""

import logging
import os
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from pipelines.orchestration.instance import dagster_home, history_in, instance
from pipelines.orchestration.run_launcher import RunLauncher
from resources.api.catalog import DATASETS, DIMENSIONS
from resources.config import SettingsError
from resources.ledger.states import State
from tests.support.archives import NOW, SMALL, lab
from tests.support.dagster_runs import begun, status_of
from tests.support.postgresql_server import PASSWORD

pytestmark = pytest.mark.scale

ROOT = Path(__file__).parents[2]
ON = {"edge_stat", *(d.name for d in DIMENSIONS)}
MOST_S = 180


@pytest.fixture
def account(tmp_path, database):
    """An archive of one dataset, two days long, whose Dagster is on the database."""
    pytest.importorskip("dagster_postgres")
    (tmp_path / "livestats.toml").write_text(
        f"[datasets]\noff = {sorted({*DATASETS} - ON)}\n[scale]\ndagster = '{database.url}'\n"
    )
    with lab(tmp_path / "home", SMALL, environ={"LIVESTATS_FIRST_DAY": "2026-11-19"}) as found:
        yield found


def without(account):
    return account.set(scale_dagster="").archive


def test_the_file_names_the_database_and_no_password(account, database):
    config = dagster_home(account.archive) / "dagster.yaml"
    assert f"postgresql+psycopg2://publisher@127.0.0.1:{database.port}/" in config.read_text()
    assert PASSWORD not in config.read_text()
    with instance(account.archive) as history:
        assert type(history.run_storage).__module__.startswith("dagster_postgres")
        assert isinstance(history.run_launcher, RunLauncher)
        assert history.get_concurrency_config().run_queue_config.max_concurrent_runs == 2


def test_it_goes_over_to_the_database_and_back_with_both_histories_whole(account, caplog):
    in_files = begun(without(account))
    assert caplog.messages == []
    there = begun(account.archive)
    assert "run history is in PostgreSQL, 127.0.0.1" in caplog.text
    assert "It was in files of the home" in caplog.text
    assert status_of(account.archive, there) is dg.DagsterRunStatus.STARTED
    with instance(account.archive) as history:
        assert history.get_run_by_id(in_files) is None
        folder = Path(history.root_directory)
    with history_in(folder) as history:  # as doctor does, which knows no setting of it
        assert history.get_run_by_id(there) is not None
    assert status_of(without(account), in_files) is dg.DagsterRunStatus.STARTED
    assert "\nstorage:" not in (folder / "dagster.yaml").read_text()
    assert status_of(account.archive, there) is dg.DagsterRunStatus.STARTED


def test_a_file_that_was_changed_by_hand_is_not_taken_for_the_database(account):
    config = dagster_home(without(account)) / "dagster.yaml"
    config.write_text("telemetry: {enabled: false}\n")
    with pytest.raises(SettingsError, match="changed by hand") as caught:
        dagster_home(account.archive)
    config.write_text(
        config.read_text() + str(caught.value).partition(":\n")[2].partition("\nOr")[0]
    )
    with instance(account.archive) as history:
        assert type(history.run_storage).__module__.startswith("dagster_postgres")


def test_a_database_that_cannot_be_had_is_told(account):
    nowhere = account.set(scale_dagster="postgresql://me@127.0.0.1:9/x").archive
    with (
        pytest.raises(SettingsError, match="run history cannot be opened: .*refused"),
        instance(nowhere),
    ):
        pass


def test_the_schedule_ticks_and_its_runs_capture_and_load(account, database, tmp_path, monkeypatch):
    archive = account.archive
    folder = dagster_home(archive)
    environ = {
        **archive.environ,
        "DAGSTER_HOME": str(folder),
        "LIVESTATS_SCHEDULES": "run",
        "LIVESTATS_SETTINGS": str(tmp_path / "livestats.toml"),
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with instance(archive) as history:
        tick(history)
    ((ticks,),) = database.rows("SELECT count(*) FROM job_ticks WHERE status = 'SUCCESS'")
    assert ticks >= 1
    ((asked,),) = database.rows("SELECT count(*) FROM runs WHERE status = 'QUEUED'")
    assert asked >= 1
    assert not [*folder.rglob("runs.db"), *folder.rglob("index.db")]

    with daemon(environ) as process:
        wait(database, process, asked)
    days = [NOW.date() - timedelta(days=back) for back in (2, 1)]
    lines = archive.ledger(DATASETS["edge_stat"], days[0], days[-1])
    assert {line.state for line in lines} <= {State.CAPTURED, State.EMPTY}
    assert {day for (day,) in account.rows("SELECT DISTINCT business_date FROM edge_stat")} >= {
        *days
    }


def tick(history):
    """One look of the scheduler, at a time when the schedule has become due."""
    from dagster._core.test_utils import create_test_daemon_workspace_context
    from dagster._core.workspace.load_target import WorkspaceFileTarget
    from dagster._scheduler.scheduler import launch_scheduled_runs

    times = {}
    target = WorkspaceFileTarget([str(ROOT / "workspace.yaml")])
    with create_test_daemon_workspace_context(target, history) as context:
        for at in (datetime.now(UTC), datetime.now(UTC) + timedelta(hours=20)):
            list(launch_scheduled_runs(context, logging.getLogger("tick"), at, times))


@contextmanager
def daemon(environ):
    process = subprocess.Popen(
        [sys.executable, "-c", "from pipelines.cli import main; main(['ui', '--only', 'daemon'])"],
        env={**environ, "PATH": os.environ["PATH"], "PGPASSWORD": PASSWORD},
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def wait(database, process, asked):
    """Until the runs of the schedule, and the loads after them, have ended well."""
    until_s = time.monotonic() + MOST_S
    while True:
        found = dict(database.rows("SELECT status, count(*) FROM runs GROUP BY 1"))
        assert "FAILURE" not in found, database.rows("SELECT run_body FROM runs")
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < until_s, found
        if found == {"SUCCESS": sum(found.values())} and found["SUCCESS"] > asked:
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=1)
