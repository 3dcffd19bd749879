"""`livestats doctor`: prints the findings of pipelines/doctor.

Read next: pipelines/doctor/__init__.py.
"""

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
    r"""Check the installation and the account, and say what to do.

    Versions, settings, clock, home, disk, locks, call budget, databases, freshness, daemon,
    schedules, alarms, key, network, domains, and the permission for each action.
    Makes one small API call per action, captures nothing, writes nothing.

    \b
    Examples:
      livestats doctor
      livestats doctor --json

    Exits with 1 if there is a problem, with 0 otherwise.
    """
    import os

    from pipelines.doctor import Severity, examine, problem
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
    problems = [f for f in found if f.severity is Severity.PROBLEM]
    if as_json:
        screen.emit_json(
            [
                {"name": f.subject, "verdict": f.severity, "text": f.text, "advice": f.remedy}
                for f in found
            ]
        )
    else:
        screen.say()
        screen.say(ending(found))
    if problems:
        click.get_current_context().exit(1)


def show(finding: Finding) -> None:
    """One finding, its remedy below it."""
    from rich.text import Text

    from resources.api.redaction import redact

    console = screen.console(wide=True)
    line = Text(f"{finding.severity if finding.subject else '':<8}")
    line.stylize(_COLOURS[finding.severity])
    line.append(f"{finding.subject:<13} {redact(finding.text)}")
    console.print(line, soft_wrap=True)
    if finding.remedy:
        console.print(Text(f"{'':<22}-> {finding.remedy}"), soft_wrap=True)


def ending(found: Sequence[Finding]) -> str:
    """The summary: what to fix first."""
    problems = [f for f in found if f.severity == "problem"]
    warnings = [f for f in found if f.severity == "warning"]
    for kind, some in (("problem", problems), ("warning", warnings)):
        if some:
            first = some[0]
            before = "No problem, " if some is warnings else ""
            what = f"{before}{screen.counted(len(some), kind)}"
            return f"{what}; start with {first.subject}: {first.remedy or first.text}"
    return "Everything is in place. Next: livestats plan, then livestats backfill"
