"""What docs/recovery.md says of messages: each is provoked, the page is followed, and it is gone."""

import errno
import re
import struct
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

import pytest

from pipelines.orchestration.instance import instance
from resources import monitoring
from resources.api.credentials import Credentials
from resources.capture.session import capturer
from resources.fs import atomic
from resources.monitoring import AlarmKind
from resources.simulator import Faults, Simulator
from resources.simulator.faults import FaultPicker
from tests.support.aged_archive import lived_in
from tests.support.archives import SMALL, no_wait
from tests.support.recovery_page import (
    commands,
    copied,
    follow,
    headings,
    later,
    run,
    served_account,
)
from tests.support.webhooks import robot
from tests.unit.pipelines.cli.test_archive_commands import HOLD

pytestmark = pytest.mark.slow

COMPLETE = "Complete: all that was asked for is in the archive."


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Retries do not wait."""
    monkeypatch.setattr("resources.capture.session.capturer", partial(capturer, sleep=no_wait))


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    with served_account(tmp_path_factory.mktemp("recovery")) as found:
        yield found


@pytest.fixture
def account(captured, tmp_path):
    """A copy of it, to harm."""
    return copied(captured, tmp_path)


@pytest.fixture
def tomorrow(account):
    """The next day at noon: one more day waits to be captured."""
    return later(account, days=1)


def told(account, line, *texts, code=1):
    """A command that does not succeed and says why, without a traceback."""
    result = run(account, line)
    assert result.exit_code == code, result.output
    for text in texts:
        assert text in result.output
    assert "Traceback" not in result.output
    return result.output


@pytest.mark.parametrize("heading", [*headings("What commands say"), *headings("What people ask")])
def test_the_test_of_every_paragraph_is_here(heading):
    name = "test_" + heading.lower().replace(" ", "_")
    elsewhere = {
        "test_a_run_never_ends",  # tests/unit/pipelines/orchestration/test_instance.py
        "test_a_capture_is_of_another_home",  # tests/integration/test_misplaced_captures.py
        "test_the_key_is_of_another_account",  # tests/unit/capture/test_account_guard.py
        "test_the_settings_do_not_fit_the_home",  # tests/unit/config/test_dataset_overrides.py
        "test_answers_that_could_not_be_read",  # tests/unit/capture/test_replay_rejected.py
    }
    assert name in elsewhere or any(known.startswith(name) for known in globals())


@pytest.mark.parametrize(
    ("variable", "text"),
    [("VOLC_ACCESSKEY", "is it enabled"), ("VOLC_SECRETKEY", "belongs to the access key")],
)
def test_the_key_is_refused(tomorrow, variable, text):
    wrong = tomorrow.with_(**{variable: "AKWRONG"})
    told(wrong, "livestats backfill", text, code=2)
    assert "problem access" in told(wrong, "livestats doctor", text)
    assert "AKWRONG" not in follow_until(wrong, "The key is refused", 1)
    assert COMPLETE in follow(tomorrow, "The key is refused")


def test_the_key_is_refused_if_there_is_none(tomorrow):
    none = tomorrow.with_(VOLC_ACCESSKEY="", VOLC_SECRETKEY="")
    told(none, "livestats backfill", "VOLC_ACCESSKEY", code=2)
    last = told(none, "livestats doctor", "problem key").splitlines()[-1]
    assert "start with key: " in last
    assert "VOLC_ACCESSKEY" in last


def test_the_key_is_refused_without_the_token_of_a_temporary_one(account, tmp_path):
    temporary = Credentials("AKTMP", "a-temporary-secret", "the-token")
    with Simulator(SMALL, rate=None, credentials=temporary) as simulator:
        environ = {
            "LIVESTATS_API_URL": simulator.url, "LIVESTATS_HOME": str(tmp_path / "new"),
            "LIVESTATS_NOW": "", "VOLC_ACCESSKEY": "AKTMP", "VOLC_SECRETKEY": "a-temporary-secret",
        }  # fmt: skip
        told(account.with_(**environ), "livestats doctor", "problem access", "VOLC_SESSION_TOKEN")
        whole = account.with_(**environ, VOLC_SESSION_TOKEN="the-token")
        assert run(whole, "livestats doctor").exit_code == 0


def follow_until(account, heading, number):
    """The first commands of a paragraph, whatever they end with."""
    return "".join(run(account, line).output for line in commands(heading)[:number])


def test_an_action_is_denied(tomorrow):
    service = tomorrow.simulator._service
    service.denied = frozenset({"DescribeLiveTopPlayData"})
    try:
        said = told(tomorrow, "livestats backfill", "DescribeLiveTopPlayData", "LIVEReadOnlyAccess")
        assert "Failed: top_play 2026-11-22" in said
        assert "Failed: edge_stat" not in said
        assert "problem actions" in follow_until(tomorrow, "An action is denied", 1)
    finally:
        service.denied = frozenset()
    before = tomorrow.simulator.calls["DescribeLiveEdgeStatData"]
    assert COMPLETE in follow(tomorrow, "An action is denied")
    # The doctor's one question: what was there was not asked again.
    assert tomorrow.simulator.calls["DescribeLiveEdgeStatData"] == before + 1


def test_an_action_is_denied_for_ever(tomorrow):
    """Switched off, as the page says, its days are no gaps."""
    off = tomorrow.root.parent / "livestats.toml"
    text = off.read_text().replace("off = [", "off = ['top_play', ")
    service = tomorrow.simulator._service
    service.denied = frozenset({"DescribeLiveTopPlayData"})
    try:
        told(tomorrow, "livestats backfill")
        off.write_text(text)
        changed = later(tomorrow, days=2)
        assert run(changed, "livestats backfill").exit_code == 0
        gaps = [
            a.subject for a in monitoring.active_alarms(changed.archive) if a.kind is AlarmKind.GAP
        ]
        assert gaps == []
    finally:
        service.denied = frozenset()


def test_a_day_is_incomplete(tomorrow):
    """The pull domain left the account; then a person says so."""
    simulator, bad = tomorrow.simulator, "pull-1.sim.example"
    simulator.manners = [f"refuse-domain={bad}"]
    try:
        said = told(tomorrow, "livestats backfill", "RequestForbidden", bad)
        assert "Incomplete: edge_stat, top_play 2026-11-22" in said
        assert COMPLETE in follow(
            tomorrow, "A day is incomplete", {"NAME": "edge_stat", "DOMAIN": bad}
        )
    finally:
        simulator.manners = []


def test_the_clock_is_off(tomorrow, monkeypatch):
    """The vendor's clock is twenty minutes ahead of this machine's, then it is not."""
    ahead = timedelta(minutes=20)
    with monkeypatch.context() as patched:
        patched.setattr("resources.simulator.service.real_clock", lambda: datetime.now(UTC) + ahead)
        patched.setattr(
            "http.server.BaseHTTPRequestHandler.date_time_string",
            lambda *_: format_datetime(datetime.now(UTC) + ahead, usegmt=True),
        )
        told(tomorrow, "livestats backfill", "InvalidTimestamp", "timedatectl", code=2)
        said = follow_until(tomorrow, "The clock is off", 1)
        assert re.search("problem +api .*20 minutes behind", said)
    assert not re.search("problem +api", follow(tomorrow, "The clock is off"))
    assert COMPLETE in run(tomorrow, "livestats backfill").output


def test_the_api_throttles(tomorrow):
    service = tomorrow.simulator._service
    calm = service.chooser
    service.chooser = FaultPicker(Faults(odds={"throttle": 1.0}))
    try:
        said = told(tomorrow, "livestats backfill", "FlowLimitExceeded", "api.calls_per_second")
        assert "Failed: " in said
    finally:
        service.chooser = calm
    said = follow(tomorrow, "The API throttles")
    assert "calls_per_second" in said
    assert "quota_factor" in said
    assert COMPLETE in said


def test_nothing_is_answered(tomorrow, monkeypatch):
    monkeypatch.setattr("resources.api.breaker.LEAST_S", 0.0)
    gone = tomorrow.with_(LIVESTATS_API_URL="http://127.0.0.1:1")
    said = told(gone, "livestats backfill", "nothing was answered by 127.0.0.1:1", code=2)
    assert said.count("127.0.0.1:1") < 10
    assert "cannot be reached" in follow_until(gone, "Nothing is answered", 1)
    assert COMPLETE in follow(tomorrow, "Nothing is answered")


def test_the_disk_is_full(tomorrow, monkeypatch):
    """When a capture is to be brought to the disk; and room is made by deleting the databases."""

    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(atomic, "fsync", full)
        told(
            tomorrow,
            "livestats backfill",
            "No space left on device",
            "Nothing complete is lost",
            code=2,
        )
    for path in (tomorrow.archive.home.warehouse, *tomorrow.archive.home.served.parent.iterdir()):
        path.unlink()
    follow(tomorrow, "The disk is full")
    assert tomorrow.rows("SELECT count(DISTINCT business_date) FROM edge_stat") == [(2,)]
    assert COMPLETE in run(tomorrow, "livestats backfill").output
    assert tomorrow.rows("SELECT count(DISTINCT business_date) FROM edge_stat") == [(3,)]


def test_the_home_went_away_during_a_run(tomorrow, monkeypatch):
    """When the first file is to be brought to the disk."""
    root, elsewhere = tomorrow.root, tomorrow.root.with_name("elsewhere")
    fsync = atomic.fsync

    def move(path):
        if root.exists():
            root.rename(elsewhere)
        fsync(path)

    with monkeypatch.context() as patched:
        patched.setattr(atomic, "fsync", move)
        told(tomorrow, "livestats backfill", "was moved, deleted or unmounted", "run again", code=2)
    assert not root.exists()
    elsewhere.rename(root)
    assert COMPLETE in follow(tomorrow, "The home went away during a run")
    assert run(tomorrow, "livestats verify").exit_code == 0


def test_the_warehouse_is_open_elsewhere(tomorrow):
    words = [sys.executable, "-c", HOLD, str(tomorrow.archive.home.warehouse)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        told(tomorrow, "livestats backfill", "is open in another program", code=2)
        told(tomorrow, "livestats publish", f"PID {process.pid}", code=2)
        process.kill()
    follow(tomorrow, "The warehouse is open elsewhere")
    assert tomorrow.rows("SELECT count(DISTINCT business_date) FROM edge_stat") == [(3,)]


def damage(path):
    path.chmod(0o644)
    path.write_bytes(b"no database" * 1000)


def of_a_newer_duckdb(path):
    """The file as a DuckDB of years to come would write its header."""
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    assert checksum(data) == data[:8], "DuckDB computes it in another way now"
    data[12:20] = struct.pack("<Q", 99)
    data[:8] = checksum(data)
    path.write_bytes(data)


def checksum(data):
    """DuckDB's, of its first block of 4096 bytes, in which it stands first."""
    found = 5381
    for (number,) in struct.iter_unpack("<Q", data[8:4096]):
        found ^= number * 0xBF58476D1CE4E5B9 % 2**64
    return struct.pack("<Q", found)


