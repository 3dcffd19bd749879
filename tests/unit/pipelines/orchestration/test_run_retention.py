"""Dagster's history stays small, and what was captured stays shown."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from assets import lake
from pipelines.definitions import definitions
from pipelines.orchestration import run_retention
from pipelines.orchestration.asset_graph import all_assets
from pipelines.orchestration.instance import instance
from pipelines.orchestration.upkeep import UPKEEP_JOB
from resources.api.catalog import DIMENSIONS
from tests.support.archives import DAYS, SMALL, contents, lab

# Runs that Dagster shows; the archive rests on none of them.
pytestmark = pytest.mark.slow

FIRST, LAST = DAYS
LATER = datetime.now(UTC) + timedelta(days=40)


def run(found, day, *, again=False):
    """A run of Dagster in this process that captures the account and a day of edge_stat."""
    keys = [lake.key(name) for name in (*(d.name for d in DIMENSIONS), "edge_stat")]
    job = dg.define_asset_job("capture_a_day", selection=keys)
    whole = dg.Definitions(
        assets=all_assets(found.archive), jobs=[job], resources={"archive": found.archive}
    )
    with instance(found.archive) as history:
        result = whole.resolve_job_def("capture_a_day").execute_in_process(
            instance=history,
            partition_key=day.isoformat(),
            run_config=lake.again_config("edge_stat") if again else {},
        )
    assert result.success


@pytest.fixture(scope="module")
def worked(tmp_path_factory):
    """One day captured, then asked again: the first capture's events have successors."""
    with lab(tmp_path_factory.mktemp("upkeep") / "home", SMALL) as found:
        run(found, FIRST)
        run(found, FIRST, again=True)
        yield found


@pytest.fixture
def history(worked):
    with instance(worked.archive) as found:
        yield found


def runs_on_disk(found):
    folder = found.archive.home.dagster
    events = {p.name for p in (folder / "history" / "runs").glob("*.db")} - {"index.db"}
    return len(events), len(list((folder / "storage").iterdir()))


def shown_days(history):
    return history.get_materialized_partitions(lake.key("edge_stat"))


# In order: the last test of these four forgets.


def test_young_runs_are_kept(worked, history):
    before = runs_on_disk(worked)
    assert run_retention.forget_old_runs(history) == run_retention.Forgotten()
    assert runs_on_disk(worked) == before
    assert history.get_runs_count() == before[0]


@pytest.mark.parametrize("days", [0, -1])
def test_less_than_a_day_is_refused(history, days):
    with pytest.raises(ValueError, match="at least 1"):
        run_retention.forget_old_runs(history, days)


def test_old_runs_go_and_what_they_brought_is_still_shown(worked, history):
    archived = contents(worked.archive.home.raw, worked.archive.home.lake)
    before = history.get_runs_count()
    found = run_retention.forget_old_runs(history, 30, LATER)
    assert found.runs + found.shortened == before
    assert found.runs >= 1
    assert found.bytes > 0
    assert history.get_runs_count() == found.shortened
    assert runs_on_disk(worked) == (0, 0)
    assert shown_days(history) == {FIRST.isoformat()}
    for name in ("edge_stat", *(d.name for d in DIMENSIONS)):
        assert history.get_latest_materialization_event(lake.key(name)) is not None
    assert contents(worked.archive.home.raw, worked.archive.home.lake) == archived


def test_forgetting_again_finds_nothing(history):
    assert run_retention.forget_old_runs(history, 30, LATER) == run_retention.Forgotten()


def test_the_archive_goes_on_after_that(worked, history):
    run(worked, LAST)
    assert shown_days(history) == {FIRST.isoformat(), LAST.isoformat()}


def test_runs_under_way_are_kept(history):
    history.add_run(dg.DagsterRun("capture", run_id="x", status=dg.DagsterRunStatus.STARTED))
    run_retention.forget_old_runs(history, 30, LATER)
    assert history.get_run_by_id("x") is not None
    history.delete_run("x")


def test_the_daily_job_does_it_too(worked, history):
    job = definitions(worked.archive).resolve_job_def(UPKEEP_JOB)
    assert job.execute_in_process(instance=history).success
