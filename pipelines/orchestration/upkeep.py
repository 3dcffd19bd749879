"""What is tidied once a day: old runs of Dagster, an erasure that was broken off, answers that may be cold.

Not here: how runs are forgotten (run_retention.py), how an item is erased (pipelines/erase), how answers
are moved (pipelines/cold).
"""

# No `from __future__ import annotations` here: Dagster reads the annotations of these functions.

import dagster as dg

from pipelines.cold import run as cold
from pipelines.erase import run as erase
from pipelines.orchestration import start_status
from pipelines.orchestration.run_retention import KEEP_DAYS, forget_old_runs
from resources.archive import Archive

UPKEEP_JOB = "upkeep"


def upkeep_schedule(archive: Archive) -> dg.ScheduleDefinition:
    """Once a day, when captures are quiet."""

    @dg.op(name="forget_old_runs")
    def forget(context: dg.OpExecutionContext) -> None:
        found = forget_old_runs(context.instance)
        context.log.info(
            "%d runs forgotten, %d without their logs, %.1f MB freed",
            found.runs, found.shortened, found.bytes / 1e6,
        )  # fmt: skip

    @dg.op(name="finish_erasure")
    def finish(context: dg.OpExecutionContext) -> None:
        with archive.changing():
            done = erase.finish_pending(archive)
        if done is None:
            context.log.info("No erasure was broken off.")
        elif done.problems:
            raise dg.Failure(
                f"An erasure cannot be finished: {done.problems[0]} Then run `livestats erase`.",
                allow_retries=False,
            )
        else:
            context.log.info("The erasure that was broken off is finished.")

    @dg.op(name="move_cold_answers")
    def move(context: dg.OpExecutionContext) -> None:
        if not archive.settings.scale_cold or archive.home.identity is None:
            context.log.info("scale.cold is not set.")
            return
        done = cold.move(archive)
        said = f"{done.moved.files:,} files, {done.moved.bytes:,} bytes, moved to {done.place}"
        if done.problems:
            raise dg.Failure(
                f"{len(done.problems)} dataset-days stay here ({said}): {done.problems[0]}",
                allow_retries=False,
            )
        context.log.info(said)

    @dg.job(
        name=UPKEEP_JOB,
        description=f"Forgets runs that are older than {KEEP_DAYS} days; nothing of the archive "
        "depends on them. Finishes an erasure that was broken off. Moves the answers of old days to "
        "`scale.cold`, if that is set.",
    )
    def upkeep() -> None:
        forget()
        finish()
        move()

    return dg.ScheduleDefinition(
        name="forget_old_runs",
        job=upkeep,
        cron_schedule="40 3 * * *",
        execution_timezone=archive.settings.time_zone,
        default_status=start_status.of_schedules(archive.environ),
        description=f"Once a day: forgets runs that are older than {KEEP_DAYS} days, finishes an "
        "erasure that was broken off, and moves the answers of old days to `scale.cold`.",
    )
