"""Two accounts on one page of Dagster, or taken in turn: each with its own runs, rows and faults."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.support.archives import DAYS, Account, lab

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
NAMES = ("domain", "isp", "region", "stream_count")
MOST_S = 300
LOCATIONS = """{workspaceOrError{... on Workspace{locationEntries{
    name locationOrLoadError{__typename}}}}}"""
RUNS = "{runsOrError{... on Runs{results{jobName status tags{key value}}}}}"
COUNTED = "SELECT count(DISTINCT business_date), count(DISTINCT domain) FROM stream_count"
BACKFILL = """mutation($p: LaunchBackfillParams!) {
    launchPartitionBackfill(backfillParams: $p) {__typename}}"""


@pytest.fixture
def accounts(tmp_path):
    """Two accounts that can be used, with one and two domains, and one whose settings cannot be."""
    (tmp_path / "accounts").mkdir()
    (tmp_path / "crab").mkdir()
    (tmp_path / "crab" / "livestats.toml").write_text("[archive]\ntime_zone = 'Nowhere/X'\n")
    file(tmp_path, "crab", LIVESTATS_HOME=str(tmp_path / "crab" / "home"))
    with acted(tmp_path, "acme", 1) as acme, acted(tmp_path, "bolt", 2) as bolt:
        yield tmp_path / "accounts", {"acme": acme, "bolt": bolt}


@contextmanager
def acted(tmp_path, name, domains):
    folder = tmp_path / name
    folder.mkdir()
    account = Account(domains=domains, streams_per_domain=1, deleted=0)
    with lab(folder / "home", account, names=NAMES) as found:
        (folder / "livestats.toml").rename(folder / "settings.toml")
        environ = {
            n: v for n, v in found.archive.environ.items() if n.startswith(("LIVESTATS_", "VOLC_"))
        }
        file(tmp_path, name, **environ | {"LIVESTATS_SETTINGS": str(folder / "settings.toml")})
        yield found


def file(tmp_path, name, **variables):
    variables.setdefault("LIVESTATS_SETTINGS", str(tmp_path / name / "livestats.toml"))
    lines = (f"{key}={value}\n" for key, value in variables.items())
    (tmp_path / "accounts" / f"{name}.env").write_text("".join(lines))


class Page:
    """The page, and the processes behind it."""

    def __init__(self, folder, history):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        words = ["ui", "--accounts", str(folder), "--history", str(history), "--port", str(port)]
        self._log = (history.parent / "ui.log").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"from pipelines.cli import main; main({words!r})"],
            cwd=ROOT, stdout=self._log, stderr=self._log,
            env={"PATH": os.environ["PATH"], "HOME": str(history.parent)},
        )  # fmt: skip

    def ask(self, query, **variables):
        found = requests.post(
            f"{self.url}/graphql", json={"query": query, "variables": variables},
            headers={"Origin": self.url}, timeout=60,
        )  # fmt: skip
        return found.json()["data"]

    def locations(self):
        entries = self.ask(LOCATIONS)["workspaceOrError"]["locationEntries"]
        return {
            one["name"]: one["locationOrLoadError"]["__typename"]
            for one in entries
            if one["locationOrLoadError"]
        }

    def runs(self):
        """(account, job, status) of each run."""
        found = self.ask(RUNS)["runsOrError"]["results"]
        tags = [{tag["key"]: tag["value"] for tag in one["tags"]} for one in found]
        return [
            (tag["dagster/code_location"], one["jobName"], one["status"])
            for one, tag in zip(found, tags, strict=True)
        ]

    def capture(self, *names):
        for name in names:
            assets = [{"path": [name, "lake", "stream_count"]}]
            # The days that are over by the clock of the accounts: Dagster has partitions by its own.
            days = [day.isoformat() for day in DAYS]
            asked = {"assetSelection": assets, "partitionNames": days, "fromFailure": False}
            assert self.ask(BACKFILL, p={**asked, "tags": []}) == {
                "launchPartitionBackfill": {"__typename": "LaunchBackfillSuccess"}
            }

    def wait(self, condition):
        """Until a condition holds; fails if the page ends, or after a time."""
        until_s = time.monotonic() + MOST_S
        while True:
            try:
                if condition():
                    return
            except (requests.RequestException, json.JSONDecodeError, KeyError):
                pass  # it does not serve yet
            assert self.process.poll() is None, Path(self._log.name).read_text()
            assert time.monotonic() < until_s, Path(self._log.name).read_text()
            try:
                self.process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                continue

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self._log.close()


@pytest.fixture
def page(accounts, tmp_path):
    found = Page(accounts[0], tmp_path / "history")
    try:
        yield found
    finally:
        parts = children(found.process.pid)
        found.end()
        assert not any(Path("/proc", str(pid)).exists() for pid in parts)


def children(parent):
    """Process -> command line of what a process has started."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if f"PPid:\t{parent}\n" in (path / "status").read_text():
                found[int(path.name)] = (path / "cmdline").read_text().split("\0")
        except OSError:
            continue  # it has just ended
    return found


def test_two_accounts_on_one_page(accounts, page, tmp_path):
    _, labs = accounts
    broken = {"acme": "RepositoryLocation", "bolt": "RepositoryLocation", "crab": "PythonError"}
    page.wait(lambda: page.locations() == broken)
    page.capture("acme", "bolt")
    loaded = {("acme", "load", "SUCCESS"), ("bolt", "load", "SUCCESS")}
    page.wait(lambda: loaded <= {*page.runs()})
    assert {status for *_, status in page.runs()} == {"SUCCESS"}
    ((days, few),), ((same_days, more),) = (labs[name].rows(COUNTED) for name in ("acme", "bolt"))
    assert days == same_days > 0
    assert 0 < few < more
    secret = labs["acme"].simulator.credentials.secret_key
    written = [*(tmp_path / "history").rglob("*"), tmp_path / "ui.log"]
    assert [p for p in written if p.is_file() and secret.encode() in p.read_bytes()] == []

    (server,) = [pid for pid, words in children(page.process.pid).items() if "acme" in words]
    os.kill(server, signal.SIGKILL)
    before = len(page.runs())
    page.capture("bolt")
    page.wait(
        lambda: ("bolt", "__ASSET_JOB", "SUCCESS") in page.runs()[: len(page.runs()) - before]
    )
    page.wait(lambda: page.locations() == broken)
    assert "The code server of acme has ended by itself" in (tmp_path / "ui.log").read_text()


def test_accounts_are_taken_in_turn_and_a_broken_one_keeps_nobody_waiting(accounts, tmp_path):
    folder, labs = accounts
    words = ["work", "--accounts", str(folder), "--once", "--at-once", "2"]
    done = subprocess.run(
        [sys.executable, "-c", f"from pipelines.cli import main; main({words!r})"],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 1
    assert "crab cannot be taken, while the others go on: " in done.stderr
    assert [f"{name}: backfill ended with 0" in done.stderr for name in labs] == [True, True]
    ((days, few),), ((same_days, more),) = (labs[name].rows(COUNTED) for name in ("acme", "bolt"))
    assert days == same_days > 0
    assert 0 < few < more
