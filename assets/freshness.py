"""Freshness policy of assets: the age at which Dagster shows a warning, then an error.

Not here: alarms (resources/monitoring). Read next: lake.py.
"""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from resources.monitoring.checks import OVERDUE

EVERY_DAY = dg.FreshnessPolicy.time_window(
    warn_window=OVERDUE, fail_window=OVERDUE + timedelta(days=1)
)
"""The schedule captures and loads every dataset once a day. The warning window is that of the alarms,
the failure window one day longer."""
