"""`livestats work`: captures several accounts in turn, beside other hosts that do the same.

Not here: what is started for each (work_host.py), what an account is, and whose turn it is
(pipelines/accounts).
"""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.cli import screen
from pipelines.cli.signals import FAREWELL

_HOUR_S = 3600.0
_STOPPED = (
    "Stopped. What is captured stays captured; nothing is captured by itself until `livestats work` "
    "runs again."
)


@click.command()
@click.option(
    "--accounts", "folder", required=True, metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="The accounts: a file NAME.env for each, with its home and key.",
)  # fmt: skip
@click.option(
    "--every-hours", default=6.0, show_default=True, metavar="HOURS",
    type=click.FloatRange(min=0.1), help="An account is taken again so long after it was done.",
)  # fmt: skip
@click.option(
    "--at-once", default=1, show_default=True, metavar="NUMBER",
    type=click.IntRange(min=1), help="Accounts at a time: each keeps a core busy.",
)  # fmt: skip
@click.option("--once", is_flag=True, help="Take each account once, and end.")
def work(folder: Path, every_hours: float, at_once: int, once: bool) -> None:
    r"""Capture several accounts in turn, until Ctrl-C.

    For each account: `livestats backfill --reread`, then `livestats alarms --send` if it has a webhook,
    `livestats cold` if it has scale.cold, and once a week `livestats verify`. The fault of one account
    leaves the others at work. Files that are added to the folder, changed or removed count from then on.

    Several hosts can do so with the same accounts, if scale.home and scale.lease are set: docs/scale.md.
    One works on an account at a time, and goes on with it; another takes it when twice --every-hours
    have passed since.

    \b
    Examples:
      livestats work --accounts /etc/livestats/accounts
      livestats work --accounts /etc/livestats/accounts --once

    With --once it exits with 1 if an account was not brought up to date; what another host works on is not
    counted.
    """
    from pipelines.accounts import account_file
    from pipelines.cli import work_host

    found = account_file.read(folder)
    click.get_current_context().meta[FAREWELL] = _STOPPED
    until = "once" if once else "until Ctrl-C"
    screen.note(f"{screen.counted(len(found), 'account')} in {folder}, {until}")
    if work_host.run(folder, every_hours * _HOUR_S, at_once, once=once):
        click.get_current_context().exit(1)
