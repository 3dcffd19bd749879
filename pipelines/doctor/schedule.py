"""Whether the archive goes on by itself: daemon, schedules, and what its alarms say."""

from __future__ import annotations

import time
from collections.abc import Iterator

from pipelines.doctor.findings import Finding, ok, warning
from resources import alarms
from resources.archive import Archive

_SILENT_S = 300  # a daemon tells every half minute that it lives


def daemon_found(archive: Archive) -> Iterator[Finding]:
    """Whether a daemon runs on this home, and whether somebody switched a schedule off in it."""
    if not (archive.home.dagster / "dagster.yaml").is_file():
        yield ok("daemon", "none has run on this home yet: `livestats ui`, or cron")
        return
    # Imports Dagster, over a second: only where there is something to look at.
    from pipelines.instance import history_in

    with history_in(archive.home.dagster.resolve()) as history:
        beats = [beat.timestamp for beat in history.get_daemon_heartbeats().values()]
        off = [
            state.name
            for state in history.all_instigator_state()
            if state.status.value == "STOPPED"
        ]
    silent_s = time.time() - max(beats, default=0.0)
    if not beats:
        yield ok("daemon", "none has run on this home yet: `livestats ui`, or cron")
    elif silent_s > _SILENT_S:
        yield warning(
            "daemon",
            f"silent for {silent_s / 60:,.0f} minutes: nothing is captured by itself",
            "Start it: `livestats ui`, or its systemd unit (docs/operating.md).",
        )
    else:
        yield ok("daemon", "runs")
    if off:
        yield warning(
            "schedules",
            f"switched off: {', '.join(sorted(off))}",
            "Switch them on in Dagster, under Automation, unless that is wanted.",
        )


def alarms_found(archive: Archive) -> Finding:
    """What stands against the archive itself."""
    if archive.home.identity is None:
        return ok("alarms", "there is no archive yet")
    found = alarms.standing(archive)
    if not found:
        return ok("alarms", "none: every day that can be had is here")
    first = found[0]
    more = f"; {len(found) - 1} more alarms" if len(found) > 1 else ""
    return warning(
        "alarms",
        f"{first.kind} {first.subject}: {first.text}{more}",
        f"{first.remedy} All of them: `livestats alarms`.",
    )
