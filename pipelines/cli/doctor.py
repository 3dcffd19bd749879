"""`livestats doctor`: whether everything is in place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.cli import screen
from pipelines.cli.options import json_option

if TYPE_CHECKING:
    from pipelines.doctor import Finding

_COLOURS = {"ok": "green", "warning": "yellow", "problem": "bold red"}


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    r"""Check all that has to be in place, and say what to do.

    Versions, settings, clock, home, disk, locks, call budget, databases, freshness, daemon,
    schedules, alarms, key, network, domains, and the permission for each action.
    Asks the API one small question per action, captures nothing, writes nothing.

    \b
    Examples:
      livestats doctor
      livestats doctor --json

    Ends with 1 if there is a problem, with 0 otherwise.
    """
    import os

    from pipelines.doctor import Verdict, examine, problem
    from resources.archive import Archive
    from resources.config import SettingsError

    found: list[Finding] = []
    try:
        archive = Archive.open(os.environ)
        for finding in examine(archive, Path.cwd()):
            found.append(finding)
            if not as_json:
                show(finding)
    except SettingsError as error:
        found.append(problem("settings", str(error), ""))
        if not as_json:
            show(found[-1])
    problems = [f for f in found if f.verdict is Verdict.PROBLEM]
    if as_json:
        fields = ("name", "verdict", "text", "advice")
        screen.emit_json([{name: getattr(f, name) for name in fields} for f in found])
    else:
        click.echo()
        click.echo(ending(found))
    if problems:
        click.get_current_context().exit(1)


def show(finding: Finding) -> None:
    """One finding, its advice below it."""
    from rich.text import Text

    console = screen.console(wide=True)
    line = Text(f"{finding.verdict if finding.name else '':<8}")
    line.stylize(_COLOURS[finding.verdict])
    line.append(f"{finding.name:<13} {finding.text}")
    console.print(line, soft_wrap=True)
    if finding.advice:
        console.print(Text(f"{'':<22}-> {finding.advice}"), soft_wrap=True)


def ending(found: Sequence[Finding]) -> str:
    """What to do first."""
    problems = [f for f in found if f.verdict == "problem"]
    warnings = [f for f in found if f.verdict == "warning"]
    for kind, some in (("problem", problems), ("warning", warnings)):
        if some:
            first = some[0]
            before = "No problem, " if some is warnings else ""
            what = f"{before}{screen.counted(len(some), kind)}"
            return f"{what}; begin with {first.name}: {first.advice or first.text}"
    return "All is in place. Next: livestats plan, then livestats backfill"
