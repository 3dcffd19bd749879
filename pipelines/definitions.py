"""What Dagster loads: the graph of this home, its jobs, schedule and sensors."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

from assets import asset_keys
from pipelines.orchestration.asset_graph import all_assets
from pipelines.orchestration.dagster_internals import log_to_root
from pipelines.orchestration.ledger_sensor import ledger_sensor
from pipelines.orchestration.schedules import (
    CAPTURE_JOB,
    LOAD_JOB,
    capture_schedule,
    load_sensor,
    log_schedule,
)
from pipelines.orchestration.sensors import alarm_sensor, failure_sensor
from pipelines.orchestration.upkeep import upkeep_schedule
from pipelines.orchestration.verify_job import verify_schedule
from resources.api import json_log
from resources.archive import Archive


def definitions(archive: Archive) -> dg.Definitions:
    """The graph of `archive` with everything that makes it run."""
    assets = all_assets(archive)
    lake = dg.AssetSelection.key_prefixes(asset_keys.parts("lake"))
    capture = dg.define_asset_job(
        CAPTURE_JOB, lake, description="Asks the API for days of datasets and keeps the answers."
    )
    load = dg.define_asset_job(
        LOAD_JOB,
        dg.AssetSelection.key_prefixes(*map(asset_keys.parts, ("warehouse", "marts", "served"))),
        description="Brings the DuckDB tables level with the lake, the marts with the tables, and "
        "makes the served copy.",
    )
    ends = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE)
    return dg.Definitions(
        assets=assets,
        jobs=[capture, load],
        schedules=[
            capture_schedule(capture, archive),
            upkeep_schedule(archive),
            verify_schedule(archive),
            *log_schedule(archive),
        ],
        sensors=[
            *(load_sensor(status, load, archive) for status in ends),
            alarm_sensor(archive),
            failure_sensor(archive),
            ledger_sensor(archive),
        ],
        resources={"archive": archive},
        # One process for all steps: on a small machine the default, a fresh interpreter for each
        # step, costs several times more than the work itself.
        executor=dg.in_process_executor,
    )


# Relative paths in the settings mean the folder of the checkout, wherever Dagster was started.
# A cut that cannot be is left out with an alarm: it must not stop the capture of all else.
if json_log.is_wanted(os.environ):
    json_log.switch_on()
    log_to_root()
_HERE = Path(__file__).resolve().parent.parent
defs = definitions(Archive.open(os.environ, _HERE, leave_out_broken_cuts=True))
