"""Runs of command lines that were killed do not go on counting as running."""

import hashlib
import os
import subprocess
import sys

import dagster as dg
import pytest
import yaml

from pipelines.doctor.findings import Severity
from pipelines.doctor.schedule import daemon_found
from pipelines.orchestration.instance import COMMAND, TEMPLATE, dagster_home, instance, shipped
from pipelines.orchestration.processes import PROCESS, named
from pipelines.orchestration.run_launcher import RunLauncher
from resources.archive import Archive
from resources.config import SettingsError
from tests.support.dagster_runs import begun, status_of

pytestmark = pytest.mark.slow


@pytest.fixture
def archive(tmp_path):
    return Archive.open({"LIVESTATS_HOME": str(tmp_path / "home")}, tmp_path)


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


@pytest.fixture
def template(tmp_path, monkeypatch):
    """The template of a version to come."""
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE.read_text() + "# A new setting.\n")
    monkeypatch.setattr("pipelines.orchestration.instance.TEMPLATE", path)
    return path


def test_a_template_that_was_edited_reaches_a_home_that_nobody_changed(archive, request):
    config = dagster_home(archive) / "dagster.yaml"
    assert hashlib.sha256(TEMPLATE.read_bytes()).hexdigest() in config.read_text()
    template = request.getfixturevalue("template")
    dagster_home(archive)
    assert config.read_text().endswith(template.read_text())
    template.write_text("telemetry: {enabled: false}\n")  # and so does the one after it
    with instance(archive):
        pass
    assert config.read_text().endswith("\ntelemetry: {enabled: false}\n")


def test_with_a_database_the_file_says_nothing_of_sqlite():
    address = "postgresql+psycopg2://me@db/dagster"
    there, usual = shipped(address).decode(), shipped().decode()
    assert "SQLite" in usual
    assert "SQLite" not in there
    said = yaml.safe_load(there)
    assert said.pop("storage") == {"postgres": {"postgres_url": address}}
    assert said == yaml.safe_load(usual)


@pytest.mark.usefixtures("template")
def test_an_edited_template_reaches_a_home_of_a_version_without_checksums(archive):
    config = dagster_home(archive) / "dagster.yaml"
    config.write_bytes(TEMPLATE.read_bytes())  # as 0.1.0 and its successors wrote it
    dagster_home(archive)
    assert config.read_text().endswith("# A new setting.\n")


@pytest.mark.usefixtures("template")
@pytest.mark.parametrize("change", ["# Mine.\n", "sensors: {}\n"])
def test_an_edited_template_leaves_a_home_that_was_changed_by_hand_alone(archive, change):
    config = dagster_home(archive) / "dagster.yaml"
    own = config.read_text() + change
    config.write_text(own)
    dagster_home(archive)
    assert config.read_text() == own


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
    assert config.read_bytes() == shipped()


def test_a_comment_that_names_an_old_module_is_left_alone(archive):
    config = dagster_home(archive) / "dagster.yaml"
    config.write_text("# once: pipelines.storage\ntelemetry: {enabled: false}\n")
    dagster_home(archive)
    assert config.read_text().startswith("# once: pipelines.storage\n")