@pytest.mark.parametrize("harm", [damage, of_a_newer_duckdb])
def test_a_database_cannot_be_opened(account, harm):
    home = account.archive.home
    harm(home.warehouse)
    harm(home.served.resolve())
    told(account, 'livestats query "FROM edge_stat"', "cannot be opened", "publish", code=2)
    told(account, "livestats publish", "cannot be opened", "away and run", code=2)
    told(account, "livestats doctor", "problem warehouse", "problem freshness")
    follow(account, "A database cannot be opened")
    assert run(account, "livestats doctor").exit_code == 0
    assert account.rows("SELECT count(DISTINCT business_date) FROM edge_stat") == [(2,)]


@pytest.mark.parametrize("harm", [damage, of_a_newer_duckdb])
def test_a_database_cannot_be_opened_that_is_only_the_served_copy(account, harm):
    harm(account.archive.home.served.resolve())
    told(account, 'livestats query "FROM edge_stat"', "livestats publish", code=2)
    assert run(account, "livestats publish").exit_code == 0
    assert account.rows("SELECT count(DISTINCT business_date) FROM edge_stat") == [(2,)]


def test_the_run_history_cannot_be_used(tomorrow):
    with instance(tomorrow.archive) as history:
        assert history.get_runs() == []
    for path in tomorrow.archive.home.dagster.rglob("*.db*"):
        path.write_bytes(b"no database" * 1000)
    told(tomorrow, "livestats ui", "run history in the home cannot be used", code=2)
    told(tomorrow, "livestats doctor", "problem run history", "move the folder away")
    told(tomorrow, "livestats backfill", COMPLETE, code=0)
    follow(tomorrow, "The run history cannot be used")
    assert run(tomorrow, "livestats doctor").exit_code == 0
    with instance(tomorrow.archive) as history:
        assert history.get_runs() == []


