"""`livestats query`: SQL on the served copy, as a table, Markdown, CSV, JSON, Parquet or Excel.

Asking and showing is in asking.py, which `livestats shell` shares.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

import click

from pipelines.cli import complete, days, screen
from pipelines.cli.options import Day, Refused
from pipelines.cli.output import OutputFile
from resources.serving.formats import FORMATS, LAYOUTS


class Named(click.ParamType[tuple[str, str]]):
    """`NAME=VALUE`."""

    name = "name=value"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        name, sign, text = value.partition("=")
        if not (name.strip() and sign):
            self.fail(f"{value!r} is not NAME=VALUE.", param, ctx)
        return name.strip(), text


def _with_sources(command: Callable[..., None]) -> Callable[..., None]:
    """Options that say what is asked."""
    for option in (
        click.option(
            "--with",
            "joined",
            type=Named(),
            multiple=True,
            metavar="NAME=FILE",
            help="Make a CSV, JSON or Parquet file of yours the table NAME, for this question.",
        ),
        click.option("--domain", metavar="NAME", help="The same as --param domain=NAME."),
        click.option(
            "--param",
            "given",
            type=Named(),
            multiple=True,
            metavar="NAME=VALUE",
            help="Value of a parameter, getvariable('NAME') in SQL; days as yesterday or 2026-09.",
        ),
        click.option(
            "--show-sql", "shown", is_flag=True, help="Print the SQL of --example; do not run it."
        ),
        click.option(
            "--example",
            "name",
            metavar="NAME",
            shell_complete=complete.examples,
            help="Run that example instead of SQL.",
        ),
        click.option("--examples", "listed", is_flag=True, help="List the example questions."),
        click.option(
            "-f",
            "--file",
            "source",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="File with the SQL.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("sql", required=False)
@click.option(
    "--format",
    "style",
    type=click.Choice((*LAYOUTS, *FORMATS)),
    help="Default: table, or by the suffix of --output.",
)
@click.option(
    "--guard",
    is_flag=True,
    help="In CSV: put ' before text that a spreadsheet would take for a formula (= + - @).",
)
@click.option("--output", type=OutputFile(), help="File to write; default: stdout.")
@click.option(
    "--rows",
    "most_rows",
    default=50,
    show_default=True,
    type=click.IntRange(min=1),
    help="Rows shown as table, box, line or markdown; the other formats have all rows.",
)
@_with_sources
def query(
    sql: str | None,
    style: str | None,
    guard: bool,
    output: Path | None,
    most_rows: int,
    source: Path | None,
    listed: bool,
    name: str | None,
    shown: bool,
    given: Sequence[tuple[str, str]],
    domain: str | None,
    joined: Sequence[tuple[str, str]],
) -> None:
    r"""Answer SQL from the served copy, read-only.

    The SQL dialect is DuckDB's. The served copy is never locked, so it can be queried during a load.
    A statement that would write, attach or read anything else is refused.

    `-` reads the SQL from stdin. In a terminal, a table shows as many whole columns as fit, and a
    long one goes through your pager (PAGER=cat: none). Files have exact values, also of names that
    begin like a formula: for spreadsheets use --guard, or --format xlsx. Times in CSV and JSON have
    their offset from UTC.

    \b
    Examples:
      livestats query "SELECT domain, max(down_bandwidth_mbps) FROM edge_stat GROUP BY domain"
      livestats query "FROM ledger WHERE state = 'missing'" --format csv
      livestats query "FROM edge_stat" --output edge.parquet
      livestats query -f question.sql --format markdown
      livestats query --examples
      livestats query --example bill_of_a_month --param month=2026-09
      livestats query --with c=contracts.csv "FROM billing_monthly_by_domain JOIN c USING (domain)"

    Tables and columns: livestats tables. Question after question: livestats shell
    """
    from pipelines.cli.asking import Question, answer
    from resources.serving.example_queries import UnknownExample
    from resources.serving.sql_sandbox import QueryError

    if listed:
        _list_examples()
        return
    try:
        text = _text(sql, name, source)
        if shown:
            if name is None:
                raise click.UsageError("--show-sql prints the SQL of --example NAME.")
            screen.say(text.rstrip())
            return
        style = _style(style, output, guard=guard)
        files = {table: Path(path).expanduser() for table, path in joined}
        _check_files(name, files)
        values = {key: _value(key, value) for key, value in given}
        if domain is not None:
            values["domain"] = domain
        question = Question(sql=text, values=values, files=files)
        answer(question, style, output, most_rows, guard=guard)
    except (QueryError, UnknownExample) as error:
        raise Refused(str(error)) from error


def _style(style: str | None, output: Path | None, *, guard: bool) -> str:
    """The format to write or the layout to show, checked against the other options."""
    from resources.serving.export import check_target, format_name_of

    style = style or (format_name_of(output) if output else "table")
    if guard and style != "csv":
        raise click.UsageError("--guard is for CSV, which spreadsheets open.")
    if output:
        check_target(output, style)
    elif style in FORMATS and not FORMATS[style].is_text:
        raise click.UsageError(
            f"{style.capitalize()} cannot be shown on the screen: name a file with --output."
        )
    return style


def _value(name: str, text: str) -> str | date:
    """A day if the text is written like one, of a month the first (of `to` the last); else the text."""
    is_day = days.is_day(text)
    return Day(is_last=name == "to").convert(text, None, None) if is_day else text


def _text(sql: str | None, name: str | None, source: Path | None) -> str:
    """The SQL to run: as given, from a file or stdin, or of the example."""
    from resources.serving.example_queries import example

    if sum(one is not None for one in (sql, name, source)) > 1:
        raise click.UsageError("Give SQL, --file FILE or --example NAME, not several of them.")
    if name is not None:
        return example(name).sql
    if source is not None:
        text = source.read_text("utf-8")
    else:
        text = sys.stdin.read() if sql == "-" else sql or ""
    if not text.strip():
        raise click.UsageError(
            "There is no SQL. Give it in quotes, or pipe it in and write -. Examples: "
            "livestats query --examples"
        )
    return text


def _check_files(name: str | None, given: Mapping[str, Path]) -> None:
    """Raise Refused if the example joins a file that is not given."""
    from resources.serving.example_queries import example

    for table, columns in example(name).files.items() if name else ():
        if table not in given:
            raise Refused(
                f"The example {name} joins a file of yours, CSV, JSON or Parquet, with the columns "
                f"{columns}. Name it: --with {table}=FILE"
            )


def _list_examples() -> None:
    from rich.table import Table
    from rich.text import Text

    from resources.serving.example_queries import examples

    listed = Table(box=None, pad_edge=False, header_style="bold")
    listed.add_column("example", no_wrap=True)
    listed.add_column("question")
    listed.add_column("parameters")
    for found in examples():
        takes = [*found.parameters, *(f"--with {table}" for table in found.files)]
        listed.add_row(found.name, Text(found.question), ", ".join(takes))
    screen.console(wide=True).print(listed)
    screen.note(
        "Run one: livestats query --example NAME. Show its SQL: --show-sql. Another day, month or "
        "domain: --param NAME=VALUE"
    )
