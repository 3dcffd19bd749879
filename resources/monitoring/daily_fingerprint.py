"""The fingerprint of all captures, posted once a day: it proves nothing until it has left the machine.

Not here: what it is made of (resources/digest), alarms (notify.py). Read next: message.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

from resources.archive import Archive
from resources.config.model import DAILY
from resources.digest import fingerprint
from resources.fs import atomic
from resources.monitoring import webhook

NOTE = "fingerprint-sent.json"
"""In state/: the day on which one was sent last. If it is lost, one more is sent."""

_AGO = timedelta(hours=1)
"""A capture that is fetched by now may be stored later, and would count as added."""


def text_of(archive: Archive, made: fingerprint.Fingerprint) -> str:
    """The message, also that of `livestats digest --send`."""
    return f"livestats {archive.home.root}\nfingerprint: {made.text}"


def send_daily(
    archive: Archive, send: Callable[[str, str], None] = webhook.post
) -> fingerprint.Fingerprint | None:
    """Send the fingerprint of today, unless the settings or an earlier call say otherwise.

    `send` gets URL and text. The note is written after it: if it raises, the next call sends again.
    Raises WebhookError and DigestError.
    """
    url, today = webhook.address(archive.environ), str(archive.today)
    path = archive.home.state / NOTE
    if archive.settings.send_fingerprint != DAILY or not url or _sent_on(archive) == today:
        return None
    made, leaves = fingerprint.digest(archive.home, archive.now() - _AGO)
    fingerprint.keep_leaves(archive.home, made, leaves)
    send(url, text_of(archive, made))
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_atomically(path, json.dumps({"day": today}).encode())
    return made


def _sent_on(archive: Archive) -> str:
    try:
        return str(json.loads((archive.home.state / NOTE).read_bytes())["day"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""  # sending twice is better than not at all
