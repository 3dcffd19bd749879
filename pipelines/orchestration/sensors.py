"""Alarms: looked for every ten minutes by the daemon, told in the log and to a chat group."""

# No `from __future__ import annotations` here: Dagster reads the annotations of these functions.

from collections.abc import Sequence

import dagster as dg

from pipelines.orchestration import start_status
from resources import monitoring
from resources.archive import Archive
from resources.monitoring import Alarm, AlarmChange, AlarmKind, daily_fingerprint, webhook
from resources.monitoring.message import sender

_LONGEST = 2000
"""Characters of a failed run's reason that are sent."""


def summary(active: Sequence[Alarm]) -> str:
    """One line for the page of sensors."""
    if not active:
        return "Nothing to tell: every day that can be had is here."
    found = monitoring.grouped(active)
    shown = "; ".join(f"{a.kind} {a.subject}: {a.text}" for a in found[:5])
    more = f"; and {len(found) - 5} more" if len(found) > 5 else ""
    return f"{len(active)} alarms stand: {shown}{more}"


def alarm_sensor(archive: Archive) -> dg.SensorDefinition:
    """Looks at the archive's files; starts no run."""

    @dg.sensor(
        name="tell_alarms",
        minimum_interval_seconds=600,
        default_status=start_status.of_sensors(archive.environ),
        description="Looks for what somebody should know: gaps, days about to be forgotten, a disk "
        "that fills, damage, unknown fields, endpoints that disagree. Each is told once in the log "
        f"and to the webhook of {webhook.VARIABLE}, and once more when it is over.",
    )
    def tell_alarms(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if archive.home.identity is None:
            return dg.SkipReason("There is no archive yet.")
        archive.home.state.mkdir(exist_ok=True)
        archive.home.last_alarm_check.touch()
        send = sender(archive.environ, str(archive.home.root))

        def told(change: AlarmChange) -> None:
            for alarm in monitoring.grouped(change.new):
                context.log.warning("%s %s: %s", alarm.kind, alarm.subject, alarm.text)
            for key in change.gone:
                context.log.info("over: %s", key)
            send(change)

        active = monitoring.notify_changes(archive, told)
        made = daily_fingerprint.send_daily(archive)
        if made is not None:
            context.log.info("sent the fingerprint %s", made.text)
        return dg.SkipReason(summary(active))

    return tell_alarms


def failure_sensor(archive: Archive) -> dg.SensorDefinition:
    """A run that failed, told when it fails."""

    @dg.run_failure_sensor(
        name="tell_failed_runs",
        default_status=start_status.of_sensors(archive.environ),
        description=f"Tells the webhook of {webhook.VARIABLE} which run failed, and why.",
    )
    def tell_failed_runs(context: dg.RunFailureSensorContext) -> None:
        run = context.dagster_run
        errors = [
            str(event.step_failure_data.error.message).strip()
            for event in context.get_step_failure_events()
            if event.step_failure_data.error is not None
        ]
        text = "\n".join(errors) or context.failure_event.message or "no reason was given"
        alarm = Alarm(
            kind=AlarmKind.FAILED,
            subject=f"run {run.run_id[:8]} of {run.job_name}",
            text=text[:_LONGEST],
            remedy="What was complete is kept. Mend what is said here; the schedule goes on by "
            "itself, `livestats backfill` at once.",
        )
        context.log.error("%s: %s", alarm.key, text)
        sender(archive.environ, str(archive.home.root))(AlarmChange(new=[alarm], gone=[]))

    return tell_failed_runs
