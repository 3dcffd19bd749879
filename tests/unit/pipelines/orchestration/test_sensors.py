"""Dagster's sensors that send alarms and failed runs."""

import dagster as dg
import pytest

from pipelines.definitions import definitions
from pipelines.orchestration import sensors as told
from tests.support.archives import lab
from tests.support.webhooks import robot


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("alarms") / "home") as found:
        yield found


@pytest.fixture
def account(simulated, tmp_path):
    """Two datasets of an account that was begun two days ago; nothing is captured."""
    fresh = simulated.with_(LIVESTATS_HOME=str(tmp_path / "home"), LIVESTATS_FIRST_DAY="2026-11-20")
    fresh = fresh.only("domain", "isp", "edge_stat", "top_play")
    fresh.archive.home.prepare(fresh.archive.settings, fresh.archive.now())
    return fresh


def test_the_sensor_tells_the_robot_and_says_what_stands(account, history):
    with robot() as (url, heard):
        archive = account.with_(LIVESTATS_ALERT_WEBHOOK=url).only("domain", "edge_stat").archive
        sensor = told.alarm_sensor(archive)
        for _ in range(2):
            context = dg.build_sensor_context(instance=history)
            tick = sensor.evaluate_tick(context)
    assert len(heard) == 1
    assert "gap edge_stat" in tick.skip_message


def test_both_sensors_are_on_where_ui_runs_dagster(account):
    repository = definitions(account.with_(LIVESTATS_SCHEDULES="run").archive).get_repository_def()
    for name in ("tell_alarms", "tell_failed_runs"):
        sensor = repository.get_sensor_def(name)
        assert sensor.default_status is dg.DefaultSensorStatus.RUNNING


def test_a_failed_run_is_told_with_its_reason(account, history):
    @dg.op
    def fails():
        raise dg.Failure("2 days of edge_stat are not captured", allow_retries=False)

    @dg.job
    def capture():
        fails()

    result = capture.execute_in_process(instance=history, raise_on_error=False)
    with robot() as (url, heard):
        archive = account.with_(LIVESTATS_ALERT_WEBHOOK=url).archive
        context = dg.build_run_status_sensor_context(
            sensor_name="tell_failed_runs",
            dagster_instance=history,
            dagster_run=result.dagster_run,
            dagster_event=result.get_run_failure_event(),
        ).for_run_failure()
        told.failure_sensor(archive)(context)
    assert "2 days of edge_stat are not captured" in heard[0]["text"]
