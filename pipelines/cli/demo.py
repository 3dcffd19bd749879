"""`livestats demo`: everything once, with a simulated account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli import screen
from pipelines.cli.options import Refused

if TYPE_CHECKING:
    from resources.archive import Archive

_FOLDER = Path("livestats-demo")


@click.command()
@click.option("--days", default=3, show_default=True, type=click.IntRange(1, 31), help="How many.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Keep the archive there, to look around in it. Default: only the picture is kept.",
)
def demo(days: int, keep: Path | None) -> None:
    r"""Capture, load, ask and draw a simulated account.

    Needs neither an account nor a network. It starts `livestats simulate`, runs the same backfill
    as for a real account into a scratch home, and touches neither your data nor your key.

    \b
    Examples:
      livestats demo
      livestats demo --days 7 --keep livestats-demo
    """
    import time

    from pipelines import demo as work
    from pipelines.cli.backfill import after, before
    from pipelines.cli.progress import capturing

    started_s = time.monotonic()
    with _home(keep) as home, work.simulated(home) as environ:
        from dataclasses import replace

        from pipelines.backfill import run
        from resources.archive import Archive

        screen.note(f"A simulated account answers on {environ['LIVESTATS_API_URL']}.")
        archive = Archive.open(environ, home)
        first, last = work.days(archive.now(), archive.settings.zone, days)
        archive = Archive.open({**environ, "LIVESTATS_FIRST_DAY": str(first)}, home)
        todo = run.plan(archive, first, last, ())
        for line in before(todo, str(home)):
            screen.note(line)
        with capturing(todo.due) as shown:
            summary = run.run(
                replace(archive, progress=shown.answer, heard=shown.heard), todo, shown.tell
            )
        for line in after(todo, summary, archive.home.served):
            click.echo(line)
        if not summary.is_complete:
            click.get_current_context().exit(1)
        path = (keep or _FOLDER) / work.PICTURE
        _answers(archive, first, last, path)
    click.echo(f"\nDone in {screen.span(time.monotonic() - started_s)}. {_next(keep)}")


@contextmanager
def _home(keep: Path | None) -> Iterator[Path]:
    """The folder to work in: a scratch one, or the one to keep. The picture's is made sure of."""
    from pipelines.demo import NotADemo, claim

    try:
        claim(keep or _FOLDER)
    except NotADemo as error:
        raise Refused(str(error)) from error
    if keep is None:
        with TemporaryDirectory(prefix="livestats-demo-") as scratch:
            yield Path(scratch)
    else:
        yield keep


def _answers(archive: Archive, first: date, last: date, path: Path) -> None:
    """A table with its SQL, the coverage, and the picture."""
    from pipelines import demo as work
    from pipelines.reports.demo_picture import draw

    with archive.reading() as connection:
        click.echo(f"\n{work.ANSWER}\n")
        found = connection.execute(work.ANSWER)
        names = [column[0] for column in found.description or ()]
        show(names, found.fetchall())
        coverage = connection.execute(work.COVERAGE, [first, last]).fetchall()
        click.echo(f"\n{coverage_line(coverage[0])}")
        draw(connection, first, last, archive.settings.zone, path)
    click.echo(f"Picture: {path} ({screen.size(path.stat().st_size)})")


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


def _next(keep: Path | None) -> str:
    if keep is None:
        return "To look around in the archive: livestats demo --keep livestats-demo"
    return f'Look around: LIVESTATS_HOME={keep} livestats query "FROM edge_stat"'
