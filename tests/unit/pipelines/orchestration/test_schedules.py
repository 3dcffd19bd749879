"""What runs by itself: the schedule asks the ledger, sensors load what was captured."""

from datetime import date, timedelta
from functools import partial

import dagster as dg
import pytest

from assets import lake
from pipelines.definitions import definitions
from pipelines.orchestration import schedules
from pipelines.planning.capture_plan import Chunk
from resources.api.catalog import DATASETS, DIMENSIONS
from resources.capture.session import capturer
from resources.ledger.states import State
from resources.simulator.manners import all_of
from tests.support.archives import NOW, SMALL, lab, no_wait

TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)
SOME = ("edge_stat", "batch_push_stream_metrics", "push_stream_info", "push_stream_metrics")
ON = {*SOME, *(d.name for d in DIMENSIONS)}


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """An archive of some datasets; nothing is captured in its own home."""
    folder = tmp_path_factory.mktemp("schedules")
    off = sorted(set(DATASETS) - ON)
    (folder / "livestats.toml").write_text(f"[datasets]\noff = {off}\n")
    with lab(folder / "home", SMALL) as found:
        yield found


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("resources.capture.session.capturer", partial(capturer, sleep=no_wait))


def tick(archive, history, at=NOW):
    """What the schedule asks for: run requests, or the reason for none."""
    repository = definitions(archive).get_repository_def()
    schedule = repository.get_schedule_def("capture_what_is_due")
    context = dg.build_schedule_context(
        instance=history, scheduled_execution_time=at, repository_def=repository
    )
    data = schedule.evaluate_tick(context)
    return data.run_requests or data.skip_message


def span(request):
    return request.tags[schedules.RANGE_START], request.tags[schedules.RANGE_END]


def names(request):
    return {key.path[-1] for key in request.asset_selection}


# The tick ----------------------------------------------------------------------------------------


def test_a_fresh_archive_asks_for_all_of_its_days(account, history):
    (request,) = tick(account.archive, history)
    assert span(request) == ("2026-11-18", "2026-11-21")
    assert names(request) == {*SOME}


def test_a_captured_archive_asks_for_nothing(account, history):
    found = account.beside("captured")
    days = [date(2026, 11, day) for day in range(18, 22)]
    found.capture(days, ON)
    assert tick(found.archive, history) == "Every day that can be asked for is captured."


@pytest.mark.slow
def test_young_days_are_asked_again_on_the_next_day(account, history):
    """And the day that has settled since then."""
    found = account.beside("young")
    found.capture([date(2026, 11, day) for day in range(18, 22)], ON)
    tomorrow = NOW + timedelta(days=1)
    later = found.with_(LIVESTATS_NOW=tomorrow.isoformat())
    requests = tick(later.archive, history, tomorrow)
    by_kind = {}
    for request in requests:
        by_kind.setdefault(request.tags["livestats/due"], []).append(request)
    assert {span(r) for r in by_kind["missing"]} == {("2026-11-22", "2026-11-22")}
    assert ("2026-11-20", "2026-11-21") in {span(r) for r in by_kind["again"]}
    assert all(
        config == {"config": {"again": True}}
        for r in by_kind["again"]
        for config in r.run_config["ops"].values()
    )


def test_days_that_expire_come_first_and_before_other_runs(account, history):
    year = account.with_(LIVESTATS_FIRST_DAY="")
    requests = tick(year.archive, history)
    priorities = [int(r.tags["dagster/priority"]) for r in requests]
    assert priorities == sorted(priorities, reverse=True)
    assert {0, 1} == set(priorities)
    assert "push_stream_info" in names(requests[0])


def test_nothing_is_asked_while_a_capture_is_under_way(account, history):
    run = dg.DagsterRun(job_name="capture", run_id="r", status=dg.DagsterRunStatus.STARTED)
    history.add_run(run)
    assert tick(account.archive, history) == "1 capture runs are still under way."


def test_equal_ticks_ask_for_equal_runs(account, history):
    """Dagster starts a run key once: a tick that is evaluated twice captures once."""
    first, second = (tick(account.archive, history) for _ in range(2))
    assert [r.run_key for r in first] == [r.run_key for r in second]
    next_tick = tick(account.archive, history, NOW + timedelta(hours=7))
    assert not {r.run_key for r in first} & {r.run_key for r in next_tick}


def test_run_keys_of_one_tick_differ(account, history):
    keys = [r.run_key for r in tick(account.with_(LIVESTATS_FIRST_DAY="").archive, history)]
    assert len(keys) == len(set(keys))


# Its runs ----------------------------------------------------------------------------------------


def execute(archive, request, history):
    """What the daemon does with a request, in this process."""
    job = definitions(archive).resolve_job_def("capture")
    return job.execute_in_process(
        instance=history,
        run_config={
            **request.run_config,
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        },
        tags=request.tags,
        asset_selection=[*request.asset_selection],
        raise_on_error=False,
    )


