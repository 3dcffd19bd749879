"""The weekly verification."""

import dagster as dg
import pytest

from pipelines.orchestration.verify_job import verify_schedule
from resources.archive import Archive
from resources.config import Settings
from resources.home.layout import Home
from tests.support.archives import NOW

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture
def archive(tmp_path):
    environ = {"LIVESTATS_HOME": str(tmp_path / "home"), "LIVESTATS_NOW": NOW.isoformat()}
    return Archive.open(environ, tmp_path)


def run(archive):
    schedule = verify_schedule(archive)
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    return schedule.job.execute_in_process(run_config=QUIET, raise_on_error=False)


def test_an_archive_that_is_not_there_and_one_that_is_whole_pass(archive):
    assert run(archive).success
    Home(archive.home.root).prepare(Settings(), NOW)
    assert run(Archive.open(archive.environ, archive.home.root.parent)).success


def test_damage_fails_the_run_and_is_named(archive):
    Home(archive.home.root).prepare(Settings(), NOW)
    (archive.home.raw / "no dataset").mkdir(parents=True)
    result = run(Archive.open(archive.environ, archive.home.root.parent))
    (failure,) = [e for e in result.all_events if e.is_step_failure]
    assert "no dataset" in failure.step_failure_data.error.message + str(
        failure.step_failure_data.user_failure_data
    )
