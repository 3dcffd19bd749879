"""Runs of command lines that were killed do not go on counting as running."""

import hashlib
import logging
import os
import subprocess
import sys
import time
from types import MappingProxyType, SimpleNamespace

import dagster as dg
import pytest
import yaml
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._core.utils import make_new_run_id
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration

from pipelines.doctor.findings import Severity
from pipelines.doctor.schedule import daemon_found
from pipelines.orchestration.instance import COMMAND, TEMPLATE, dagster_home, instance
from pipelines.orchestration.processes import HOST, PROCESS, named
from pipelines.orchestration.run_launcher import RunLauncher, end_orphans
from resources.archive import Archive
from resources.config import SettingsError

pytestmark = pytest.mark.slow


@pytest.fixture
def archive(tmp_path):
    return Archive.open({"LIVESTATS_HOME": str(tmp_path / "home")}, tmp_path)


def begun(archive, **tags):
    """A run that the history takes for running."""
    run = dg.DagsterRun(
        job_name="backfill",
        run_id=make_new_run_id(),
        status=dg.DagsterRunStatus.STARTED,
        tags={key.replace("_", "/"): value for key, value in tags.items()},
    )
    with instance(archive) as history:
        history.add_run(run)
    return run.run_id


def status_of(archive, run_id):
    with instance(archive) as history:
        return history.get_run_by_id(run_id).status


HERE = named(os.getpid())
HOST_NAME, NUMBER, BEGAN = HERE.split(" ")


@pytest.mark.parametrize(
    ("process", "is_dead"),
    [
        (HERE, False),
        (f"{HOST_NAME} 999999999 1", True),  # no such process
        (f"{HOST_NAME} {NUMBER} 1", True),  # another one got its number since
        ("another-host 1 1", False),  # not for us to say
        ("", True),
    ],
    ids=["it lives", "it is gone", "its number is another's", "on another machine", "untold"],
)
def test_a_run_ends_with_its_process(process, is_dead, archive):
    tags = {COMMAND.replace("/", "_"): "backfill", PROCESS.replace("/", "_"): process}
    status = status_of(archive, begun(archive, **tags))
    assert (status is dg.DagsterRunStatus.FAILURE) is is_dead


def test_runs_of_the_daemon_are_left_to_the_daemon(archive):
    assert status_of(archive, begun(archive)) is dg.DagsterRunStatus.STARTED


# Runs of the daemon: its own monitoring asks the launcher of dagster.yaml.


def launched(archive, number, tags=MappingProxyType({})):
    """A run that the daemon started in the process `number`, which has said so."""
    run_id = begun(archive)
    local = {HOST: HOST_NAME, GRPC_INFO_TAG: '{"host": "localhost", "socket": "/tmp/s"}'}
    with instance(archive) as history:
        history.add_run_tags(run_id, {**local, **tags})
        history.report_engine_event(
            f"Started process for run (pid: {number}).", history.get_run_by_id(run_id)
        )
    return run_id


def monitored(archive, run_id):
    """The run after the daemon has looked at it."""
    with instance(archive) as history:
        surroundings = SimpleNamespace(instance=history, create_request_context=lambda: None)
        problems = execute_run_monitoring_iteration(surroundings, logging.getLogger("daemon"))
        assert [*filter(None, problems)] == []
        return history.get_run_by_id(run_id)


def test_the_daemon_ends_a_run_whose_process_is_gone(archive):
    run = monitored(archive, launched(archive, 999999999))
    assert run.status is dg.DagsterRunStatus.FAILURE
    with instance(archive) as history:
        (said,) = [e.message for e in history.all_logs(run.run_id) if "killed" in e.message]
    assert "999999999" in said


def test_the_daemon_lets_a_living_run_be_and_knows_its_process_from_then_on(archive):
    run = monitored(archive, launched(archive, os.getpid()))
    assert run.status is dg.DagsterRunStatus.STARTED
    assert run.tags[PROCESS] == HERE


def test_a_process_that_began_after_the_run_is_not_the_runs(archive, monkeypatch):
    run_id = launched(archive, os.getpid())
    hour_s = 3600.0
    real = time.time
    monkeypatch.setattr("pipelines.orchestration.processes.time.time", lambda: real() + hour_s)
    assert monitored(archive, run_id).status is dg.DagsterRunStatus.FAILURE


@pytest.mark.parametrize(
    ("tags", "is_ended"),
    [
        ({PROCESS: f"{HOST_NAME} {NUMBER} 1"}, True),  # another one got its number since
        ({PROCESS: HERE}, False),
        ({HOST: "another-host"}, False),
        ({GRPC_INFO_TAG: '{"host": "code", "port": 4000}'}, False),
    ],
    ids=["it is gone", "it lives", "on another machine", "in another container"],
)
def test_the_daemon_ends_only_what_is_known_to_be_gone(tags, is_ended, archive):
    status = monitored(archive, launched(archive, 999999999, tags)).status
    assert (status is dg.DagsterRunStatus.FAILURE) is is_ended