def test_a_figure_has_changed(tmp_path):
    with lived_in(tmp_path / "home") as account:
        places = {"NAME": "batch_stream_traffic", "DAY": "2026-11-21"}
        said = follow(account, "A figure has changed", places)
    assert "batch_stream_traffic" in said
    assert "traffic" in said


def test_no_alarm_comes(account):
    with robot() as (url, heard):
        here = account.with_(LIVESTATS_ALERT_WEBHOOK=url)
        follow(here, "No alarm comes")
    assert "Test message" in heard[0]["text"]
    with robot(404) as (url, _):
        wrong = account.with_(LIVESTATS_ALERT_WEBHOOK=url)
        told(wrong, commands("No alarm comes")[1], "HTTP 404", code=2)


def test_a_folder_belongs_to_another_user(account):
    """Tests may run as root, whom no owner stops: a file in the folder's place stands for it."""
    path = account.root / "raw" / "top_play"
    kept = path.rename(account.root.parent / "kept")
    path.touch()
    told(account, "livestats doctor", "folders", str(path))
    path.unlink()
    kept.rename(path)
    assert "problem folders" not in run(account, "livestats doctor").output
    assert run(account, "livestats verify").exit_code == 0


def test_something_is_not_verified(account, monkeypatch):
    def refused(*_):
        raise PermissionError(errno.EACCES, "Permission denied", "rows.parquet")

    monkeypatch.setattr("resources.lake.checksum.check", refused)
    told(account, "livestats verify", "not verified: ", "Permission denied", code=2)
    monkeypatch.undo()
    assert run(account, "livestats verify").exit_code == 0
    assert monitoring.AlarmKind.DAMAGE not in {
        alarm.kind for alarm in monitoring.active_alarms(account.archive)
    }
