"""Checks of the automation: daemon, schedules, webhook and alarms."""

import shutil
import time
from datetime import UTC, datetime

import pytest
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
)
from dagster._daemon.types import DaemonHeartbeat
from dagster._utils.error import SerializableErrorInfo

from pipelines.definitions import definitions
from pipelines.doctor import Severity, schedule
from pipelines.orchestration.instance import instance
from resources.archive import Archive

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def archive(folder, **more):
    return Archive.open({"LIVESTATS_HOME": str(folder), **more}, folder)


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """A home that Dagster has worked in."""
    found = archive(tmp_path_factory.mktemp("used") / "home")
    with instance(found):
        return found.home.root


@pytest.fixture
def with_history(used, tmp_path):
    """A copy of it, and its history."""
    shutil.copytree(used, tmp_path / "home", symlinks=True)
    found = archive(tmp_path / "home")
    with instance(found) as history:
        yield found, history


def beat(history, seconds_ago):
    heartbeat = DaemonHeartbeat(time.time() - seconds_ago, "SCHEDULER", "some-daemon")
    history.add_daemon_heartbeat(heartbeat)


def test_a_home_without_a_daemon_is_no_fault_for_cron_may_do_it(tmp_path, with_history):
    (fresh,) = schedule.daemon_found(archive(tmp_path / "fresh"))
    (used,) = schedule.daemon_found(with_history[0])
    assert [fresh.severity, used.severity] == [Severity.OK, Severity.OK]


@pytest.mark.parametrize(("seconds_ago", "verdict"), [(20, "ok"), (3600, "warning")])
def test_a_daemon_that_has_fallen_silent_is_told(with_history, seconds_ago, verdict):
    found, history = with_history
    beat(history, seconds_ago)
    finding, *_ = schedule.daemon_found(found)
    assert finding.severity == verdict
    assert "livestats ui" in finding.remedy or verdict == "ok"


def test_a_daemon_of_which_a_part_hangs_is_told(with_history):
    found, history = with_history
    beat(history, 3600)
    history.add_daemon_heartbeat(DaemonHeartbeat(time.time(), "SENSOR", "some-daemon"))
    finding, *_ = schedule.daemon_found(found)
    assert finding.severity is Severity.WARNING
    assert finding.text.endswith("without SCHEDULER")


def test_what_a_daemon_complains_of_is_told(with_history):
    found, history = with_history
    said = SerializableErrorInfo("Another SENSOR daemon is still sending heartbeats\n", [], None)
    history.add_daemon_heartbeat(DaemonHeartbeat(time.time(), "SENSOR", "some-daemon", [said]))
    finding, *_ = schedule.daemon_found(found)
    assert finding.severity is Severity.WARNING
    assert finding.text.endswith("says: Another SENSOR daemon is still sending heartbeats")


def test_the_parts_of_a_daemon_are_called_as_dagster_calls_them(with_history):
    _, history = with_history
    assert {*schedule._NEEDED} <= {*history.get_required_daemon_types()}


@pytest.mark.parametrize("name", ["history/runs.db", "dagster.yaml"])
def test_a_run_history_that_is_damaged_is_told_with_what_to_do(tmp_path, name):
    found = archive(tmp_path / "home")
    with instance(found) as history:
        history.get_runs_count()
    for path in found.home.dagster.rglob("*.db-*"):
        path.unlink()
    (found.home.dagster / name).write_bytes(b"storage: {custom: [")
    (finding,) = schedule.daemon_found(found)
    assert finding.severity is Severity.PROBLEM
    assert str(found.home.dagster) in finding.text


@pytest.mark.parametrize(
    ("url", "verdict", "shown"),
    [
        ("", "ok", "LIVESTATS_ALERT_WEBHOOK"),
        ("https://open.feishu.cn/hook/secret", "ok", "open.feishu.cn"),
        ("open.feishu.cn/hook/secret", "problem", "LIVESTATS_ALERT_WEBHOOK"),
        ("https://[secret", "problem", "LIVESTATS_ALERT_WEBHOOK"),
    ],
)
def test_who_is_told_of_alarms_is_named_by_the_host_alone(tmp_path, url, verdict, shown):
    finding = schedule.webhook_found(archive(tmp_path, LIVESTATS_ALERT_WEBHOOK=url))
    assert finding.severity == verdict
    assert shown in finding.text
    assert "secret" not in finding.text + finding.remedy


def test_a_schedule_that_is_switched_off_is_told(with_history):
    found, history = with_history
    beat(history, 0)
    repository = definitions(found).get_repository_def()
    of_schedule = repository.get_schedule_def("capture_what_is_due")
    history.add_instigator_state(
        InstigatorState(
            RemoteInstigatorOrigin(
                RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "__repository__"),
                of_schedule.name,
            ),
            InstigatorType.SCHEDULE,
            InstigatorStatus.STOPPED,
            ScheduleInstigatorData("20 1,8 * * *"),
        )
    )
    *_, finding = schedule.daemon_found(found)
    assert finding.severity is Severity.WARNING
    assert "capture_what_is_due" in finding.text


def test_alarms_are_told_with_the_first_remedy(tmp_path):
    old = archive(
        tmp_path / "home", LIVESTATS_NOW=NOW.isoformat(), LIVESTATS_FIRST_DAY="2026-11-20"
    )
    assert schedule.alarms_found(old).severity is Severity.OK  # no archive yet
    old.home.prepare(old.settings, old.now())
    finding = schedule.alarms_found(old)
    assert finding.severity is Severity.WARNING
    assert "livestats alarms" in finding.remedy
