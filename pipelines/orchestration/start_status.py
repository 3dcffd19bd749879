"""Whether schedules and sensors start by themselves: where `livestats ui` runs Dagster, they do.

Elsewhere (`dagster dev` in a checkout, a Dagster of one's own) they are off until somebody switches
them on: nobody's key is used for a year's backfill unasked. Not here: what they do (schedules.py).
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from resources.config.loader import SCHEDULES_VARIABLE

RUN = "run"
"""Value of SCHEDULES_VARIABLE that switches them on."""


def of_schedules(environ: Mapping[str, str]) -> dg.DefaultScheduleStatus:
    """The status of a schedule that nobody has switched on or off."""
    status = dg.DefaultScheduleStatus
    return status.RUNNING if environ.get(SCHEDULES_VARIABLE) == RUN else status.STOPPED


def of_sensors(environ: Mapping[str, str]) -> dg.DefaultSensorStatus:
    """The same for a sensor."""
    status = dg.DefaultSensorStatus
    return status.RUNNING if environ.get(SCHEDULES_VARIABLE) == RUN else status.STOPPED
