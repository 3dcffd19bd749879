"""Every alarm of docs/recovery.md is provoked, what the page says is done, and the alarm is over."""

import os
import shutil
import time
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import dagster as dg
import pytest

from pipelines.orchestration import sensors as told
from pipelines.orchestration.verify_job import VERIFY_JOB, verify_schedule
from resources import monitoring
from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.capture.session import capturer
from resources.lake import parquet
from resources.monitoring import AlarmKind
from resources.simulator import Account, LateData, api
from tests.support.archives import DAYS, SMALL, failures, lab, no_wait
from tests.support.false_empty import emptied
from tests.support.recovery_page import (
    NAMES,
    commands,
    copied,
    follow,
    headings,
    keeping,
    later,
    run,
    served_account,
)
from tests.support.webhooks import robot

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Retries do not wait."""
    monkeypatch.setattr("resources.capture.session.capturer", partial(capturer, sleep=no_wait))


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    """Two days of two datasets, captured and served; the archive begins with them."""
    with served_account(tmp_path_factory.mktemp("recovery")) as found:
        yield found


@pytest.fixture
def account(captured, tmp_path):
    """A copy of it, to harm."""
    return copied(captured, tmp_path)


def stand(account, kind):
    """The alarms of that kind that stand now."""
    return [alarm for alarm in monitoring.active_alarms(account.archive) if alarm.kind is kind]


def tick(account):
    """The daemon looks for alarms."""
    with dg.DagsterInstance.ephemeral() as history:
        context = dg.build_sensor_context(instance=history)
        told.alarm_sensor(account.archive).evaluate_tick(context)


def test_the_page_names_the_alarms_that_there_are_in_their_order():
    assert headings("Alarms") == [str(kind) for kind in AlarmKind]


@pytest.mark.parametrize("kind", AlarmKind)
def test_the_test_of_every_alarm_is_here(kind):
    assert f"test_{kind}" in {name.partition("_is_")[0] for name in globals() if "_is_" in name}


def test_a_sound_archive_has_none(captured):
    assert monitoring.active_alarms(captured.archive) == []


def test_disk_is_told_before_it_is_full_and_over_when_there_is_room(account, monkeypatch):
    real = shutil.disk_usage

    def nearly_full(path):
        return real(path)._replace(free=900_000_000)

    with monkeypatch.context() as patched:
        patched.setattr("resources.monitoring.disk_space.shutil.disk_usage", nearly_full)
        (alarm,) = stand(account, AlarmKind.DISK)
        assert "0.9 GB are free" in alarm.text
        assert "0.9 GB free" in follow(account, "disk")
        assert stand(account, AlarmKind.DISK)
    assert stand(account, AlarmKind.DISK) == []


def test_disk_is_measured_by_the_captures_of_the_last_week(account, monkeypatch):
    """Room for a load and a month like this week is enough, and a byte less is not."""
    from resources.monitoring import disk_space

    found = disk_space.look(account.archive)
    week = found.month * 7 // 30
    assert week > 0
    for less, is_tight in ((0, False), (1, True)):
        usage = shutil.disk_usage(account.root)._replace(free=found.load + found.month - less)
        monkeypatch.setattr(
            "resources.monitoring.disk_space.shutil.disk_usage", lambda _, usage=usage: usage
        )
        assert disk_space.look(account.archive).is_tight is is_tight


def test_expiring_is_over_when_the_days_are_here(captured, tmp_path):
    """361 days later; the simulator's clock goes along."""
    now = captured.archive.now() + timedelta(days=361)
    environ = {"LIVESTATS_FIRST_DAY": str(DAYS[0]), "LIVESTATS_NOW": now.isoformat()}
    with lab(tmp_path / "home", SMALL, now=now, environ=environ) as grown:
        found = keeping(grown, "domain", "isp", "top_play")
        found.archive.home.prepare(found.archive.settings, found.archive.now())
        # Only what expires is of interest; the rest of the year is a gap.
        run(found, f"livestats backfill --from {DAYS[1]} --to {DAYS[1]}")
        (alarm,) = stand(found, AlarmKind.EXPIRING)
        assert "2026-11-20" in alarm.text
        recent = found.with_(LIVESTATS_FIRST_DAY=str(DAYS[0]))
        for line in commands("expiring"):
            assert run(recent, f"{line} --from {DAYS[0]} --to 2026-11-26").exit_code == 0
        assert stand(found, AlarmKind.EXPIRING) == []


