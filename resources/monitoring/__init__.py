"""What somebody should be told about an archive: read from its files, without asking the API.

The list of alarms is `Kind`, and nothing else: commands, sensors and docs/recovery.md follow it.
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
