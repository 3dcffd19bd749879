"""What Dagster loads from a checkout, and that loading it does nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).resolve().parents[3]
LOADS = """
import socket, sys
from pathlib import Path

def refuse(event, args):
    if event.startswith("socket.connect") or event == "socket.getaddrinfo":
        raise AssertionError(f"asked the network: {args}")
    writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    if (writes or event in ("os.mkdir", "os.rename")) and not str(args[0]).endswith(".pyc"):
        if "__pycache__" not in str(args[0]):
            raise AssertionError(f"wrote {args[0]}")

import dagster
sys.addaudithook(refuse)
from pipelines.definitions import defs
repository = defs.get_repository_def()
print(sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__")))
print(sorted(s.name for s in repository.schedule_defs), sorted(s.name for s in repository.sensor_defs))
print(repository.get_job("capture").executor_def.name)
"""


@pytest.fixture
def environ(tmp_path):
    """The surroundings of somebody who has set nothing but the home."""
    (tmp_path / "dagster").mkdir()
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(tmp_path / "user"),
        "LIVESTATS_HOME": str(tmp_path / "home"),
        "DAGSTER_HOME": str(tmp_path / "dagster"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def python(environ, *words):
    return subprocess.run(
        [sys.executable, *words],
        cwd=CHECKOUT, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_dagster_finds_sound_definitions_by_the_workspace(environ, tmp_path):
    found = python(environ, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "Validation successful" in found.stdout + found.stderr
    assert not (tmp_path / "home").exists()


def test_importing_them_asks_nobody_and_writes_nothing(environ, tmp_path):
    found = python(environ, "-c", LOADS)
    assert found.returncode == 0, found.stderr
    jobs, timers, executor = found.stdout.splitlines()
    assert jobs == "['capture', 'load', 'upkeep', 'verify']"
    assert timers == (
        "['capture_what_is_due', 'forget_old_runs', 'read_everything_back'] ['follow_ledger', "
        "'load_after_failure', 'load_after_success', 'tell_alarms', 'tell_failed_runs']"
    )
    assert executor == "in_process"
    assert not (tmp_path / "home").exists()


def test_wrong_settings_are_named_when_dagster_loads(environ):
    found = python({**environ, "LIVESTATS_WORKERS": "many"}, "-c", "import pipelines.definitions")
    assert found.returncode != 0
    assert "LIVESTATS_WORKERS" in found.stderr
