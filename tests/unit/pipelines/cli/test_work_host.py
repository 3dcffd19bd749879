"""`livestats work`: every account gets its turn, whatever becomes of another, and nothing outlives it."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli import main, work_host
from resources.config import Settings
from resources.home.layout import Home

ROOT = Path(__file__).parents[4]
STAND_IN = """
import json, os, sys
with open(os.environ["NOTES"], "a") as notes:
    notes.write(json.dumps([sys.argv[1:], {n: v for n, v in os.environ.items() if n in
        ("VOLC_ACCESSKEY", "LIVESTATS_HOME", "AWS_PROFILE")}]) + chr(10))
sys.exit(int(os.environ.get("CODE", "0")) if sys.argv[1] == "backfill" else 0)
"""
"""Stands for the command line in the process of an account: notes what it was asked, and by whom."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two accounts; what is started for them is noted."""
    monkeypatch.setattr(work_host, "_COMMAND", STAND_IN)
    monkeypatch.setattr(work_host, "_LOOK_S", 0.01)
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    (tmp_path / "accounts").mkdir()
    for name in ("acme", "bolt"):
        account(tmp_path, name, VOLC_ACCESSKEY=f"key-of-{name}")
    return tmp_path


def account(tmp_path, name, **variables):
    variables = {"LIVESTATS_HOME": tmp_path / name, **variables}
    lines = (f"{key}={value}\n" for key, value in variables.items())
    (tmp_path / "accounts" / f"{name}.env").write_text("".join(lines))


def once(tmp_path, *words):
    return CliRunner().invoke(
        main, ["work", "--accounts", str(tmp_path / "accounts"), "--once", *words]
    )


def notes(tmp_path):
    """What each process was asked, in its order: words and variables."""
    return [json.loads(line) for line in (tmp_path / "notes").read_text().splitlines()]


def test_each_account_has_its_commands_with_its_own_key(folder, monkeypatch):
    monkeypatch.setenv("VOLC_ACCESSKEY", "of nobody")
    monkeypatch.setenv("AWS_PROFILE", "of nobody")
    result = once(folder)
    assert (result.exit_code, result.stdout) == (0, "")
    assert notes(folder) == [
        [
            ["backfill", "--reread"],
            {"VOLC_ACCESSKEY": f"key-of-{name}", "LIVESTATS_HOME": str(folder / name)},
        ]
        for name in ("acme", "bolt")
    ]
    assert "acme: backfill ended with 0" in result.stderr


def test_what_an_account_is_set_up_for_follows_and_verify_once_a_week(folder):
    account(
        folder,
        "acme",
        LIVESTATS_ALERT_WEBHOOK="https://hooks.slack.com/services/T1/B1/x",
        LIVESTATS_SCALE_COLD="s3://bucket/acme",
    )
    for name in ("acme", "bolt"):
        Home(folder / name).prepare(Settings(home=folder / name), datetime.now(UTC))
    once(folder)
    assert asked(folder, "acme") == ["backfill --reread", "alarms --send", "cold", "verify"]
    assert asked(folder, "bolt") == ["backfill --reread", "verify"]
    for age, more in ((6, []), (7, ["verify"])):
        (folder / "notes").unlink()
        at = datetime.now(UTC) - timedelta(days=age)
        for name in ("acme", "bolt"):
            state = folder / name / "state"
            (state / "verified.json").write_text(json.dumps({"at": at.isoformat(), "wrong": []}))
        once(folder)
        assert asked(folder, "acme") == ["backfill --reread", "alarms --send", "cold", *more]
        assert asked(folder, "bolt") == ["backfill --reread", *more]


def asked(folder, name):
    home = str(folder / name)
    return [" ".join(words) for words, about in notes(folder) if about["LIVESTATS_HOME"] == home]


@pytest.mark.parametrize("code", ["1", "2"])
def test_an_account_that_fails_leaves_the_others_at_work_and_is_told(folder, code):
    account(folder, "acme", CODE=code)
    result = once(folder)
    assert result.exit_code == 1
    assert f"acme: backfill ended with {code}" in result.stderr
    assert "bolt: backfill ended with 0" in result.stderr


def test_settings_that_cannot_be_are_told_and_leave_the_others_at_work(folder):
    (folder / "bad.toml").write_text("[archive]\ntime_zone = 'Nowhere/X'\n")
    account(folder, "acme", LIVESTATS_SETTINGS=folder / "bad.toml")
    result = once(folder, "--at-once", "2")
    assert result.exit_code == 1
    assert "acme cannot be taken, while the others go on: " in result.stderr
    assert "Nowhere/X" in result.stderr
    assert {about["LIVESTATS_HOME"] for _, about in notes(folder)} == {str(folder / "bolt")}


@pytest.fixture
def running(folder):
    """The command in a process of its own, with an account whose backfill does not end."""
    script = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
from pipelines.cli import main, work_host
from resources.config import Settings
from resources.home.layout import Home
work_host._COMMAND = {STAND_IN.replace("sys.exit", "import time; time.sleep(600); sys.exit")!r}
main(["work", "--accounts", {str(folder / "accounts")!r}, "--at-once", "2"])
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ},
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    with suppress(ProcessLookupError):
        process.kill()
    process.communicate()


def until(holds, process):
    """Until something holds, looking again each time that the process has not ended meanwhile."""
    while not holds():
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_what_it_started_ends_with_it(folder, running, number):
    until(lambda: (folder / "notes").exists() and len(notes(folder)) == 2, running)
    running.send_signal(number)
    code = running.wait()
    assert code == {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGKILL: -9}[number]
    until(lambda: not of_accounts(folder), running)
    if number != signal.SIGKILL:
        assert "nothing is captured by itself until" in running.stderr.read()


def of_accounts(folder):
    """Processes that have the variables of these accounts."""
    found = []
    for one in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"LIVESTATS_HOME={folder}".encode() in one.read_bytes():
                found.append(one)
    return found


def test_a_file_that_is_added_counts_and_a_broken_one_changes_nothing(folder, running):
    until(lambda: (folder / "notes").exists() and len(notes(folder)) == 2, running)
    (folder / "accounts" / "crab.env").write_text("LIVESTATS_HOME=relative\n")
    line = ""
    while "The accounts stay as they were" not in line:
        line = running.stderr.readline()
    assert "write the whole path in LIVESTATS_HOME" in line
    assert running.poll() is None
