"""Checks of the automation: daemon, schedules, webhook, and active alarms."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence

from pipelines.doctor.findings import ok, problem, warning
from resources import monitoring
from resources.api.errors import printable
from resources.archive import Archive
from resources.config import SettingsError
from resources.findings import Finding
from resources.monitoring import webhook

_SILENT_S = 300  # a daemon writes a heartbeat every half minute
_NEEDED = ("SCHEDULER", "SENSOR", "QUEUED_RUN_COORDINATOR", "MONITORING")
"""Parts of the daemon that livestats needs, by Dagster's names."""


def daemon_found(archive: Archive) -> Iterator[Finding]:
    """Whether a daemon runs on this home, and whether all schedules are on."""
    folder = archive.home.dagster
    if not (folder / "dagster.yaml").is_file():
        yield ok(
            "daemon",
            _of_several(archive) or "none has run on this home yet: `livestats ui`, or cron",
        )
        return
    # Importing Dagster takes over a second, so only if there is a history.
    from dagster import DagsterError
    from sqlalchemy.exc import DatabaseError
    from yaml import YAMLError

    from pipelines.orchestration.instance import history_in

    try:
        with history_in(folder.resolve()) as history:
            found = history.get_daemon_heartbeats()
            states = history.all_instigator_state()
    except SettingsError as error:
        yield problem("run history", str(error), "Change dagster.yaml as said, or move it away.")
        return
    except (DagsterError, DatabaseError, YAMLError, sqlite3.Error, OSError) as error:
        yield problem(
            "run history",
            f"{folder} cannot be used: {str(error).splitlines()[0]}",
            "Fix dagster.yaml, or stop the daemon and move the folder away: it is created again, and "
            "nothing of the archive depends on it.",
        )
        return
    beats = {name: beat.timestamp for name, beat in found.items()}
    yield _daemon(beats, [e.message for beat in found.values() for e in beat.errors or ()])
    off = sorted(state.name for state in states if state.status.value == "STOPPED")
    if off:
        yield warning(
            "schedules",
            f"switched off: {', '.join(off)}",
            "Switch them on in Dagster, under Automation, unless that is intended.",
        )
    elif beats:
        yield ok("schedules", "none is switched off")


def _of_several(archive: Archive) -> str:
    """What is known of a daemon of several accounts, whose history is not in the home; "" if none came."""
    try:
        silent_s = time.time() - archive.home.last_alarm_check.stat().st_mtime
    except FileNotFoundError:
        return ""
    return f"one of several accounts (`livestats ui --accounts`) looked here {silent_s / 60:,.0f} min ago"


def _daemon(beats: Mapping[str, float], errors: Sequence[str]) -> Finding:
    """The finding on the last heartbeat of each part of the daemon, in seconds since 1970.

    `errors` are the messages of the heartbeats, for example that two daemons run.
    """
    if not beats:
        return ok("daemon", "none has run on this home yet: `livestats ui`, or cron")
    silent_s = {name: time.time() - moment for name, moment in beats.items()}
    start = "Start it: `livestats ui`, or its systemd unit (docs/operating.md)."
    if min(silent_s.values()) > _SILENT_S:
        minutes = min(silent_s.values()) / 60
        text = f"silent for {minutes:,.0f} minutes: nothing is captured automatically"
        return warning("daemon", text, start)
    hanging = sorted(name for name in _NEEDED if silent_s.get(name, 0) > _SILENT_S)
    if hanging:
        text = f"it runs, but without {', '.join(hanging)}"
        return warning("daemon", text, "Restart it: its log has the reason.")
    if errors:
        text = f"it runs, and says: {printable(errors[0].strip())}"
        return warning("daemon", text, "See its log. If two run on one home, stop one.")
    return ok("daemon", "runs")


def webhook_found(archive: Archive) -> Finding:
    """Where alarms are posted. The URL is a secret, so only its host is shown."""
    url = webhook.address(archive.environ)
    if not url:
        return ok("webhook", f"alarms are only logged: {webhook.VARIABLE} is not set")
    host = webhook.host_of(url)
    if host is None:
        text = f"{webhook.VARIABLE} is not a URL"
        return problem("webhook", text, "Set it to the complete URL of the webhook, or unset it.")
    return ok("webhook", f"alarms are posted to {host}; to test it: `livestats alarms --test`")


def alarms_found(archive: Archive) -> Finding:
    """Active alarms of the archive."""
    if archive.home.identity is None:
        return ok("alarms", "there is no archive yet")
    found = monitoring.active_alarms(archive)
    if not found:
        return ok("alarms", "none: every day that the API still has is captured")
    first = found[0]
    more = f"; {len(found) - 1} more alarms" if len(found) > 1 else ""
    return warning(
        "alarms",
        f"{first.kind} {first.subject}: {first.text}{more}",
        f"{first.remedy} All of them: `livestats alarms`.",
    )
