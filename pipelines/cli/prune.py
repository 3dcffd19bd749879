"""`livestats prune`: forgets old runs of Dagster's history."""

from __future__ import annotations

from dataclasses import asdict

import click

from pipelines.cli import screen
from pipelines.cli.options import checked, json_option, opened


@click.command()
@click.option(
    "--keep-days", default=30, show_default=True, help="Age up to which runs are kept, in days."
)
@json_option
def prune(keep_days: int, as_json: bool) -> None:
    r"""Forget old runs of Dagster: their logs and, where a newer run did the same, their events.

    What was captured is not touched: nothing of the archive depends on Dagster's history. Backfills
    and the daily schedule `forget_old_runs` do this by themselves, with 30 days.

    \b
    Examples:
      livestats prune
      livestats prune --keep-days 7
    """
    from pipelines.orchestration.instance import instance
    from pipelines.orchestration.run_retention import Forgotten, forget_old_runs

    archive = opened()
    found = Forgotten()
    if archive.home.dagster.is_dir():
        with instance(archive) as history:
            found = checked(lambda: forget_old_runs(history, keep_days))
    if as_json:
        screen.emit_json(asdict(found))
    else:
        click.echo(
            f"Forgot {screen.counted(found.runs, 'run')} and the logs of {found.shortened:,} more, "
            f"{screen.size(found.bytes)}."
        )
