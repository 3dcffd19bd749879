"""`livestats query`: SQL on the served copy, as a table, CSV, JSON or Parquet.

Reading is restricted by resources/serving/sql_sandbox.py; files are written by export.py there.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.cli import screen
from pipelines.cli.options import Refused, opened
from resources.serving.formats import FORMATS

if TYPE_CHECKING:
    import duckdb
    from rich.text import Text


@click.command()
@click.argument("sql", required=False)
@click.option(
    "--format",
    "style",
    type=click.Choice(("table", *FORMATS)),
    help="Default: table, or by the suffix of --output.",
)
@click.option(
    "--guard",
    is_flag=True,
    help="In CSV: put ' before text that a spreadsheet would take for a formula (= + - @).",
)
@click.option("--output", type=click.Path(path_type=Path), help="File to write; default: stdout.")
@click.option(
    "--rows",
    "most",
    default=50,
    show_default=True,
    type=click.IntRange(min=1),
    help="Rows shown as a table; the other formats have all rows.",
)
@click.option("--examples", "listed", is_flag=True, help="List the example questions.")
@click.option("--example", "name", metavar="NAME", help="Run that example instead of SQL.")
@click.option(
    "--show-sql", "shown", is_flag=True, help="Print the SQL of --example without running it."
)
def query(
    sql: str | None,
    style: str | None,
    guard: bool,
    output: Path | None,
    most: int,
    listed: bool,
    name: str | None,
    shown: bool,
) -> None:
    r"""Answer SQL from the served copy, read-only.

    The SQL dialect is DuckDB's. The served copy is never locked, so it can be queried during a load.
    A statement that would write, attach or read anything else is refused.

    `-` reads the SQL from stdin. Files have exact values, also of names that begin like a formula:
    for spreadsheets use --guard. Times in CSV and JSON have their offset from UTC.

    \b
    Examples:
      livestats query "SELECT domain, max(down_bandwidth_mbps) FROM edge_stat GROUP BY domain"
      livestats query "FROM ledger WHERE state = 'missing'" --format csv
      livestats query "FROM edge_stat" --output edge.parquet
      livestats query - --format json < question.sql
      livestats query --examples
      livestats query --example NAME --show-sql

    Tables and columns: livestats tables
    """
    from resources.serving.example_queries import UnknownExample
    from resources.serving.export import check_target, format_name_of
    from resources.serving.sql_sandbox import QueryError

    if listed:
        _list_examples()
        return
    try:
        text = _text(sql, name)
        if shown:
            if name is None:
                raise click.UsageError("--show-sql prints the SQL of --example NAME.")
            screen.say(text.rstrip())
            return
        style = style or (format_name_of(output) if output else "table")
        if guard and style != "csv":
            raise click.UsageError("--guard is for CSV, which spreadsheets open.")
        if output:
            check_target(output, style)
        elif style in FORMATS and not FORMATS[style].is_text:
            raise click.UsageError(
                f"{style.capitalize()} cannot be shown on the screen: name a file with --output."
            )
        _answer(text, style, output, most, guard=guard)
    except (QueryError, UnknownExample) as error:
        raise Refused(str(error)) from error


def _text(sql: str | None, name: str | None) -> str:
    """The SQL to run: as given, from stdin, or of the example."""
    from resources.serving.example_queries import example

    if name is not None:
        if sql is not None:
            raise click.UsageError("Give SQL or --example NAME, not both.")
        return example(name).sql
    text = sys.stdin.read() if sql == "-" else sql or ""
    if not text.strip():
        raise click.UsageError(
            "There is no SQL. Give it in quotes, or pipe it in and write -. Examples: "
            "livestats query --examples"
        )
    return text


def _list_examples() -> None:
    from rich.table import Table
    from rich.text import Text

    from resources.serving.example_queries import examples

    listed = Table(box=None, pad_edge=False, header_style="bold")
    listed.add_column("example", no_wrap=True)
    listed.add_column("question")
    for found in examples():
        listed.add_row(found.name, Text(found.question))
    screen.console(wide=True).print(listed)
    screen.note("Run one: livestats query --example NAME. Show its SQL: --show-sql")


def _answer(text: str, style: str, output: Path | None, most: int, *, guard: bool) -> None:
    import duckdb

    from resources.fs import scratch
    from resources.serving import export, sql_sandbox

    try:
        archive = opened()
        with (
            scratch.folder(archive.home.state) as folder,
            archive.reading() as connection,
        ):
            spill = folder.resolve()
            sql_sandbox.restrict(connection, spill / "spill")
            found = sql_sandbox.run_query(connection, text)
            if found is None:
                screen.note("Done; the statement has no rows to show.")
            elif style == "table":
                _table(found, most, output)
            else:
                shown = export.guarded(found) if guard else found
                _written(shown, style, output, spill / "answer")
    except duckdb.Error as error:
        raise Refused(sql_sandbox.error_message(error)) from error


def _written(found: duckdb.DuckDBPyRelation, style: str, output: Path | None, aside: Path) -> None:
    """Write a complete file; for stdout, through the temporary file `aside`."""
    from resources.serving import export

    if output is None:
        export.write_file(found, style, aside)
        with aside.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
    else:
        export.write_atomically(found, style, output.resolve())
        screen.note(f"Written: {output} ({screen.size(output.stat().st_size)})")


def _table(found: duckdb.DuckDBPyRelation, most: int, output: Path | None) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name, kind in zip(found.columns, found.types, strict=True):
        is_number = str(kind).startswith(_NUMBERS)
        shown.add_column(Text(_clean(name)), justify="right" if is_number else "left")
    rows = found.limit(most + 1).fetchall()
    clean = _clean_lines if found.columns == _PLAN else _clean
    for row in rows[:most]:
        shown.add_row(*(_cell(value, clean) for value in row))
    if output is not None:
        with output.open("w", encoding="utf-8") as file:
            Console(file=file, width=1000, highlight=False).print(shown)
        screen.note(f"Written: {output}")
    else:
        screen.console(wide=True).print(shown)
    if len(rows) > most:
        screen.note(f"The first {most} rows; more with --rows, all with --format csv.")
    elif not rows:
        screen.note("No rows.")


_NUMBERS = ("TINY", "SMALL", "INT", "BIG", "HUGE", "U", "DECIMAL", "DOUBLE", "FLOAT")
_PLAN = [
    "explain_key",
    "explain_value",
]  # columns of EXPLAIN, whose plan DuckDB draws in several lines


def _cell(value: object, clean: Callable[[str], str]) -> Text:
    from rich.text import Text

    if value is None:
        return Text("NULL", style="dim")
    if isinstance(value, float):
        return Text(f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}")
    return Text(clean(str(value)))


def _clean(text: str) -> str:
    """Names from the API are foreign text: control characters are escaped."""
    from resources.api.errors import printable

    return printable(text)


def _clean_lines(text: str) -> str:
    return "\n".join(map(_clean, text.split("\n")))
