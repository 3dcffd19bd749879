"""What the doctor makes of what it finds; the whole of it runs in test_archive_commands.py."""

import errno
import shutil
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

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

from pipelines.cli.doctor import ending
from pipelines.definitions import definitions
from pipelines.doctor import Severity, api, examine, machine, schedule
from pipelines.doctor import home as of_home
from pipelines.doctor.api_probe import list_domains
from pipelines.doctor.findings import ok, problem, warning
from pipelines.doctor.permission_probe import probes
from pipelines.orchestration.instance import instance
from resources.api.catalog import DATASETS, ENDPOINTS
from resources.archive import Archive
from resources.config import Settings, resolve
from resources.fs import locks
from resources.simulator import Simulator
from tests.support.archives import DAYS, SMALL, lab

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def archive(folder, **more):
    return Archive.open({"LIVESTATS_HOME": str(folder), **more}, folder)


@pytest.mark.parametrize(
    ("ahead_s", "verdict"),
    [
        (0, "ok"),
        (-59, "ok"),
        (61, "warning"),
        (-300, "warning"),
        (700, "problem"),
        (-901, "problem"),
    ],
)
def test_the_clock_may_be_a_minute_off_and_never_ten(ahead_s, verdict):
    told = format_datetime(NOW - timedelta(seconds=ahead_s), usegmt=True)
    assert api.judged_offset("http://api", told, NOW).severity == verdict


@pytest.mark.parametrize("header", [None, "", "yesterday"])
def test_a_server_without_a_date_is_no_problem(header):
    assert api.judged_offset("http://api", header, NOW).severity is Severity.OK


def test_a_new_home_is_fine_and_is_not_made(tmp_path):
    folder = tmp_path / "deep" / "home"
    assert machine.home_found(archive(folder)).severity is Severity.OK
    assert machine.warehouse_free(archive(folder)).severity is Severity.OK
    assert list(tmp_path.iterdir()) == []


def test_a_home_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    finding = machine.home_found(archive(tmp_path / "file" / "home"))
    assert finding.severity is Severity.PROBLEM
    assert "LIVESTATS_HOME" in finding.remedy


def test_a_clock_that_is_set_is_said_aloud(tmp_path):
    finding = machine.clock_set(archive(tmp_path, LIVESTATS_NOW="2026-11-22T08:00:00+08:00"))
    assert finding.severity is Severity.WARNING
    assert "2026-11-22 08:00" in finding.text


def test_a_damaged_warehouse_is_told_from_one_that_is_held(tmp_path):
    found = archive(tmp_path)
    found.home.warehouse.parent.mkdir(parents=True)
    found.home.warehouse.write_bytes(b"no database" * 1000)
    finding = machine.warehouse_free(found)
    assert finding.severity is Severity.PROBLEM
    assert "livestats publish" in finding.remedy


def test_settings_say_where_they_come_from(tmp_path):
    (tmp_path / "livestats.toml").write_text("[api]\nworkers = 3\n")
    environ = {"LIVESTATS_HOME": str(tmp_path)}
    texts = [f.text for f in machine.settings_found(resolve(environ, tmp_path))]
    assert texts[0].endswith("livestats.toml")
    assert f"api.workers = 3 (from {tmp_path / 'livestats.toml'})" in texts
    assert f"archive.home = {tmp_path} (from LIVESTATS_HOME)" in texts


def test_the_key_is_never_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    environ = {"VOLC_ACCESSKEY": "AKMARKED", "VOLC_SECRETKEY": "SKMARKED"}
    _, finding = api.key_found(environ)
    assert finding.severity is Severity.OK
    assert "MARKED" not in repr(finding)
    _, finding = api.key_found({})
    assert finding.severity is Severity.PROBLEM
    assert "VOLC_ACCESSKEY" in finding.remedy


def test_another_dagster_home_is_pointed_out(tmp_path):
    assert machine.dagster_found(archive(tmp_path)).severity is Severity.OK
    finding = machine.dagster_found(archive(tmp_path, DAGSTER_HOME="/elsewhere"))
    assert finding.severity is Severity.WARNING


def test_an_api_that_is_not_there_is_one_problem(tmp_path):
    """Nothing listens on port 1; the key is then not tried as well."""
    environ = {
        "LIVESTATS_API_URL": "http://127.0.0.1:1",
        "VOLC_ACCESSKEY": "A",
        "VOLC_SECRETKEY": "S",
    }
    found = examine(archive(tmp_path, **environ), tmp_path)
    problems = [f for f in found if f.severity is Severity.PROBLEM and f.subject != "disk"]
    assert [f.subject for f in problems] == ["api"]
    assert "LIVESTATS_API_URL" in problems[0].remedy


