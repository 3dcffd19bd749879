"""`livestats alarms`: lists the alarms, or posts what changed to the webhook.

The alarms themselves are in resources/monitoring. Read next: resources/monitoring/checks.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from pipelines.cli import screen
from pipelines.cli.options import Refused, json_option, opened, require_archive

if TYPE_CHECKING:
    from resources.monitoring.model import Alarm


@click.command()
@json_option
@click.option(
    "--send", is_flag=True, help="Post alarms that started or cleared to the webhook. For cron."
)
@click.option(
    "--new",
    "only_new",
    is_flag=True,
    help="Print only alarms that started or cleared. For cron's mail.",
)
@click.option("--test", is_flag=True, help="Post a test message to the webhook, and nothing else.")
def alarms(as_json: bool, send: bool, only_new: bool, test: bool) -> None:
    r"""List the alarms, with what to do about each.

    Gaps, days that expire soon, a disk that fills up, damage, unknown fields, disagreements.

    The daemon of `livestats ui` checks every ten minutes and posts each alarm to your chat webhook
    when it starts and when it clears. LIVESTATS_ALERT_WEBHOOK is the webhook's URL: a bot of
    Feishu, DingTalk, WeCom or Slack, or anything that accepts {"text": ...}. Without the daemon, run
    this from cron with --send, or with --new, which prints nothing unless an alarm has changed.

    \b
    Examples:
      livestats alarms
      livestats alarms --send
      livestats alarms --new
      livestats alarms --test

    Exits with 1 if there is an alarm, with 0 otherwise.
    """
    from resources import monitoring as known
    from resources.monitoring import webhook

    if sum((send, only_new, test, as_json)) > 1 and not (as_json and send):
        raise Refused("--send, --new, --test and --json do different things: give one of them.")
    archive = opened()
    home = str(archive.home.root)
    if (send or test) and not webhook.address(archive.environ):
        raise Refused(f"There is no webhook: set {webhook.VARIABLE} to its URL.")
    if test:
        webhook.post(
            webhook.address(archive.environ),
            f"livestats {home}\nTest message: alarms will be posted here.",
        )
        screen.say("Sent. If nothing arrived, check the settings of the bot.")
        return
    require_archive(archive)
    if only_new:
        from resources.monitoring.message import message

        if known.notify_changes(
            archive, lambda news: screen.say(message(news, home)), known.PRINTED
        ):
            click.get_current_context().exit(1)
        return
    if send:
        from resources.monitoring import daily_fingerprint
        from resources.monitoring.message import sender

        found = known.notify_changes(archive, sender(archive.environ, home))
        daily_fingerprint.send_daily(archive)
    else:
        found = known.active_alarms(archive)
    _show(found, as_json=as_json)
    if found:
        click.get_current_context().exit(1)


def _show(alarms: Sequence[Alarm], *, as_json: bool) -> None:
    from resources.monitoring import grouped

    if as_json:
        fields = ("kind", "subject", "text", "remedy", "mark")
        screen.emit_json([{name: getattr(alarm, name) for name in fields} for alarm in alarms])
        return
    for alarm in grouped(alarms):
        screen.say(f"{alarm.kind:<13} {alarm.subject}: {alarm.text}")
        screen.say(f"{'':<13} -> {alarm.remedy}")
    if not alarms:
        screen.say("No alarms: every day that the API still has is captured.")