@pytest.mark.parametrize(
    ("port", "number", "is_ended"),
    [(4000, 999999999, True), (4000, os.getpid(), False), (4001, 999999999, False)],
    ids=["it is gone", "it lives", "of another server"],
)
def test_a_code_server_that_starts_ends_what_it_ran_before(archive, port, number, is_ended):
    """In its own container: from outside, nobody can tell."""
    run_id = launched(archive, number, {GRPC_INFO_TAG: '{"host": "code", "port": 4000}'})
    with instance(archive) as history:
        assert end_orphans(history, port) == is_ended
    assert (status_of(archive, run_id) is dg.DagsterRunStatus.FAILURE) is is_ended


def test_a_code_server_that_starts_lets_runs_be_that_it_knows_nothing_of(archive):
    begun(archive)
    launched(archive, 999999999)  # of a daemon that serves its code on a socket
    with instance(archive) as history:
        assert end_orphans(history, 4000) == 0


def test_a_run_that_has_not_said_which_process_it_is_is_let_be(archive):
    assert monitored(archive, begun(archive)).status is dg.DagsterRunStatus.STARTED


OPEN = """
import sys
from pipelines.orchestration.instance import instance
from resources.archive import Archive

archive = Archive.open({"LIVESTATS_HOME": sys.argv[1]})
print("ready", flush=True)
sys.stdin.readline()
with instance(archive) as history:
    print(len(history.get_runs()))
"""


def test_processes_that_begin_a_home_together_share_its_history(tmp_path):
    """Each finds no tables and makes them; one of them only does."""
    words = [sys.executable, "-c", OPEN, str(tmp_path / "home")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    beginners = [subprocess.Popen(words, **pipes) for _ in range(3)]
    for one in beginners:
        assert one.stdout.readline() == "ready\n"
    for one in beginners:
        one.stdin.write("\n")
        one.stdin.flush()
    assert [one.communicate()[0] for one in beginners] == ["0\n"] * 3


def test_what_is_queued_waits_for_a_code_server_that_is_restarted(archive):
    """Seen with a real one: all that the schedule had asked for failed within seconds."""
    with instance(archive) as history:
        found = history.get_concurrency_config().run_queue_config
    assert found.max_user_code_failure_retries * found.user_code_failure_retry_delay >= 600
    assert found.max_concurrent_runs == 2
    assert len(found.tag_concurrency_limits) == 2


# Configurations that were there before.

STORAGE = """\
storage:
  custom:
    module: pipelines.storage
    class: Storage
    config:
      base_dir:
        env: DAGSTER_HOME
"""
LAUNCHER = """\
run_launcher:
  module: pipelines.launcher
  class: Launcher
"""


def test_a_configuration_that_nobody_changed_is_brought_up_to_date(archive, monkeypatch):
    config = dagster_home(archive) / "dagster.yaml"
    config.write_text("telemetry: {enabled: false}\n")
    dagster_home(archive)
    assert config.read_text() == "telemetry: {enabled: false}\n"
    shipped = hashlib.sha256(config.read_bytes()).hexdigest()
    monkeypatch.setattr("pipelines.orchestration.instance._EARLIER", {shipped})
    dagster_home(archive)
    assert config.read_text() == TEMPLATE.read_text()


def test_one_that_was_changed_by_hand_keeps_the_changes_and_loses_the_old_modules(archive):
    config = dagster_home(archive) / "dagster.yaml"
    own = f"# Mine.\n{STORAGE}\ntelemetry: {{enabled: false}}\n{LAUNCHER}nux: {{enabled: false}}\n"
    config.write_text(own)
    dagster_home(archive)
    assert yaml.safe_load(config.read_text()) == {
        "telemetry": {"enabled": False},
        "run_launcher": {
            "module": "pipelines.orchestration.run_launcher",
            "class": "RunLauncher",
        },
        "nux": {"enabled": False},
    }
    assert config.read_text().startswith("# Mine.\n")
    with instance(archive) as history:
        assert isinstance(history.run_launcher, RunLauncher)
        assert history.get_runs() == []


@pytest.mark.parametrize(
    "own",
    [
        STORAGE.replace("env: DAGSTER_HOME", "env: ELSEWHERE"),
        LAUNCHER.replace("  class", "  # ours\n  class"),
        "run_launcher: {class: Launcher, module: pipelines.launcher}\n",
    ],
)
def test_an_old_module_in_words_of_its_own_is_a_clear_error_whose_remedy_works(own, archive):
    config = dagster_home(archive) / "dagster.yaml"
    config.write_text(f"telemetry: {{enabled: false}}\n{own}")
    with (
        pytest.raises(SettingsError, match=r"dagster.yaml, line \d, names a module"),
        instance(archive),
    ):
        pass
    (found,) = daemon_found(archive)
    assert found.severity is Severity.PROBLEM
    assert "names a module of livestats 0.1.0" in found.text
    config.unlink()  # the remedy that the message names
    with instance(archive) as history:
        assert history.get_runs() == []
    assert config.read_text() == TEMPLATE.read_text()


def test_a_comment_that_names_an_old_module_is_left_alone(archive):
    config = dagster_home(archive) / "dagster.yaml"
    config.write_text("# once: pipelines.storage\ntelemetry: {enabled: false}\n")
    dagster_home(archive)
    assert config.read_text().startswith("# once: pipelines.storage\n")
