"""`livestats report`: writes the usage report as an HTML file.

The report is made by pipelines/reports/usage. Read next: reports/usage/whole.py.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli import screen
from pipelines.cli.options import Day, Refused, in_order, opened
from pipelines.cli.output import OutputFile
from resources.config import LANGUAGES

if TYPE_CHECKING:
    from resources.archive import Archive


class Month(click.ParamType[date]):
    """A calendar month in ISO form."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(f"{value}-01")
        except ValueError:
            self.fail(f"{value!r} is not a month. Write it like 2026-11.", param, ctx)


@click.command()
@click.option("--from", "first", type=Day(), help="First day. Default: 30 days before --to.")
@click.option(
    "--to", "last", type=Day(is_last=True), help="Last day, included. Default: yesterday."
)
@click.option("--month", "month", type=Month(), help="A calendar month instead, as it is billed.")
@click.option("--domain", metavar="NAME", help="Only this domain. Default: the whole account.")
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    help="Of the page. Default: the setting archive.language.",
)
@click.option(
    "--output",
    type=OutputFile(dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    help="File to write.",
)
def report(
    first: date | None,
    last: date | None,
    month: date | None,
    domain: str | None,
    language: str | None,
    output: Path,
) -> None:
    r"""Write a report with charts: traffic, viewers, health, errors, streams, coverage.

    One HTML file that needs no network: for the browser (light and dark), for a phone, mail and print.
    In it days can be chosen, and each domain and stream has a page. Days that are not in the archive
    are shown as gaps. It is made from the served copy, also during a load.

    \b
    Examples:
      livestats report
      livestats report --month 2026-10 --output october.html
      livestats report --from -7d --domain live.example.com
    """
    from pipelines.reports.usage import whole
    from pipelines.reports.usage.scope import NothingToReport
    from resources.fs import atomic

    if month is not None and (first is not None or last is not None):
        raise click.UsageError("Give --month, or --from and --to, not both.")
    in_order(first, last)
    if not output.resolve().parent.is_dir():
        raise Refused(f"{output} cannot be written: there is no folder {output.parent}.")
    archive: Archive = opened()
    try:
        asked = whole.month(month) if month else None
        days = whole.requested_range(
            archive, asked.first if asked else first, asked.last if asked else last
        )
        text = whole.report(archive, days, domain, language)
    except NothingToReport as error:
        raise Refused(str(error)) from error
    atomic.write_atomically(output.resolve(), text.encode("utf-8", "backslashreplace"))
    screen.note(f"Written: {output} ({screen.size(output.stat().st_size)}), {days}")
