"""`livestats demo`: captures, loads and queries a simulated account, and keeps the archive.

Here: the command and its output. Not here: the account (demo_account.py) and the picture.
Read next: demo_account.py.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli import screen
from pipelines.cli.options import Refused

if TYPE_CHECKING:
    from pipelines.backfill.summary import Summary
    from resources.archive import Archive

_QUESTION = (
    "SELECT domain, round(max(total_mbps)) AS peak_mbps FROM bandwidth_5min "
    "GROUP BY domain ORDER BY peak_mbps DESC"
)


@click.command()
@click.option("--days", default=3, show_default=True, type=click.IntRange(1, 31), help="How many.")
@click.option(
    "--keep",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    default=Path("livestats-demo"),
    show_default=True,
    help="Folder for the archive and the picture. A folder of an earlier demo is used again.",
)
def demo(days: int, folder: Path) -> None:
    r"""Capture, load, query and draw a simulated account.

    Needs neither an account nor a network, and touches neither your archive nor your key. It starts
    `livestats simulate`, runs the same backfill as for a real account, and ends with three commands
    to look at the archive that it leaves in FOLDER.

    \b
    Examples:
      livestats demo
      livestats demo --days 7 --keep livestats-demo
    """
    import time

    from pipelines.cli import demo_account

    started_s = time.monotonic()
    try:
        demo_account.claim(folder)
    except demo_account.NotADemo as error:
        raise Refused(str(error)) from error
    home = folder / demo_account.HOME
    with demo_account.simulated(home) as environ:
        screen.note(f"A simulated account answers on {environ['LIVESTATS_API_URL']}.")
        archive, first, last = _capture(environ, home, days)
        _answers(archive, first, last, folder / demo_account.PICTURE)
    screen.say(f"\nDone in {screen.span(time.monotonic() - started_s)}. To look around:")
    for command in _next_commands(folder, first, last):
        screen.say(command)


def _capture(environ: dict[str, str], home: Path, days: int) -> tuple[Archive, date, date]:
    """Back-fill the newest `days`; returns the archive with the first and the last of them."""
    from dataclasses import replace

    from pipelines.backfill.plan import plan
    from pipelines.backfill.run import run
    from pipelines.cli import demo_account
    from pipelines.cli.backfill import after, before
    from pipelines.cli.progress import capturing
    from resources.archive import Archive

    archive = Archive.open(environ, home)
    first, last = demo_account.days(archive.now(), archive.settings.zone, days)
    archive = Archive.open({**environ, "LIVESTATS_FIRST_DAY": str(first)}, home)
    todo = plan(archive, first, last, ())
    for line in before(todo, str(home)):
        screen.note(line)
    with capturing(todo.due) as shown:
        summary = run(replace(archive, progress=shown.answer), todo, shown.tell, shown.heard)
    for line in after(todo, summary, archive.home.served):
        screen.say(line)
    if has_failed(summary):
        click.get_current_context().exit(1)
    return archive, first, last


def has_failed(summary: Summary) -> bool:
    """Whether something went wrong. Of 31 days the list of log files is lost: the API has it for 30."""
    lacks = summary.failed or summary.not_made or summary.incomplete or summary.suspect
    return bool(lacks or summary.ended_by)


def _answers(archive: Archive, first: date, last: date, path: Path) -> None:
    """A table with its SQL, the coverage, and the picture."""
    from pipelines.cli import demo_account
    from pipelines.reports.demo_picture import draw

    with archive.reading() as connection:
        screen.say(f"\n{demo_account.ANSWER}\n")
        found = connection.execute(demo_account.ANSWER)
        names = [column[0] for column in found.description or ()]
        show(names, found.fetchall())
        coverage = connection.execute(demo_account.COVERAGE, [first, last]).fetchall()
        screen.say(f"\n{coverage_line(coverage[0])}")
        draw(connection, first, last, archive.settings.zone, path)
    screen.say(f"Picture: {path} ({screen.size(path.stat().st_size)})")


def _next_commands(folder: Path, first: date, last: date) -> list[str]:
    """Shell commands that show the archive: its status, an answer, and the report page."""
    from pipelines.cli import demo_account

    start = f"LIVESTATS_HOME={shlex.quote(str(folder / demo_account.HOME))} {_executable()}"
    page = shlex.quote(str(folder / demo_account.REPORT))
    return [
        f"{start} status --from {first}",
        f'{start} query "{_QUESTION}"',
        f"{start} report --from {first} --to {last} --output {page}",
    ]


def _executable() -> str:
    """The path of `livestats` for a shell in the current folder: of this process, or its Python's."""
    script = Path(sys.argv[0])
    if script.name != "livestats" or not script.is_file():
        script = Path(sys.executable).with_name("livestats")
    path = Path(os.path.abspath(script))  # noqa: PTH100 - resolve() would leave the environment
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    # A bare name would be looked up on PATH.
    return shlex.quote(str(shown) if os.sep in str(shown) else f"./{shown}")


def show(names: list[str], rows: list[tuple[Any, ...]]) -> None:
    """The answer as a table that fits 80 columns."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    styles: dict[str, Callable[[Any], str]] = {
        "peak_gbps": "{:,.1f}".format,
        "traffic_tb": "{:,.1f}".format,
        "peak_viewers": "{:,}".format,
        "5xx_%": "{:.2f}".format,
    }
    for name in names:
        table.add_column(name, justify="right" if name in styles else "left", no_wrap=True)
    for row in rows:
        cells = zip(names, row, strict=True)
        table.add_row(*("" if v is None else styles.get(n, str)(v) for n, v in cells))
    screen.console().print(table)


def coverage_line(row: tuple[int, int, int, date, date]) -> str:
    """The ledger in one sentence."""
    total, complete, rows, first, last = row
    return (
        f"Ledger: {complete} of {screen.counted(total, 'dataset-day')} complete, {first} to "
        f"{last}, {screen.counted(rows, 'row')}."
    )
