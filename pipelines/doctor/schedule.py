"""Whether the archive goes on by itself: daemon, schedules, and what its alarms say."""

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

_SILENT_S = 300  # a daemon tells every half minute that it lives
_NEEDED = ("SCHEDULER", "SENSOR", "QUEUED_RUN_COORDINATOR", "MONITORING")
"""Parts of a daemon that livestats does not work without, as Dagster names them."""


def daemon_found(archive: Archive) -> Iterator[Finding]:
    """Whether a daemon runs on this home, and whether somebody switched a schedule off in it."""
    folder = archive.home.dagster
    if not (folder / "dagster.yaml").is_file():
        yield ok("daemon", "none has run on this home yet: `livestats ui`, or cron")
        return
    # Imports Dagster, over a second: only where there is something to look at.
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
            "Mend dagster.yaml, or move the folder away (no daemon running): it is made anew, and "
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
            "Switch them on in Dagster, under Automation, unless that is wanted.",
        )
    elif beats:
        yield ok("schedules", "none is switched off")


def _daemon(beats: Mapping[str, float], errors: Sequence[str]) -> Finding:
    """The verdict on when each part of a daemon last told that it lives, in seconds since 1970.

    `errors` are what they told at the same time: that there are two daemons, for one.
    """
    if not beats:
        return ok("daemon", "none has run on this home yet: `livestats ui`, or cron")
    silent_s = {name: time.time() - moment for name, moment in beats.items()}
    start = "Start it: `livestats ui`, or its systemd unit (docs/operating.md)."
    if min(silent_s.values()) > _SILENT_S:
        minutes = min(silent_s.values()) / 60
        text = f"silent for {minutes:,.0f} minutes: nothing is captured by itself"
        return warning("daemon", text, start)
    hanging = sorted(name for name in _NEEDED if silent_s.get(name, 0) > _SILENT_S)
    if hanging:
        text = f"it runs, but without its {', '.join(hanging)}"
        return warning("daemon", text, "Restart it: its log says what went wrong.")
    if errors:
        text = f"it runs, and says: {printable(errors[0].strip())}"
        return warning("daemon", text, "Its log says more. Of two on one home, stop one.")
    return ok("daemon", "runs")


def teller_found(archive: Archive) -> Finding:
    """Who is told of alarms. The address is a secret: its host is named."""
    url = archive.environ.get(webhook.VARIABLE, "")
    if not url:
        return ok("webhook", f"alarms are told in the log only: {webhook.VARIABLE} is not set")
    host = webhook.host_of(url)
    if host is None:
        text = f"{webhook.VARIABLE} is no address"
        return problem("webhook", text, "Set it to the whole URL of the robot, or unset it.")
    return ok("webhook", f"alarms are told to {host}; to try it: `livestats alarms --test`")


def alarms_found(archive: Archive) -> Finding:
    """What stands against the archive itself."""
    if archive.home.identity is None:
        return ok("alarms", "there is no archive yet")
    found = monitoring.active_alarms(archive)
    if not found:
        return ok("alarms", "none: every day that can be had is here")
    first = found[0]
    more = f"; {len(found) - 1} more alarms" if len(found) > 1 else ""
    return warning(
        "alarms",
        f"{first.kind} {first.subject}: {first.text}{more}",
        f"{first.remedy} All of them: `livestats alarms`.",
    )
