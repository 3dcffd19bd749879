"""Runs in the Dagster history of an archive, as a process leaves them that says no more."""

import dagster as dg
from dagster._core.utils import make_new_run_id

from pipelines.orchestration.instance import instance


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
