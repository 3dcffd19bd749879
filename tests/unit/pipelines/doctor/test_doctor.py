"""All that the doctor looks at; the whole command runs in test_archive_commands.py."""

import time

import pytest
from dagster._daemon.types import DaemonHeartbeat

from pipelines.doctor import Severity, examine
from pipelines.orchestration.instance import instance
from tests.support.archives import DAYS, SMALL, lab


@pytest.fixture
def fresh(tmp_path):
    """A small archive that was captured and served just now."""
    with lab(tmp_path / "home", SMALL) as found:
        one = found.only("domain", "isp", "stream_count")
        one.backfill(DAYS[1:])
        yield one


def test_everything_is_looked_at(fresh, monkeypatch):
    """The names of all findings of a home at work, the quick and local first."""
    for name in ("VOLC_ACCESSKEY", "VOLC_SECRETKEY"):
        monkeypatch.setenv(name, fresh.archive.environ[name])
    with instance(fresh.archive) as history:
        heartbeat = DaemonHeartbeat(time.time(), "SCHEDULER", "some-daemon")
        history.add_daemon_heartbeat(heartbeat)
    found = [*examine(fresh.archive, fresh.root)]
    assert [f.subject for f in found if f.subject] == [
        "versions", "dagster", "settings", "clock", "home", "disk", "folders", "locks", "budget", "warehouse",
        "dagster home", "freshness", "suspicion", "captures", "daemon", "schedules", "webhook", "alarms", "key", "api",
        "access", "domains", "account", "actions",
    ]  # fmt: skip
    assert [f for f in found if f.severity is Severity.PROBLEM] == []
