"""What the doctor makes of what it finds; the whole of it runs in test_cli_archive.py."""

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

from pipelines.ask import list_domains
from pipelines.definitions import definitions
from pipelines.doctor import Verdict, api, examine, machine, schedule
from pipelines.instance import instance
from pipelines.permissions import probes
from resources.api.catalogue import DATASETS, ENDPOINTS
from resources.api.simulator import Simulator
from resources.archive import Archive
from resources.settings import Settings, find
from tests.archives import SMALL

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
    assert api.judged_offset("http://api", told, NOW).verdict == verdict


@pytest.mark.parametrize("header", [None, "", "yesterday"])
def test_a_server_without_a_date_is_no_problem(header):
    assert api.judged_offset("http://api", header, NOW).verdict is Verdict.OK


def test_a_new_home_is_fine_and_is_not_made(tmp_path):
    folder = tmp_path / "deep" / "home"
    assert machine.home_found(archive(folder)).verdict is Verdict.OK
    assert machine.warehouse_free(archive(folder)).verdict is Verdict.OK
    assert list(tmp_path.iterdir()) == []


def test_a_home_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    finding = machine.home_found(archive(tmp_path / "file" / "home"))
    assert finding.verdict is Verdict.PROBLEM
    assert "LIVESTATS_HOME" in finding.advice


def test_a_clock_that_is_set_is_said_aloud(tmp_path):
    finding = machine.clock_set(archive(tmp_path, LIVESTATS_NOW="2026-11-22T08:00:00+08:00"))
    assert finding.verdict is Verdict.WARNING
    assert "2026-11-22 08:00" in finding.text


def test_a_damaged_warehouse_is_told_from_one_that_is_held(tmp_path):
    found = archive(tmp_path)
    found.home.warehouse.parent.mkdir(parents=True)
    found.home.warehouse.write_bytes(b"no database" * 1000)
    finding = machine.warehouse_free(found)
    assert finding.verdict is Verdict.PROBLEM
    assert "livestats publish" in finding.advice


def test_settings_say_where_they_come_from(tmp_path):
    (tmp_path / "livestats.toml").write_text("[api]\nworkers = 3\n")
    environ = {"LIVESTATS_HOME": str(tmp_path)}
    texts = [f.text for f in machine.settings_found(find(environ, tmp_path))]
    assert texts[0].endswith("livestats.toml")
    assert f"api.workers = 3 (from {tmp_path / 'livestats.toml'})" in texts
    assert f"archive.home = {tmp_path} (from LIVESTATS_HOME)" in texts


def test_the_key_is_never_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    environ = {"VOLC_ACCESSKEY": "AKMARKED", "VOLC_SECRETKEY": "SKMARKED"}
    _, finding = api.key_found(environ)
    assert finding.verdict is Verdict.OK
    assert "MARKED" not in repr(finding)
    _, finding = api.key_found({})
    assert finding.verdict is Verdict.PROBLEM
    assert "VOLC_ACCESSKEY" in finding.advice


def test_another_dagster_home_is_pointed_out(tmp_path):
    assert machine.dagster_found(archive(tmp_path)).verdict is Verdict.OK
    finding = machine.dagster_found(archive(tmp_path, DAGSTER_HOME="/elsewhere"))
    assert finding.verdict is Verdict.WARNING


def test_an_api_that_is_not_there_is_one_problem(tmp_path):
    """Nothing listens on port 1; the key is then not tried as well."""
    environ = {
        "LIVESTATS_API_URL": "http://127.0.0.1:1",
        "VOLC_ACCESSKEY": "A",
        "VOLC_SECRETKEY": "S",
    }
    found = examine(archive(tmp_path, **environ), tmp_path)
    problems = [f for f in found if f.verdict is Verdict.PROBLEM and f.name != "disk"]
    assert [f.name for f in problems] == ["api"]
    assert "LIVESTATS_API_URL" in problems[0].advice


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
    assert [fresh.verdict, used.verdict] == [Verdict.OK, Verdict.OK]


@pytest.mark.parametrize(("seconds_ago", "verdict"), [(20, "ok"), (3600, "warning")])
def test_a_daemon_that_has_fallen_silent_is_told(with_history, seconds_ago, verdict):
    found, history = with_history
    beat(history, seconds_ago)
    (finding,) = schedule.daemon_found(found)
    assert finding.verdict == verdict
    assert "livestats ui" in finding.advice or verdict == "ok"


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
    assert finding.verdict is Verdict.WARNING
    assert "capture_what_is_due" in finding.text


def test_alarms_are_told_with_the_first_remedy(tmp_path):
    old = archive(
        tmp_path / "home", LIVESTATS_NOW=NOW.isoformat(), LIVESTATS_FIRST_DAY="2026-11-20"
    )
    assert schedule.alarms_found(old).verdict is Verdict.OK  # no archive yet
    old.home.prepare(old.settings, old.now())
    finding = schedule.alarms_found(old)
    assert finding.verdict is Verdict.WARNING
    assert "livestats alarms" in finding.advice


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
    assert finding.verdict is Verdict.OK


def test_an_action_that_the_key_may_not_call_is_a_problem():
    _, found = probed(denied=["DescribeLiveTopPlayData"])
    (finding,) = api.judged_permissions(found)
    assert finding.verdict is Verdict.PROBLEM
    assert "DescribeLiveTopPlayData" in finding.text
    assert "LIVEReadOnlyAccess" in finding.advice


def test_an_action_that_the_vendor_does_not_offer_names_the_datasets_to_switch_off():
    _, found = probed(withdrawn=["DescribeLiveEdgeStatData"])
    (finding,) = api.judged_permissions(found)
    assert finding.verdict is Verdict.WARNING
    assert 'off = ["edge_stat", "edge_stat_by_protocol", "edge_stat_by_region"]' in finding.advice


def test_an_account_without_domains_is_asked_what_can_be_asked():
    with Simulator(SMALL, rate=None) as simulator:
        settings = Settings(api_url=simulator.url)
        found = [*probes(settings, simulator.credentials, (), None, datetime.now(UTC))]
    assert [p.error for p in found if p.error] == []
