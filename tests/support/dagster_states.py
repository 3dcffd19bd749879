"""States of Dagster's schedules and sensors as a home has them."""

from __future__ import annotations

from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    GrpcServerCodeLocationOrigin,
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    SensorInstigatorData,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin


def state_of(
    location: str,
    name: str,
    *,
    cursor: str | None = None,
    is_running: bool = True,
    is_served: bool = True,
) -> InstigatorState:
    """The state of a sensor that has come to `cursor`, or of a schedule.

    Not `is_served`: of a daemon that loads the file itself, without a code server.
    """
    origin = (
        GrpcServerCodeLocationOrigin(host="localhost", socket="/c.sock", location_name=location)
        if is_served
        else ManagedGrpcPythonEnvCodeLocationOrigin(
            LoadableTargetOrigin(python_file="pipelines/definitions.py"), location
        )
    )
    return InstigatorState(
        RemoteRepositoryOrigin(origin, "__repository__").get_instigator_origin(name),
        InstigatorType.SENSOR if cursor else InstigatorType.SCHEDULE,
        InstigatorStatus.RUNNING if is_running else InstigatorStatus.STOPPED,
        SensorInstigatorData(cursor=cursor)
        if cursor
        else ScheduleInstigatorData("20 1 * * *", start_timestamp=1.0),
    )
