"""`livestats verify`: reads everything back and reports what is damaged.

The checks are in resources/verify.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli import screen
from pipelines.cli.options import Refused, checked, chosen, in_order, json_option, with_range

if TYPE_CHECKING:
    from resources.archive import Archive
    from resources.verify.findings import FileFinding, OnRead
    from resources.verify.run import Verification

_MAX_SHOWN = 20  # findings on the screen; --json has them all


@click.command()
@with_range
@click.option(
    "--deep", is_flag=True, help="Also normalise every capture again and compare the rows."
)
@click.option(
    "--against", metavar="FINGERPRINT", help="Also compare with a line of `livestats digest`."
)
@json_option
def verify(
    first: date | None,
    last: date | None,
    names: tuple[str, ...],
    deep: bool,
    against: str | None,
    as_json: bool,
) -> None:
    r"""Verify the archive: read every byte back, and compare each layer with its source.

    Reads every API response, lake file, note and table row. Changes nothing and makes no API call.
    Each problem is listed with its repair, and stays an alarm until the next verification. The
    daemon runs this once a week.

    \b
    Examples:
      livestats verify
      livestats verify --from 2026-11-01 --dataset edge_stat --deep

    Exits with 0 if everything is as it was written, with 1 if not, with 2 if all that was read is and
    something could not be looked at: permissions, a full disk. That is no damage, and no alarm.
    """
    from resources.api.catalog import DATASETS
    from resources.fs import access
    from resources.verify import saved_result
    from resources.verify.run import Verification

    in_order(first, last)
    if against and (first or last or names):
        raise Refused("--against reads all that the fingerprint covers: give no range with it.")
    archive = _opened()  # which knows its cuts
    look = Verification(archive, chosen(names, [*DATASETS.values()]), first, last, deep)
    total = look.size()
    screen.note(f"Reading {screen.size(total)} of {look.archive.home.root} ...")
    with _progress(look.archive.home.root, total) as on_read:
        look.on_read = on_read
        findings = list(look.findings())
    unlike = _compared(look, against) if against else []
    findings += unlike
    wrong = [f for f in findings if not f.is_harmless]
    if as_json:
        screen.emit_json(_answer(look, findings, is_intact=not wrong))
    else:
        _show(look, findings, wrong)
    code = 0 if not wrong else 2 if all(f.is_unverified for f in wrong) else 1
    try:
        saved_result.write(look, [f for f in findings if f not in unlike])
    except OSError as error:
        screen.note(f"The result cannot be saved for the alarms: {access.reason(error)}.")
        code = code or 2
    click.get_current_context().exit(code)


def _opened() -> Archive:
    """The archive, also if its identity file is damaged: that is a finding, not an obstacle."""
    from resources.archive import Archive

    archive = Archive.open(os.environ)
    checked(lambda: archive.clock)
    home = archive.home
    if not (home.raw.is_dir() or home.lake.is_dir() or home.identity_file.exists()):
        raise click.UsageError(
            f"There is no archive in {home.root}, so nothing was verified. Is LIVESTATS_HOME right?"
        )
    return archive


def _compared(look: Verification, against: str) -> list[FileFinding]:
    """Findings of the comparison with a fingerprint; says what was added since."""
    from resources.digest.compare import compare, findings_of
    from resources.digest.fingerprint import Fingerprint

    home = look.archive.home
    compared = compare(home, Fingerprint.parse(against))
    screen.note(f"Fingerprint: {compared.summary}")
    for leaf in compared.added[:_MAX_SHOWN]:
        screen.note(f"added: {'/'.join(leaf.place)}")
    return [*findings_of(home, compared)]


@contextmanager
def _progress(root: Path, total: int) -> Iterator[OnRead]:
    """A bar on a terminal."""
    console = screen.console(stderr=True)
    if not console.is_terminal:
        yield lambda _path, _size: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(bar_width=24),
        DownloadColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.description}", style="dim", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)

        def on_read(path: Path, size: int) -> None:
            bar.update(task, advance=size, description="/".join(path.relative_to(root).parts[:3]))

        yield on_read


def _answer(look: Verification, findings: list[FileFinding], *, is_intact: bool) -> dict[str, Any]:
    return {
        "home": str(look.archive.home.root),
        "is_intact": is_intact,
        "deep": look.deep,
        "checked": _counts(look),
        "not_looked_at": look.not_looked_at,
        "findings": [
            {
                "kind": f.kind.value,
                "path": str(f.subject),
                "what": f.text,
                "way": f.repair.value,
                "remedy": f.remedy,
                "dataset": f.dataset,
                "day": f.day and str(f.day),
            }
            for f in findings
        ],
    }


def _counts(look: Verification) -> dict[str, int]:
    names = ("captures", "answers", "lake_files", "rows", "bytes", "tables")
    return {name: getattr(look, name) for name in names}


def _show(look: Verification, findings: list[FileFinding], wrong: list[FileFinding]) -> None:
    from resources.api.errors import printable

    for f in (wrong + [f for f in findings if f.is_harmless])[:_MAX_SHOWN]:
        screen.say(f"{f.kind.value}: {printable(str(f.subject))}")
        screen.say(f"  {printable(f.text)}")
        screen.say(f"  {printable(f.remedy, 1000)}")
    if len(findings) > _MAX_SHOWN:
        screen.say(
            f"... and {len(findings) - _MAX_SHOWN:,} more: `livestats verify --json` has all."
        )
    screen.say(
        f"Read {screen.counted(look.captures, 'capture')} with "
        f"{screen.counted(look.answers, 'answer')}, {screen.counted(look.lake_files, 'lake file')} "
        f"with {screen.counted(look.rows, 'row')}, {screen.counted(look.tables, 'table')}: "
        f"{screen.size(look.bytes)}."
    )
    for text in look.not_looked_at:
        click.echo(f"Not looked at: {text}")
    unread = sum(f.is_unverified for f in wrong)
    if not wrong:
        screen.say("Everything is as it was written.")
    elif unread == len(wrong):
        screen.say(
            f"Not verified: {screen.counted(unread, 'thing')} could not be looked at; the reason is "
            "below each. All that was read is as it was written."
        )
    else:
        more = f", {unread} of them not verified" if unread else ""
        screen.say(f"{screen.counted(len(wrong), 'problem')}{more}; the repair is below each.")
