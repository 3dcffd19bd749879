"""Dagster shows what the ledger has: after kills, failures, revisions and work outside of it."""

from datetime import date, timedelta

import dagster as dg
import pytest

from assets import lake, marts, warehouse
from assets.checks import completeness
from assets.partitions import partitions_of
from pipelines.definitions import definitions
from pipelines.orchestration import ledger_sensor
from pipelines.orchestration.instance import instance
from pipelines.orchestration.ledger_sensor import Cursor
from resources.capture.capturer import Capturer, Outcome, Result
from resources.ledger.states import PARTIAL
from resources.simulator import LateData
from tests.support.archives import NOW, lab, moving

pytestmark = pytest.mark.slow

NAMES = ("domain", "isp", "stream_count", "source_traffic", "transcode_info")
DAYS = [date(2026, 11, day) for day in (18, 19, 20, 21)]
COUNT, SOURCE = lake.key("stream_count"), lake.key("source_traffic")


@pytest.fixture
def found(tmp_path):
    with lab(tmp_path / "home") as one:
        yield one.only(*NAMES)


@pytest.fixture
def history(found):
    with instance(found.archive) as opened:
        yield opened


class Daemon:
    """Evaluates the sensor as the daemon does, and writes its events."""

    def __init__(self, archive, history):
        self.archive, self.history, self.cursor = archive, history, None

    def tick(self):
        context = dg.build_sensor_context(instance=self.history, cursor=self.cursor)
        result = ledger_sensor.ledger_sensor(self.archive)(context)
        for event in result.asset_events:
            self.history.report_runless_asset_event(event)
        self.cursor = result.cursor
        return result.asset_events


@pytest.fixture
def daemon(found, history):
    return Daemon(found.archive, history)


def partitions(events):
    return sorted(
        (event.asset_key.path[-1], event.partition)
        for event in events
        if isinstance(event, dg.AssetMaterialization) and event.partition
    )


def statuses(found, history, key, days=DAYS):
    keys = [day.isoformat() for day in days]
    shown = history.get_status_by_partition(key, keys, partitions_of(found.archive)) or {}
    return [shown.get(one) and shown[one].name for one in keys]


def check_of(history, key, check=completeness.CHECK):
    record = history.get_latest_asset_check_evaluation_record(dg.AssetCheckKey(key, check))
    return record and record.event.dagster_event.event_specific_data


def begun(found, history, keys, days=DAYS):
    """A run of the page on a range of days, as the daemon starts it."""
    job = definitions(found.archive).resolve_job_def("capture").get_subset(asset_selection={*keys})
    return history.create_run_for_job(job, tags=span(days), asset_selection=frozenset(keys))


def executed(found, history, keys, days=DAYS):
    """A run to its end."""
    job = definitions(found.archive).resolve_job_def("capture")
    return job.execute_in_process(
        instance=history, asset_selection=[*keys], tags=span(days), raise_on_error=False
    )


def span(days):
    """Tags of a run on a range of days."""
    return {
        f"dagster/asset_partition_range_{end}": day.isoformat()
        for end, day in zip(("start", "end"), (*days[:1], *days[-1:]), strict=False)
    }


def test_an_archive_that_is_not_there_is_left_alone(found):
    empty = found.beside("other").archive
    with dg.DagsterInstance.ephemeral() as history:
        context = dg.build_sensor_context(instance=history)
        result = ledger_sensor.ledger_sensor(empty)(context)
    assert not result.asset_events
    assert not empty.home.root.exists()


def test_what_commands_capture_and_publish_is_shown(found, history, daemon):
    found.backfill(DAYS[2:])
    events = daemon.tick()
    assert partitions(events) == sorted(
        (name, day.isoformat())
        for name in ("stream_count", "source_traffic", "transcode_info")
        for day in DAYS[2:]
    )
    assert statuses(found, history, COUNT) == [None, None, "MATERIALIZED", "MATERIALIZED"]
    (event,) = [
        e for e in events if e.asset_key == COUNT and getattr(e, "partition", 0) == "2026-11-21"
    ]
    (line,) = [one for one in found.archive.whole_ledger("stream_count") if one.day == DAYS[3]]
    facts = {name: value.value for name, value in event.metadata.items()}
    assert facts["capture"] == line.capture
    assert facts["dagster/partition_row_count"] == line.rows
    assert facts["outcome"] == "captured"
    whole = {
        e.asset_key for e in events if isinstance(e, dg.AssetMaterialization) and not e.partition
    }
    assert {lake.key("domain"), *map(warehouse.key, NAMES), warehouse.SERVED} <= whole
    assert marts.key("dim_date") in whole
    checks = {(e.asset_key, e.check_name) for e in events if isinstance(e, dg.AssetCheckEvaluation)}
    assert (warehouse.SERVED, "level_with_lake") in checks
    assert check_of(history, COUNT).passed
    assert daemon.tick() == []


def test_what_a_run_of_dagsters_did_is_not_reported_again(found, history, daemon):
    assert executed(found, history, [lake.key("domain"), lake.key("isp")], ()).success
    assert executed(found, history, [COUNT, SOURCE], DAYS[2:]).success
    job = definitions(found.archive).resolve_job_def("load")
    assert job.execute_in_process(instance=history).success
    assert daemon.tick() == []
    assert check_of(history, COUNT).passed


