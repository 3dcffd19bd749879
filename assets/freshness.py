"""How old what an asset holds may be, before Dagster's pages call it late and then stale."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from resources.monitoring.checks import OVERDUE

EVERY_DAY = dg.FreshnessPolicy.time_window(
    warn_window=OVERDUE, fail_window=OVERDUE + timedelta(days=1)
)
"""The schedule asks every dataset for something every day, and loads after that: late is what two
looks have passed over, as for alarms, and stale what two nights have."""
