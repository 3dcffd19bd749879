"""Alarms of an archive, derived from its files without calling the API.

Every alarm is one of `AlarmKind`; docs/recovery.md has a section for each. Who sends them is in
pipelines (the command, the sensors). Begin with checks.
"""

from __future__ import annotations

from resources.monitoring.checks import active_alarms
from resources.monitoring.model import Alarm, AlarmKind, grouped
from resources.monitoring.notify import PRINTED, SENT, AlarmChange, notify_changes

__all__ = [
    "PRINTED",
    "SENT",
    "Alarm",
    "AlarmChange",
    "AlarmKind",
    "active_alarms",
    "grouped",
    "notify_changes",
]
