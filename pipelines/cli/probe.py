"""`livestats probe`: prints what pipelines/probe finds out, and writes its file.

Read next: pipelines/probe/run.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli import screen
from pipelines.cli.options import Refused, json_option, opened
from pipelines.cli.output import OutputFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.probe.run import Outcome
    from pipelines.probe.topics import Finding

FILE = "probe.json"


def _action(_context: click.Context, _option: click.Parameter, name: str | None) -> str | None:
    from difflib import get_close_matches

    from resources.api.catalog import ENDPOINTS

    if name is None or name in ENDPOINTS:
        return name
    near = get_close_matches(name, ENDPOINTS, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(ENDPOINTS)}."
    raise click.BadParameter(f"There is no action {name}. {hint}")


@click.command()
@click.option(
    "--out",
    type=OutputFile(dir_okay=False),
    default=Path(FILE),
    show_default=True,
    help="File for the shapes of the answers.",
)
@click.option(
    "--rate",
    "rated",
    metavar="ACTION",
    callback=_action,
    help="Also call this action faster and faster, until the first call is throttled.",
)
@json_option
def probe(out: Path, rated: str | None, as_json: bool) -> None:
    r"""Find out what the API does where its documents leave it open, in at most 60 calls.

    Prints a table: what was found, how sure that is, and what livestats does about it. Writes a file
    of shapes, to attach to a report of a bug: types, counts and null patterns, no name, no figure,
    no key. `livestats simulate --like FILE` behaves by it. Nothing goes into the archive.

    \b
    Examples:
      livestats probe
      livestats probe --out shapes.json
      livestats probe --rate DescribeLiveISPData

    Exits with 1 if it ended early, with 2 if nothing could be asked.
    """
    import os

    from pipelines.probe.document import document, write
    from resources.api.credentials import find_credentials
    from resources.fs import user
    from resources.version import VERSION

    archive = opened()
    credentials, _ = find_credentials(os.environ, user.home_folder())
    if not out.absolute().parent.is_dir():
        raise Refused(f"There is no folder {out.absolute().parent}. Give another file with --out.")
    outcome = _probed(archive, credentials, rated)
    vendor = archive.settings.vendor
    made = document(outcome.findings, outcome.shapes, version=VERSION, vendor=str(vendor))
    write(out, made)
    if as_json:
        screen.emit_json(made)
    else:
        _show(outcome, out)
    if outcome.ended:
        screen.note(f"The probe ended early: {outcome.ended}")
        click.get_current_context().exit(1)


def _probed(archive: Any, credentials: Any, rated: str | None) -> Outcome:
    """The outcome, with the rate of an action if it is asked for."""
    from dataclasses import replace

    from pipelines.probe.rate import rate_of
    from pipelines.probe.run import probe as run

    budget = archive.home.budget if archive.home.budget.is_dir() else None
    screen.note("Asking the API, 60 calls at most; nothing is stored of the answers ...")
    outcome = run(archive.settings, credentials, budget, archive.now())
    if rated is None or outcome.ended:
        return outcome
    screen.note(
        f"Calling {rated} faster and faster, until a call is throttled or twice the documented rate "
        "is reached: other programs of the account may be throttled meanwhile ..."
    )
    found = rate_of(rated, archive.settings, credentials, budget, archive.now())
    return replace(outcome, findings=[*outcome.findings, found])


def _show(outcome: Outcome, out: Path) -> None:
    console = screen.console(wide=True)
    console.print(table(outcome.findings))
    screen.say()
    screen.say(
        f"{screen.counted(outcome.calls, 'call')}. {out}: written; it has shapes only, and can be "
        "attached to a report of a bug."
    )
    screen.say(f"Next: livestats simulate --like {out}")


def table(findings: Sequence[Finding]) -> Any:
    """The findings as a table."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold")
    made.add_column("what", overflow="fold")
    made.add_column("found", overflow="fold")
    made.add_column("how sure")
    made.add_column("what livestats does", overflow="fold")
    for one in findings:
        words = f"{one.words} ({one.note})" if one.note else one.words
        made.add_row(one.title, words, one.confidence.value, one.does)
    return made