def test_lost_is_said_for_four_days_and_nothing_brings_it_back(captured, tmp_path):
    forgotten = DAYS[0] + timedelta(days=368)
    now = f"{forgotten}T12:00:00+08:00"
    fresh = captured.with_(LIVESTATS_HOME=str(tmp_path / "home"), LIVESTATS_NOW=now)
    fresh = keeping(fresh, "domain", "edge_stat")
    fresh.archive.home.prepare(fresh.archive.settings, fresh.archive.now())
    (alarm,) = stand(fresh, AlarmKind.LOST)
    assert "2026-11-20" in alarm.text
    said = follow(fresh, "lost")
    assert "lost" in said
    gone = later(fresh, days=5)
    assert all("2026-11-20" not in alarm.text for alarm in stand(gone, AlarmKind.LOST))


def test_failed_is_told_with_its_reason_and_a_backfill_goes_on_from_there(account, tmp_path):
    """A run of the schedule, while one action is denied."""
    fresh = keeping(account.with_(LIVESTATS_HOME=str(tmp_path / "fresh")), *NAMES)
    fresh.archive.home.prepare(fresh.archive.settings, fresh.archive.now())
    from pipelines.definitions import definitions

    service = fresh.simulator._service
    with robot() as (url, heard):
        archive = fresh.with_(LIVESTATS_ALERT_WEBHOOK=url).archive
        service.denied = frozenset({"DescribeLiveTopPlayData"})
        try:
            failed_run(definitions(archive), archive)
        finally:
            service.denied = frozenset()
    (message,) = heard
    assert "[failed] run" in message["text"]
    assert "days of top_play are not captured" in message["text"]
    assert "DescribeLiveTopPlayData" in message["text"]
    assert "Complete: all that was asked for is in the archive" in follow(fresh, "failed")


def failed_run(defs, archive):
    """Run the capture job, and have the sensor told of it."""
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    days = {
        "dagster/asset_partition_range_start": str(DAYS[0]),
        "dagster/asset_partition_range_end": str(DAYS[1]),
    }
    with dg.DagsterInstance.ephemeral() as history:
        result = defs.resolve_job_def("capture").execute_in_process(
            instance=history, run_config=quiet, tags=days, raise_on_error=False
        )
        context = dg.build_run_status_sensor_context(
            sensor_name="tell_failed_runs",
            dagster_instance=history,
            dagster_run=result.dagster_run,
            dagster_event=result.get_run_failure_event(),
        ).for_run_failure()
        told.failure_sensor(archive)(context)


def test_silent_is_over_when_the_daemon_looks_again(account):
    tick(account)
    tomorrow = later(account, hours=30)
    hours_ago = time.time() - 5 * 3600
    os.utime(account.root / "state" / "looked", (hours_ago, hours_ago))
    assert stand(account, AlarmKind.SILENT) == []  # every day is here: somebody else captures
    (alarm,) = stand(tomorrow, AlarmKind.SILENT)
    assert "5 hours" in alarm.text
    assert "systemctl restart livestats-daemon" in commands("silent")
    tick(tomorrow)
    assert stand(tomorrow, AlarmKind.SILENT) == []


def test_silent_is_over_when_cron_does_its_work(account):
    """Whoever has tried `livestats ui` once, and captures by cron, is not told for ever."""
    tick(account)
    hours_ago = time.time() - 5 * 3600
    os.utime(account.root / "state" / "looked", (hours_ago, hours_ago))
    tomorrow = later(account, hours=30)
    assert stand(tomorrow, AlarmKind.SILENT)
    follow(tomorrow, "silent")
    assert stand(tomorrow, AlarmKind.SILENT) == []


def test_silent_is_not_said_where_there_was_never_a_daemon(captured, tmp_path):
    fresh = captured.with_(LIVESTATS_HOME=str(tmp_path / "home"))
    fresh.archive.home.prepare(fresh.archive.settings, fresh.archive.now())
    assert stand(fresh, AlarmKind.GAP)
    assert stand(fresh, AlarmKind.SILENT) == []