def test_the_disk_is_told_layer_by_layer(tmp_path):
    (tmp_path / "raw" / "edge_stat").mkdir(parents=True)
    (tmp_path / "raw" / "edge_stat" / "responses.zst").write_bytes(bytes(100_000))
    (tmp_path / "lake").mkdir()
    held = machine.held_by_layer(tmp_path)
    assert list(held) == ["lake", "raw"]
    assert held["lake"] == 0
    assert 100_000 <= held["raw"] < 200_000
    assert machine.held_by_layer(tmp_path / "nowhere") == {}
    assert "raw 0.00" in machine.space(archive(tmp_path)).text


def test_the_disk_is_too_small_for_a_load_or_for_a_month(tmp_path, monkeypatch):
    """A load of an empty warehouse wants a gigabyte."""
    found = archive(tmp_path)
    usage = shutil.disk_usage(tmp_path)
    verdicts = []
    for free in (999_999_999, 1_000_000_000):
        held = usage._replace(free=free)
        monkeypatch.setattr(
            "resources.monitoring.disk_space.shutil.disk_usage", lambda _, held=held: held
        )
        verdicts.append(machine.space(found).severity)
    assert verdicts == [Severity.PROBLEM, Severity.OK]
    monkeypatch.setattr("resources.monitoring.disk_space._captured_in_a_week", lambda _: 7)
    assert machine.space(found).severity is Severity.WARNING


def test_versions_that_were_not_tested_are_told(monkeypatch):
    assert {f.severity for f in machine.versions()} == {Severity.OK}
    assert {"duckdb", "pyarrow", "dagster"} <= set(machine.tested())
    real = machine._installed
    other = {"duckdb": "9.9.9", "pyarrow": None}
    monkeypatch.setattr(machine, "_installed", lambda name: other.get(name, real(name)))
    *_, finding = machine.versions()
    assert finding.severity is Severity.WARNING
    assert "duckdb 9.9.9 (tested: " in finding.text
    assert "pyarrow missing" in finding.text
    monkeypatch.setattr(machine, "_installed", lambda name: {"dagster": "1.2"}.get(name, "1.3"))
    assert Severity.PROBLEM in {f.severity for f in machine.versions()}


# The home ----------------------------------------------------------------------------------------


def test_a_file_system_that_keeps_locks_is_fine_and_nothing_is_made(tmp_path):
    finding = of_home.locks_found(archive(tmp_path / "new"))
    assert finding.severity is Severity.OK
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_is_at_work_has_locks(tmp_path):
    with locks.lock(tmp_path):
        assert of_home.locks_found(archive(tmp_path)).severity is Severity.OK


def test_a_file_system_that_pretends_to_lock_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr("resources.fs.locks.fcntl.flock", lambda *_: None)
    finding = of_home.locks_found(archive(tmp_path))
    assert finding.severity is Severity.PROBLEM
    assert "local disk" in finding.remedy


