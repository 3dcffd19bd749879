"""Which alarms are new or over since the last message, kept in state/.

How a message is sent is the caller's: webhook, or print. Which alarms are active: checks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from resources.archive import Archive
from resources.fs import atomic
from resources.monitoring.checks import active_alarms
from resources.monitoring.model import Alarm

SENT = "alarms.json"
"""State of the alarms that were sent to the webhook."""

PRINTED = "alarms-printed.json"
"""State of the alarms that `livestats alarms --new` printed."""


@dataclass(frozen=True)
class AlarmChange:
    """What has changed since the last message."""

    new: Sequence[Alarm]
    gone: Sequence[str]  # keys


def notify_changes(
    archive: Archive, send: Callable[[AlarmChange], None], note: str = SENT
) -> list[Alarm]:
    """Send alarms that are new, worse or over since the last message; return all active ones.

    `note` is the file in state/ that remembers them. It is written after `send` returns: if that
    raises, the next call sends again.
    """
    now = active_alarms(archive)
    path = archive.home.state / note
    before = _sent(path)
    change = AlarmChange(
        new=[a for a in now if a.key not in before or a.mark > before[a.key]],
        gone=sorted(set(before) - {alarm.key for alarm in now}),
    )
    if change.new or change.gone:
        send(change)
        path.parent.mkdir(parents=True, exist_ok=True)
        marks = {"told": {alarm.key: alarm.mark for alarm in now}}
        atomic.write_atomically(path, json.dumps(marks, indent=1).encode())
    return now


def _sent(path: Path) -> dict[str, str]:
    """Marks of the alarms in the last message, by key."""
    try:
        return {str(key): str(mark) for key, mark in json.loads(path.read_bytes())["told"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}  # damaged: sending twice is better than not at all