def test_after_a_kill_and_a_good_backfill_every_complete_day_is_green(found, history, daemon):
    found.backfill(DAYS[:2])  # complete before
    daemon.tick()
    run = begun(found, history, [COUNT, SOURCE])
    history.handle_run_event(run.run_id, started(run))
    assert statuses(found, history, COUNT) == ["IN_PROGRESS"] * 4
    assert daemon.tick() == []  # never of a run that is under way
    history.report_run_failed(run, "its process is gone: it was killed")
    assert statuses(found, history, COUNT) == ["FAILED"] * 4
    found.backfill(DAYS[2:3])
    assert {day for _, day in partitions(daemon.tick())} == {d.isoformat() for d in DAYS[:3]}
    for key in (COUNT, SOURCE):
        assert statuses(found, history, key) == [*["MATERIALIZED"] * 3, "FAILED"]
        for check in (completeness.CHECK, lake.ANSWERS_HOLD):
            assert check_of(history, key, check).passed
    assert daemon.tick() == []
    found.backfill(DAYS[3:])
    daemon.tick()
    assert statuses(found, history, COUNT) == ["MATERIALIZED"] * 4


def started(run):
    return dg.DagsterEvent("PIPELINE_START", run.job_name, message="started")


def test_a_failed_dataset_paints_no_other_red(found, history, daemon, monkeypatch):
    found.backfill(DAYS[:2])
    daemon.tick()
    usual = Capturer.capture_all

    def one_fails(self, due, **more):
        for result in usual(self, due, **more):
            if result.dataset == "stream_count" and result.day == DAYS[3]:
                yield Result(dataset=result.dataset, day=result.day, outcome=Outcome.FAILED)
            else:
                yield result

    monkeypatch.setattr(Capturer, "capture_all", one_fails)
    assert not executed(found, history, [COUNT, SOURCE]).success
    assert statuses(found, history, SOURCE) == ["MATERIALIZED"] * 4
    assert statuses(found, history, COUNT) == [*["MATERIALIZED"] * 3, "FAILED"]
    daemon.tick()
    assert statuses(found, history, SOURCE) == ["MATERIALIZED"] * 4


def test_a_revision_is_reported_once(tmp_path):
    """The vendor restates usage of young days."""
    hours = [0]
    clock = moving(NOW)
    with lab(
        tmp_path / "home",
        late=LateData(settled_after=timedelta(days=2)),
        clock=lambda: clock() + timedelta(hours=hours[0]),
    ) as one:
        found = one.only(*NAMES)
        with instance(found.archive) as history:
            daemon = Daemon(found.archive, history)
            found.capture(DAYS[3:])
            daemon.tick()
            hours[0] = 72
            results = found.capture(DAYS[3:], again=True)
            revised = [
                r for r in results if r.outcome is Outcome.CAPTURED and r.dataset != "domain"
            ]
            assert revised
            told = partitions(daemon.tick())
            assert told == sorted((r.dataset, r.day.isoformat()) for r in revised)
            assert daemon.tick() == []


def test_lost_and_partial_days_fail_the_check_and_stay_as_they_are(found, history, daemon):
    found.backfill(DAYS[3:])
    folder = found.archive.home.raw / "stream_count" / "2026-11-20"
    folder.mkdir()
    (folder / PARTIAL).write_text("{}")
    later = found.with_(LIVESTATS_NOW="2026-11-22T13:00:00+08:00").only(*NAMES)
    daemon.archive = later.archive
    daemon.tick()
    verdict = check_of(history, COUNT)
    assert not verdict.passed
    assert verdict.severity is dg.AssetCheckSeverity.ERROR
    assert verdict.metadata["partial"].value == "2026-11-20"
    assert statuses(found, history, COUNT)[2] is None
    assert check_of(history, SOURCE).passed
    much_later = found.with_(LIVESTATS_NOW="2028-11-22T13:00:00+08:00").only(*NAMES)
    daemon.archive = much_later.archive
    daemon.tick()
    verdict = check_of(history, COUNT)
    assert not verdict.passed
    assert verdict.severity is dg.AssetCheckSeverity.WARN
    assert "2026-11-20" in verdict.metadata["lost"].value
    assert statuses(found, history, COUNT)[2] is None


def test_a_tick_reports_so_many_events_and_the_next_goes_on(found, daemon, monkeypatch):
    monkeypatch.setattr(ledger_sensor, "MOST_EVENTS", 5)
    found.capture(DAYS)
    told = []
    while events := daemon.tick():
        assert len(events) <= 5
        told += partitions(events)
    assert len(told) == len({*told}) == 3 * len(DAYS)


def test_a_tick_that_finds_nothing_new_does_not_read_the_history(found, daemon, monkeypatch):
    found.backfill(DAYS)
    daemon.tick()
    daemon.tick()
    monkeypatch.setattr(dg.DagsterInstance, "fetch_materializations", None)
    monkeypatch.setattr(dg.DagsterInstance, "get_status_by_partition", None)
    assert daemon.tick() == []


def test_once_a_week_everything_is_compared(found, history, daemon):
    found.backfill(DAYS)
    daemon.tick()
    history.wipe_assets([COUNT])
    assert daemon.tick() == []
    cursor = Cursor.parse(daemon.cursor)
    cursor.compared_at = (found.archive.now() - timedelta(days=8)).isoformat()
    daemon.cursor = cursor.text()
    assert partitions(daemon.tick()) == [("stream_count", day.isoformat()) for day in DAYS]


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"other": 1}', '{"compared_at": "x"}'])
def test_a_cursor_that_cannot_be_read_compares_everything(text):
    assert Cursor.parse(text) == Cursor()