def test_a_file_system_without_locks_is_a_problem(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("resources.fs.locks.fcntl.flock", refuse)
    finding = of_home.locks_found(archive(tmp_path))
    assert finding.severity is Severity.PROBLEM
    assert "No locks available" in finding.text


def test_the_budget_is_told_and_must_be_writable(tmp_path, monkeypatch):
    found = archive(tmp_path, LIVESTATS_CALLS_PER_SECOND="12")
    assert "at most 12 of all" in of_home.budget_found(found).text
    found.home.budget.mkdir(parents=True)
    assert of_home.budget_found(found).severity is Severity.OK
    monkeypatch.setattr(of_home, "can_write", lambda _: False)
    finding = of_home.budget_found(found)
    assert finding.severity is Severity.PROBLEM
    assert str(found.home.budget) in finding.text


@pytest.fixture(scope="module")
def served_once(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("doctor") / "home", SMALL) as found:
        found.only("domain", "isp", "stream_count").backfill(DAYS[1:])
        yield found.only("domain", "isp", "stream_count")


@pytest.fixture
def fresh(served_once, tmp_path):
    """A copy of a small archive that was captured and served just now."""
    shutil.copytree(served_once.root, tmp_path / "home", symlinks=True)
    moved = served_once.with_(LIVESTATS_HOME=str(tmp_path / "home"))
    return moved.only("domain", "isp", "stream_count")


def test_freshness_says_when_the_api_last_told_something(fresh, tmp_path):
    finding = of_home.freshness_found(fresh.archive)
    assert finding.severity is Severity.OK
    assert "stream_count of 2026-11-21" in finding.text
    nothing = archive(tmp_path / "nothing")
    assert of_home.freshness_found(nothing).severity is Severity.OK


def test_an_archive_that_nobody_asks_for_is_told(fresh):
    old = fresh.with_(LIVESTATS_NOW="2026-11-23T16:00:00+08:00").only("domain", "stream_count")
    finding = of_home.freshness_found(old.archive)
    assert finding.severity is Severity.WARNING
    assert "28 hours ago" in finding.text
    older = fresh.with_(LIVESTATS_NOW="2026-12-23T16:00:00+08:00").only("domain", "stream_count")
    assert "nothing of the last 7 days" in of_home.freshness_found(older.archive).text


def test_a_copy_that_does_not_show_all_is_told(fresh):
    fresh.capture(DAYS[:1], ["stream_count"])
    finding = of_home.freshness_found(fresh.archive)
    assert finding.severity is Severity.WARNING
    assert "livestats publish" in finding.remedy
    shutil.rmtree(fresh.root / "served")
    assert "nothing is served" in of_home.freshness_found(fresh.archive).text


@pytest.mark.parametrize("size", [0, 5000, None], ids=["emptied", "cut", "no database"])
def test_a_damaged_copy_is_a_problem(fresh, size):
    path = fresh.archive.home.served.resolve()
    path.write_bytes(path.read_bytes()[:size] if size is not None else b"x" * 100_000)
    finding = of_home.freshness_found(fresh.archive)
    assert finding.severity is Severity.PROBLEM
    assert "livestats publish" in finding.text + finding.remedy


# What goes on by itself --------------------------------------------------------------------------


@pytest.fixture
def with_history(tmp_path):
    """A home that Dagster has worked in, and its history."""
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


def test_the_last_line_says_what_to_do_first():
    good = ok("clock", "it is noon")
    little, lot = warning("disk", "half full", "make room"), problem("key", "none", "set it")
    assert ending([good]).startswith("Everything is in place")
    assert ending([good, little, little]) == "No problem, 2 warnings; start with disk: make room"
    assert ending([little, lot, good]) == "1 problem; start with key: set it"


def test_everything_is_looked_at(fresh, monkeypatch):
    """The names of all findings of a home at work, the quick and local first."""
    for name in ("VOLC_ACCESSKEY", "VOLC_SECRETKEY"):
        monkeypatch.setenv(name, fresh.archive.environ[name])
    with instance(fresh.archive) as history:
        beat(history, 0)
    found = [*examine(fresh.archive, fresh.root)]
    assert [f.subject for f in found if f.subject] == [
        "versions", "dagster", "settings", "clock", "home", "disk", "locks", "budget", "warehouse",
        "dagster home", "freshness", "daemon", "schedules", "webhook", "alarms", "key", "api",
        "access", "domains", "account", "actions",
    ]  # fmt: skip
    assert [f for f in found if f.severity is Severity.PROBLEM] == []


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


# What the key may do -----------------------------------------------------------------------------


def probed(**options):
    with Simulator(SMALL, rate=None, **options) as simulator:
        settings = Settings(api_url=simulator.url)
        domains = list_domains(settings, simulator.credentials, None).domains
        found = [*probes(settings, simulator.credentials, domains, None, datetime.now(UTC))]
        return simulator, found


def test_every_action_is_asked_once_and_the_questions_are_good_ones():
    """A question that the API dislikes would prove little."""
    simulator, found = probed()
    assert {p.action for p in found} == set(ENDPOINTS)
    assert {name for p in found for name in p.datasets} == set(DATASETS)
    assert [p.error for p in found if p.error] == []
    assert simulator.refused.total() == 0
    assert simulator.calls.total() == len(ENDPOINTS) + 1
    (finding,) = api.judged_permissions(found)
    assert finding.severity is Severity.OK


def test_an_action_that_the_key_may_not_call_is_a_problem():
    _, found = probed(denied=["DescribeLiveTopPlayData"])
    (finding,) = api.judged_permissions(found)
    assert finding.severity is Severity.PROBLEM
    assert "DescribeLiveTopPlayData" in finding.text
    assert "LIVEReadOnlyAccess" in finding.remedy


def test_an_action_that_the_vendor_does_not_offer_names_the_datasets_to_switch_off():
    _, found = probed(withdrawn=["DescribeLiveEdgeStatData"])
    (finding,) = api.judged_permissions(found)
    assert finding.severity is Severity.WARNING
    assert 'off = ["edge_stat", "edge_stat_by_protocol", "edge_stat_by_region"]' in finding.remedy


def test_an_account_without_domains_is_asked_what_can_be_asked():
    with Simulator(SMALL, rate=None) as simulator:
        settings = Settings(api_url=simulator.url)
        found = [*probes(settings, simulator.credentials, (), None, datetime.now(UTC))]
    assert [p.error for p in found if p.error] == []
