"""When things run by themselves: the ledger says what is due, schedules and sensors ask it."""

# No `from __future__ import annotations` here: Dagster reads the annotations of these functions.

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets import asset_keys, lake, log_files
from pipelines.orchestration import location, start_status
from pipelines.planning import capture_plan
from pipelines.planning.capture_plan import Chunk
from resources.archive import Archive
from resources.logs import states

CAPTURE_JOB, LOAD_JOB, LOG_JOB = "capture", "load", "log_files"

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"

_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def capture_schedule(job: Any, archive: Archive) -> dg.ScheduleDefinition:
    """Twice a day, after midnight and after the vendor's last figures of 08:00: all that is due."""

    @dg.schedule(
        name="capture_what_is_due",
        cron_schedule="20 1,8 * * *",
        execution_timezone=archive.settings.time_zone,
        job=job,
        default_status=start_status.of_schedules(archive.environ),
        description="Asks the ledger which days are missing, expiring ones first, and which are "
        "young enough to be asked again for late data.",
    )
    def capture_what_is_due(
        context: dg.ScheduleEvaluationContext,
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        under_way = context.instance.get_runs_count(
            dg.RunsFilter(job_name=CAPTURE_JOB, statuses=_UNDER_WAY, tags=location.tags())
        )
        if under_way:
            yield dg.SkipReason(f"{under_way} capture runs are still under way.")
            return
        chunks = capture_plan.what_is_due(archive)
        if not chunks:
            yield dg.SkipReason("Every day that can be asked for is captured.")
        tick = context.scheduled_execution_time.isoformat()
        for chunk in chunks:
            yield request(chunk, tick)

    return capture_what_is_due


def request(chunk: Chunk, tick: str) -> dg.RunRequest:
    """One run that captures a chunk. Its step asks for domains, carriers and regions by itself.

    They are no steps of the run: Dagster skips what depends on a step that failed, and yesterday's
    list of the domains serves as well.
    """
    kind = "again" if chunk.again else "missing"
    config = lake.again_config(*chunk.datasets) if chunk.again else {}
    return dg.RunRequest(
        run_key=f"{tick} {kind} {chunk.first} {chunk.last} {chunk.datasets[0]}",
        asset_selection=[lake.key(name) for name in chunk.datasets],
        run_config=config,
        tags={
            RANGE_START: chunk.first.isoformat(),
            RANGE_END: chunk.last.isoformat(),
            # The limit is one for each value where several accounts share an instance.
            "livestats/due": asset_keys.account() or kind,
            "dagster/priority": "1" if chunk.expiring else "0",
        },
    )


def log_schedule(archive: Archive) -> list[dg.ScheduleDefinition]:
    """Twice a day, after the captures: log files that are final, if the settings ask for them."""
    if not states.is_wanted(archive.settings):
        return []
    job = dg.define_asset_job(
        LOG_JOB,
        dg.AssetSelection.assets(log_files.KEY),
        description="Downloads the log files that are final and not kept.",
    )
    return [
        dg.ScheduleDefinition(
            name="keep_log_files",
            job=job,
            cron_schedule="50 2,10 * * *",
            execution_timezone=archive.settings.time_zone,
            default_status=start_status.of_schedules(archive.environ),
            description="Files grow for 24 hours after their hour, and are dropped after 31 days.",
        )
    ]


def load_sensor(status: dg.DagsterRunStatus, job: Any, archive: Archive) -> dg.SensorDefinition:
    """Load and publish after a run that captured something, however it ended."""

    @dg.run_status_sensor(
        run_status=status,
        name=f"load_after_{status.value.lower()}",
        request_job=job,
        default_status=start_status.of_sensors(archive.environ),
        description="Brings DuckDB level with the lake after a capture: also after a failed one, "
        "whose finished days are in the archive.",
    )
    def load_after(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        captured = {
            key
            for key in context.dagster_run.asset_selection or ()
            if asset_keys.layer_of(key) == "lake"
        }
        if not captured and context.dagster_run.job_name != CAPTURE_JOB:
            return dg.SkipReason("The run captured nothing.")
        return dg.RunRequest(run_key=f"load {context.dagster_run.run_id}")

    return load_after