def test_the_runs_of_a_tick_capture_what_is_due(account, history):
    found = account.beside("executed").with_(LIVESTATS_FIRST_DAY=YESTERDAY.isoformat())
    for request in tick(found.archive, history):
        assert execute(found.archive, request, history).success
    states = {
        name: [line.state for line in found.archive.ledger(DATASETS[name], YESTERDAY, YESTERDAY)]
        for name in SOME
    }
    assert states.pop("push_stream_info") in ([State.CAPTURED], [State.EMPTY])
    assert set(map(tuple, states.values())) == {(State.CAPTURED,)}
    assert isinstance(tick(found.archive, history, NOW + timedelta(hours=1)), str)


def test_a_request_asks_again_only_for_its_datasets():
    chunk = Chunk(datasets=("edge_stat",), first=YESTERDAY, last=YESTERDAY, again=True)
    found = schedules.request(chunk, "t")
    assert found.run_config == {"ops": {"captures": {"config": {"again": True}}}}
    assert names(found) == {"edge_stat"}


@pytest.mark.slow
def test_a_run_asks_for_the_account_first_each_day(account, history):
    """The request names no dimension: the step of the captures asks for them by itself."""
    found = account.beside("dimensions").with_(LIVESTATS_FIRST_DAY=YESTERDAY.isoformat())
    (request,) = tick(found.archive, history)
    assert execute(found.archive, request, history).success
    for dimension in DIMENSIONS:
        event = history.get_latest_materialization_event(lake.key(dimension.name))
        rows = event.asset_materialization.metadata["dagster/row_count"].value
        assert rows > 0, dimension.name


@pytest.mark.slow
def test_a_list_of_domains_that_cannot_be_had_costs_no_day(account, history):
    """Yesterday's list serves as well; the run fails in the end, and says why."""
    found = account.beside("denied").with_(LIVESTATS_FIRST_DAY=YESTERDAY.isoformat())
    earlier = found.with_(LIVESTATS_NOW=(NOW - timedelta(days=1)).isoformat())
    earlier.capture([], [one.name for one in DIMENSIONS])
    (request,) = tick(found.archive, history)
    found.simulator.manners = all_of(["fault=internal@action=ListDomainDetail"])
    try:
        run = execute(found.archive, request, history)
    finally:
        found.simulator.manners = []
    (failure,) = [e for e in run.all_events if e.is_step_failure]
    told_of = failure.step_failure_data.user_failure_data.description
    assert told_of.startswith("1 days of domain are not captured: 2026-11-22: ListDomainDetail")
    lines = found.archive.ledger(DATASETS["edge_stat"], YESTERDAY, YESTERDAY)
    assert [line.state for line in lines] == [State.CAPTURED]


# The sensors -------------------------------------------------------------------------------------


def sense(archive, status, job_name="capture", selection=("lake/edge_stat",)):
    repository = definitions(archive).get_repository_def()
    sensor = repository.get_sensor_def(f"load_after_{status}")
    keys = frozenset(dg.AssetKey.from_user_string(key) for key in selection)
    run = dg.DagsterRun(job_name=job_name, run_id="r1", asset_selection=keys)
    with dg.DagsterInstance.ephemeral() as history:
        context = dg.build_run_status_sensor_context(
            sensor_name=sensor.name,
            dagster_instance=history,
            dagster_run=run,
            dagster_event=dg.DagsterEvent(f"PIPELINE_{status.upper()}", job_name),
        )
        return sensor(context)


@pytest.mark.parametrize("status", ["success", "failure"])
@pytest.mark.parametrize("job", ["capture", "__ASSET_JOB"], ids=["schedule", "by click"])
def test_what_a_run_captured_is_loaded_however_it_ended(account, status, job):
    """The finished days of a failed run are in the archive."""
    found = sense(account.archive, status, job)
    assert isinstance(found, dg.RunRequest)
    assert found.run_key == "load r1"


@pytest.mark.parametrize("status", ["success", "failure"])
@pytest.mark.parametrize(
    ("job", "selection"),
    [
        ("load", ("warehouse/edge_stat", "served/livestats")),
        ("__ASSET_JOB", ("served/livestats",)),
        ("upkeep", ()),
    ],
    ids=["a load", "a load by click", "upkeep"],
)
def test_nothing_is_loaded_after_other_runs(account, status, job, selection):
    assert isinstance(sense(account.archive, status, job, selection), dg.SkipReason)


def test_ticks_are_after_midnight_and_after_the_last_figures(account):
    """The last figures of a day are complete at 08:00 of the next, in the archive's zone."""
    repository = definitions(account.archive).get_repository_def()
    schedule = repository.get_schedule_def("capture_what_is_due")
    assert schedule.execution_timezone == "Asia/Shanghai"
    assert schedule.cron_schedule == "20 1,8 * * *"
