"""What somebody should be told about an archive: read from its files, without asking the API.

The list of alarms is `Kind`, and nothing else: commands, sensors and docs/recovery.md follow it.
"""

from __future__ import annotations

from resources.alarms.model import Alarm, Kind, grouped
from resources.alarms.standing import standing
from resources.alarms.telling import PRINTED, SENT, Change, tell

__all__ = ["PRINTED", "SENT", "Alarm", "Change", "Kind", "grouped", "standing", "tell"]