def test_gap_is_told_with_what_was_missing_and_over_after_a_backfill(account):
    next_day = later(account, days=2)
    service = account.simulator._service
    service.denied = frozenset({"DescribeLiveEdgeStatData"})
    try:
        run(next_day, "livestats backfill")
    finally:
        service.denied = frozenset()
    (alarm,) = stand(next_day, AlarmKind.GAP)
    assert (alarm.subject, "2026-11-22" in alarm.text) == ("edge_stat", True)
    assert "refused with" in alarm.text
    assert "DescribeLiveEdgeStatData" in alarm.text
    follow(next_day, "gap")
    assert stand(next_day, AlarmKind.GAP) == []


def test_suspect_is_over_when_it_is_accepted(tmp_path, monkeypatch):
    monkeypatch.setattr(api, "ANSWERERS", emptied("DescribeLiveEdgeStatData"))
    environ = {"LIVESTATS_FIRST_DAY": str(DAYS[1])}
    with lab(tmp_path / "home", SMALL, environ=environ) as new:
        found = keeping(new, *NAMES, "batch_stream_session", "push_stream_info")
        assert run(found, "livestats backfill").exit_code == 1
        (alarm,) = stand(found, AlarmKind.SUSPECT)
        assert (alarm.subject, str(DAYS[1]) in alarm.text) == ("edge_stat", True)
        said = follow(found, "suspect", {"NAME": "edge_stat", "DAY": str(DAYS[1])})
        assert "Suspect (other datasets" in said
        assert stand(found, AlarmKind.SUSPECT) == []


def weekly(account):
    """What the schedule does on Sundays: whether the run succeeded, and what it said."""
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    job = verify_schedule(account.archive).job
    with dg.DagsterInstance.ephemeral() as history:
        result = job.execute_in_process(instance=history, run_config=quiet, raise_on_error=False)
    assert result.dagster_run.job_name == VERIFY_JOB
    errors = [e.step_failure_data.error for e in result.all_events if e.is_step_failure]
    return result.success, "".join(error.to_string() for error in errors)


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_damage_is_found_by_the_schedule_and_over_when_it_is_mended(account):
    assert weekly(account) == (True, "")
    path = parquet.path_of(account.archive.home.lake, "edge_stat", DAYS[0])
    flip(path)
    assert stand(account, AlarmKind.DAMAGE) == []  # nobody has looked
    succeeded, said = weekly(account)
    assert not succeeded
    assert str(path) in said
    (alarm,) = stand(account, AlarmKind.DAMAGE)
    assert "lake/edge_stat/day=2026-11-20" in alarm.text
    follow(account, "damage")
    assert stand(account, AlarmKind.DAMAGE) == []
    assert weekly(account) == (True, "")


def test_damage_is_not_what_is_only_not_loaded_yet(account):
    """The schedule may look between a capture and its load; a copy that stays behind is told."""
    next_day = later(account, days=1)
    assert failures(next_day.capture([date(2026, 11, 22)], NAMES)) == []
    assert run(next_day, "livestats verify").exit_code == 1
    assert stand(next_day, AlarmKind.DAMAGE) == []
    assert weekly(next_day) == (True, "")


def test_damage_is_over_when_its_days_alone_are_verified_again(account):
    """An archive of years is not read for one file."""
    files = [parquet.path_of(account.archive.home.lake, "edge_stat", day) for day in DAYS]
    for path in files:
        flip(path)
    assert run(account, "livestats verify").exit_code == 1
    assert run(account, "livestats replay --dataset edge_stat").exit_code == 0
    of_one = f"--dataset edge_stat --from {DAYS[0]} --to {DAYS[0]}"
    assert run(account, f"livestats verify {of_one}").exit_code == 0
    (alarm,) = stand(account, AlarmKind.DAMAGE)
    assert "2026-11-21" in alarm.text
    assert "more" not in alarm.text
    assert run(account, "livestats verify --dataset top_play").exit_code == 0
    assert stand(account, AlarmKind.DAMAGE)  # that was not looked at


def test_damage_is_over_when_a_capture_was_asked_again(account):
    """Without a backup: the page's last sentence."""
    (capture,) = (account.archive.home.raw / "edge_stat" / str(DAYS[0])).glob("2*")
    (answers,) = capture.glob("responses*")
    flip(answers)
    assert run(account, "livestats verify").exit_code == 1
    assert stand(account, AlarmKind.DAMAGE)
    capture.rename(account.root.parent / "damaged")
    assert (
        run(account, f"livestats backfill --force --from {DAYS[0]} --to {DAYS[0]}").exit_code == 0
    )
    assert run(account, "livestats verify").exit_code == 0
    assert stand(account, AlarmKind.DAMAGE) == []


