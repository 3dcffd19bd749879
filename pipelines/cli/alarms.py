"""`livestats alarms`: what somebody should be told."""

from __future__ import annotations

import os

import click

from pipelines.cli import screen
from pipelines.cli.options import Refused, json_option, opened


@click.command()
@json_option
@click.option("--send", is_flag=True, help="Tell the webhook what is new or over. For cron.")
@click.option(
    "--new", "only_new", is_flag=True, help="Print only what is new or over. For cron's mail."
)
@click.option("--test", is_flag=True, help="Send a greeting to the webhook, and nothing else.")
def alarms(as_json: bool, send: bool, only_new: bool, test: bool) -> None:
    r"""List what somebody should know, with what to do about it.

    Gaps, days about to be forgotten, a disk that fills, damage, unknown fields, disagreements.

    The daemon of `livestats ui` looks every ten minutes and tells what is new to the webhook that
    LIVESTATS_ALERT_WEBHOOK names: a robot of Feishu, DingTalk, WeCom or Slack, or anything that
    takes {"text": ...}. Without a daemon, call this with --send from cron, or with --new, which
    prints nothing if nothing is new, so that cron mails what is.

    \b
    Examples:
      livestats alarms
      livestats alarms --send
      livestats alarms --new
      livestats alarms --test

    Ends with 1 if there is an alarm, with 0 otherwise.
    """
    from resources import monitoring as known
    from resources.monitoring import webhook

    if sum((send, only_new, test, as_json)) > 1 and not (as_json and send):
        raise Refused("--send, --new, --test and --json do different things: give one of them.")
    archive = opened()
    home = str(archive.home.root)
    if (send or test) and not archive.environ.get(webhook.VARIABLE):
        raise Refused(f"There is nobody to tell: set {webhook.VARIABLE} to the robot's address.")
    if test:
        webhook.post(
            os.environ[webhook.VARIABLE], f"livestats {home}\nA test: alarms will come here."
        )
        click.echo("Sent. If nothing came, look at the robot's own settings.")
        return
    if archive.home.identity is None:
        raise Refused(f"There is no archive in {home} yet. Run `livestats backfill`.")
    if only_new:
        # Imports Dagster, as below.
        from pipelines.orchestration.sensors import message

        if known.notify_changes(
            archive, lambda news: click.echo(message(news, home)), known.PRINTED
        ):
            click.get_current_context().exit(1)
        return
    if send:
        # Imports Dagster: the text is that of its sensor.
        from pipelines.orchestration.sensors import sender

        found = known.notify_changes(archive, sender(archive.environ, home))
    else:
        found = known.active_alarms(archive)
    if as_json:
        fields = ("kind", "subject", "text", "remedy", "mark")
        screen.emit_json([{name: getattr(a, name) for name in fields} for a in found])
    else:
        for alarm in known.grouped(found):
            click.echo(f"{alarm.kind:<13} {alarm.subject}: {alarm.text}")
            click.echo(f"{'':<13} -> {alarm.remedy}")
        if not found:
            click.echo("No alarm: every day that can be had is here.")
    if found:
        click.get_current_context().exit(1)
