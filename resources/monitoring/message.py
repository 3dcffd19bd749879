"""The text of a change of alarms, and sending it to the webhook.

Here: what people read in the chat group. Not here: which alarms there are (checks.py), what changed
since the last look (notify.py) and how hosts take a message (webhook.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from resources.monitoring import webhook
from resources.monitoring.model import grouped
from resources.monitoring.notify import AlarmChange


def message(change: AlarmChange, home: str) -> str:
    """What is new, what to do about it, and what is over; for people."""
    lines = [f"livestats {home}"]
    for alarm in grouped(change.new):
        lines += [f"[{alarm.kind}] {alarm.subject}: {alarm.text}", f"  -> {alarm.remedy}"]
    over: dict[str, list[str]] = {}
    for key in change.gone:
        kind, _, subject = key.partition(" ")
        over.setdefault(kind, []).append(subject)
    lines += [f"[over] {kind} {', '.join(subjects)}" for kind, subjects in over.items()]
    return "\n".join(lines)


def sender(environ: Mapping[str, str], home: str) -> Callable[[AlarmChange], None]:
    """What sends a change to the webhook of the environment, or to nobody if there is none."""
    url = webhook.address(environ)
    return lambda change: webhook.post(url, message(change, home)) if url else None