def test_cut_is_told_and_all_else_goes_on(account):
    file = account.root.parent / "livestats.toml"
    off = file.read_text("utf-8")
    odd = '[cut.odd]\nendpoint = "DescribeLiveEdgeStatData"\nwidth_s = 7\n'
    file.write_text(off + odd, "utf-8")
    left_out = Archive.open(
        account.archive.environ, account.root.parent, leave_out_broken_cuts=True
    )
    (alarm,) = [a for a in monitoring.active_alarms(left_out) if a.kind is AlarmKind.CUT]
    assert (alarm.subject, "width_s = 7" in alarm.text) == ("cut.odd", True)
    assert left_out.settings.datasets == account.archive.settings.datasets
    file.write_text(off, "utf-8")
    follow(account, "cut")
    assert stand(account, AlarmKind.CUT) == []


def test_outdated_is_over_after_a_replay(account, monkeypatch):
    monkeypatch.setattr(parquet, "SCHEMA_VERSION", parquet.SCHEMA_VERSION + 1)
    assert [alarm.subject for alarm in stand(account, AlarmKind.OUTDATED)] == [
        "edge_stat",
        "top_play",
    ]
    follow(account, "outdated")
    assert stand(account, AlarmKind.OUTDATED) == []


def without(dataset, name):
    """The catalog's entry as it was before the vendor added a field."""
    (level,) = dataset.endpoint.rows.levels
    fields = tuple(field for field in level.fields if field.name != name)
    rows = replace(dataset.endpoint.rows, levels=(replace(level, fields=fields),))
    return replace(dataset, endpoint=replace(dataset.endpoint, rows=rows))


def test_schema_is_told_for_a_new_field_and_over_once_the_catalog_has_it(account, tmp_path):
    fresh = keeping(account.with_(LIVESTATS_HOME=str(tmp_path / "fresh")), *NAMES)
    fresh.archive.home.prepare(fresh.archive.settings, fresh.archive.now())
    fresh.capture(DAYS, ("domain", "isp", "edge_stat"))
    earlier = without(DATASETS["top_play"], "AvgBandwidth")
    with fresh.capturing() as one:
        assert failures(one.capture(earlier, DAYS)) == []
    (alarm,) = stand(fresh, AlarmKind.SCHEMA)
    assert (alarm.subject, "AvgBandwidth" in alarm.text) == ("top_play", True)
    follow(fresh, "schema")
    assert stand(fresh, AlarmKind.SCHEMA) == []
    assert fresh.rows("SELECT count(*) FROM top_play WHERE avg_bandwidth_mbps > 0") != [(0,)]


def test_disagreement_is_over_once_the_late_data_is_here(tmp_path):
    """The rankings of the morning are settled, the bandwidth of the night is not."""
    names = ("domain", "isp", "edge_stat", "edge_stat_by_region")
    environ = {"LIVESTATS_FIRST_DAY": str(DAYS[1])}
    account = Account(domains=1, streams_per_domain=2, deleted=0)
    late = LateData(settled_after=timedelta(days=30), factor=0.9)
    with lab(tmp_path / "home", account, late=late, environ=environ) as young:
        assert failures(young.capture(DAYS[1:], ("domain", "isp", "edge_stat"))) == []
    with lab(tmp_path / "home", account, environ=environ) as later_on:
        settled = keeping(later_on, *names)
        settled.backfill(DAYS[1:])
        found = stand(settled, AlarmKind.DISAGREEMENT)
        assert "edge_requests_of_regions" in {alarm.subject for alarm in found}
        said = follow(settled, "disagreement", {"DAY": str(DAYS[1])})
        assert "edge_requests_of_regions" in said
        assert stand(settled, AlarmKind.DISAGREEMENT) == []


def test_behind_is_over_once_it_is_published(account):
    next_day = later(account, days=1)
    assert failures(next_day.capture([date(2026, 11, 22)], NAMES)) == []
    hours_ago = time.time() - 3 * 3600
    for path in account.archive.home.lake.rglob(parquet.FILE):
        os.utime(path, (hours_ago, hours_ago))
    assert stand(next_day, AlarmKind.BEHIND)
    follow(next_day, "behind")
    assert stand(next_day, AlarmKind.BEHIND) == []
