"""Commands work where Dagster cannot be imported, and print nothing after their last line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli import COMMANDS
from tests.support.archives import SMALL, lab

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
MONTHS = "backfill --from 2026-10-31 --to 2026-11-01 --dataset edge_stat"
"""The end of one month and the beginning of another: loaded by a process of its own in between."""

WITH_DAGSTER = {"ui"}
"""Its whole purpose. `doctor` reads the daemon's heartbeats once there is a dagster.yaml."""

ENDLESS = {"simulate", "demo", "work"}
"""The first serves until it is stopped; the others start backfills, see test_demo and test_work."""

AFTER_A_BACKFILL = [
    "init --offline",
    "settings",
    "doctor",
    "probe",
    "account",
    "plan",
    "status",
    "status --html coverage.html",
    "alarms",
    "alarms --new",
    "alarms --send",
    "alarms --test",
    "metrics",
    "metrics --output livestats.prom",
    "tables",
    "query --format json FROM\\ ledger",
    "query --output rows.parquet FROM\\ edge_stat",
    "shell",
    "completion bash",
    "report",
    "superset",
    "diff edge_stat 2026-11-01",
    "publish",
    "replay",
    "verify",
    "backup copy",
    "cold",
    "sync",
    "gone",
    "erase --address 203.0.113.7 --yes",
    "digest",
    "accept edge_stat 2026-11-01 --reason it-is-right",
]

REFUSED = {
    "cold": "scale.cold is not set",
    "sync": "scale.home is not set",
    "alarms --send": "did not take the alarm",  # the webhook here is the simulator
    "alarms --test": "did not take the alarm",
    "accept edge_stat 2026-11-01 --reason it-is-right": "is not suspect",
}


class User:
    """Runs commands in processes that find a package `dagster` that cannot be imported."""

    def __init__(self, found, folder):
        (folder / "without" / "dagster").mkdir(parents=True)
        (folder / "without" / "dagster" / "__init__.py").write_text(
            "raise ImportError('Dagster was imported')\n"
        )
        self.lab, self.folder = found, folder
        self.environ = {
            **found.archive.environ,
            "PYTHONPATH": os.pathsep.join((str(folder / "without"), str(ROOT))),
            "LIVESTATS_ALERT_WEBHOOK": f"{found.simulator.url}/robot",  # it takes no message
        }

    def run(self, words):
        code = (
            "import shlex\nfrom pipelines.cli import main\n"
            f"main(shlex.split({words!r}), prog_name='livestats')"
        )
        return subprocess.run(
            [sys.executable, "-c", code],
            env=self.environ, cwd=self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def user(tmp_path_factory):
    folder = tmp_path_factory.mktemp("without_dagster")
    with lab(folder / "home", SMALL, environ={"LIVESTATS_FIRST_DAY": "2026-10-31"}) as found:
        yield User(found, folder)


@pytest.fixture(scope="module")
def backfilled(user):
    """The first backfill: its process, and the user."""
    return user, user.run(MONTHS)


def test_dagster_cannot_be_imported_here(user):
    done = subprocess.run(
        [sys.executable, "-c", "import dagster"], env=user.environ, check=False,
        capture_output=True, text=True, cwd=user.folder,
    )  # fmt: skip
    assert "Dagster was imported" in done.stderr


def test_a_backfill_captures_loads_and_publishes(backfilled):
    user, done = backfilled
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "Complete: all that was asked for is in the archive."
    assert user.lab.rows("SELECT count(DISTINCT business_date) FROM edge_stat") == [(2,)]


def test_its_last_line_is_its_own(backfilled):
    """A library that reports leaks or unclosed files as the process ends would come after it."""
    _, done = backfilled
    said = done.stderr.splitlines()
    assert said[-1] == "Loading and publishing"
    assert "Loading and publishing November 2026, while the capture goes on" in said


def test_a_second_backfill_asks_nothing(backfilled):
    user, _ = backfilled
    asked = user.lab.requests
    done = user.run(MONTHS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Nothing was asked of the API: 2 dataset-days complete already.")
    assert user.lab.requests == asked


def test_every_command_is_tried():
    tried = {words.split()[0] for words in (*AFTER_A_BACKFILL, MONTHS)}
    assert tried | WITH_DAGSTER | ENDLESS == {*COMMANDS}


def test_the_other_commands_work_too(backfilled):
    user, _ = backfilled
    offenders = {}
    for words in AFTER_A_BACKFILL:
        done = user.run(words)
        # 1: something is missing, as most days of this archive are. 2 is for what cannot be done.
        expected = (2,) if words in REFUSED else (0, 1)
        if (
            done.returncode not in expected
            or "Traceback" in done.stderr
            or "leak" in done.stderr
            or REFUSED.get(words, "") not in done.stderr
        ):
            offenders[words] = (done.returncode, done.stderr)
    assert offenders == {}


@pytest.mark.parametrize("command", sorted(WITH_DAGSTER | ENDLESS))
def test_the_help_of_all_others_does(user, command):
    done = user.run(f"{command} --help")
    assert done.returncode == 0, done.stderr
