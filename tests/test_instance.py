"""Runs of command lines that were killed do not go on counting as running."""

import dagster as dg
import pytest
from dagster._core.utils import make_new_run_id

from pipelines.instance import COMMAND, PROCESS, instance, this_process
from resources.archive import Archive


@pytest.fixture
def archive(tmp_path):
    return Archive.open({"LIVESTATS_HOME": str(tmp_path / "home")}, tmp_path)


def begun(archive, **tags):
    """A run that the history takes for running."""
    run = dg.DagsterRun(
        job_name="backfill",
        run_id=make_new_run_id(),
        status=dg.DagsterRunStatus.STARTED,
        tags={key.replace("_", "/"): value for key, value in tags.items()},
    )
    with instance(archive) as history:
        history.add_run(run)
    return run.run_id


def status_of(archive, run_id):
    with instance(archive) as history:
        return history.get_run_by_id(run_id).status


HERE = this_process()
HOST, NUMBER, BEGAN = HERE.split(" ")


@pytest.mark.parametrize(
    ("process", "is_dead"),
    [
        (HERE, False),
        (f"{HOST} 999999999 1", True),  # no such process
        (f"{HOST} {NUMBER} 1", True),  # another one got its number since
        ("another-host 1 1", False),  # not for us to say
        ("", True),
    ],
    ids=["it lives", "it is gone", "its number is another's", "on another machine", "untold"],
)
def test_a_run_ends_with_its_process(process, is_dead, archive):
    tags = {COMMAND.replace("/", "_"): "backfill", PROCESS.replace("/", "_"): process}
    status = status_of(archive, begun(archive, **tags))
    assert (status is dg.DagsterRunStatus.FAILURE) is is_dead


def test_runs_of_the_daemon_are_left_to_the_daemon(archive):
    assert status_of(archive, begun(archive)) is dg.DagsterRunStatus.STARTED
