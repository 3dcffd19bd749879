"""What was told already, so that each alarm is told once, and once more when it is over."""

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
"""Note of what the webhook was told."""

PRINTED = "alarms-printed.json"
"""Note of what was printed for whoever mails it."""


@dataclass(frozen=True)
class AlarmChange:
    """Alarms since the last time somebody was told."""

    new: Sequence[Alarm]
    gone: Sequence[str]  # keys


def notify_changes(
    archive: Archive, send: Callable[[AlarmChange], None], note: str = SENT
) -> list[Alarm]:
    """Send what is new or gone since the last time, once; all that stands now.

    `note` names what was told, in state/: it is written only when `send` returns, so if that
    raises, the next look tries again.
    """
    now = active_alarms(archive)
    path = archive.home.state / note
    before = _told(path)
    change = AlarmChange(
        new=[a for a in now if a.key not in before or a.mark > before[a.key]],
        gone=sorted(set(before) - {alarm.key for alarm in now}),
    )
    if change.new or change.gone:
        send(change)
        path.parent.mkdir(parents=True, exist_ok=True)
        marks = {"told": {alarm.key: alarm.mark for alarm in now}}
        atomic.write_whole(path, json.dumps(marks, indent=1).encode())
    return now


def _told(path: Path) -> dict[str, str]:
    """Marks of the alarms that stood at the last look, by their keys."""
    try:
        return {str(key): str(mark) for key, mark in json.loads(path.read_bytes())["told"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}  # damaged: better told twice than never
