"""The asset does what the command does, and fails while a file lacks."""

from __future__ import annotations

import dagster as dg

from assets.log_files import KEY, log_assets
from pipelines.definitions import definitions
from pipelines.orchestration.schedules import LOG_JOB, log_schedule
from tests.support.log_files import SECRET, downloads, files_of, log_lab

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run(account):
    made = definitions(account.archive)
    job = made.resolve_job_def(LOG_JOB)
    return job.execute_in_process(run_config=QUIET, raise_on_error=False)


def test_it_downloads_what_lacks_and_fails_while_a_file_does(tmp_path):
    with log_lab(tmp_path, manners=["file-status=404@domain=pull-1.sim.example"]) as account:
        result = run(account)
        assert not result.success
        (failure,) = [e for e in result.all_events if e.is_step_failure]
        assert "answered 404" in str(failure.step_failure_data)
        account.simulator.manners = []
        result = run(account)
        assert result.success
        (made,) = result.asset_materializations_for_node("logs__log_files")
        assert made.metadata["files"].value == len(files_of(account))
        assert not any(SECRET.decode() in str(event) for event in result.all_events)
        before = downloads(account)
        assert run(account).success
        assert downloads(account) == before


def test_there_is_none_where_only_the_list_is_wanted(tmp_path):
    with log_lab(tmp_path, files="list") as account:
        assert log_assets(account.archive) == []
        assert log_schedule(account.archive) == []
        keys = definitions(account.archive).resolve_asset_graph().get_all_asset_keys()
        assert KEY not in keys
        wanted = account.set(log_files="keep").archive
        (schedule,) = log_schedule(wanted)
        assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
