"""`livestats query`: SQL on the served copy."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from pipelines.cli import screen
from pipelines.cli.options import Refused, opened

if TYPE_CHECKING:
    import duckdb
    from rich.text import Text

FORMATS = ("table", "csv", "json", "parquet")
_COPY = {
    "csv": "FORMAT csv, HEADER true",
    "json": "FORMAT json, ARRAY true",
    "parquet": "FORMAT parquet, COMPRESSION zstd",
}


@click.command()
@click.argument("sql")
@click.option(
    "--format",
    "style",
    type=click.Choice(FORMATS),
    help="Default: table, or what the ending of --output says.",
)
@click.option("--output", type=click.Path(path_type=Path), help="File to write; default: stdout.")
@click.option(
    "--rows",
    "most",
    default=50,
    show_default=True,
    type=click.IntRange(min=1),
    help="Rows that a table shows; the other formats have all.",
)
def query(sql: str, style: str | None, output: Path | None, most: int) -> None:
    r"""Answer SQL from the served copy, read-only.

    The SQL is DuckDB's. The served copy is never locked, so it can be asked during a load.

    `-` reads the SQL from stdin.

    \b
    Examples:
      livestats query "SELECT domain, max(down_bandwidth_mbps) FROM edge_stat GROUP BY domain"
      livestats query "FROM ledger WHERE state = 'missing'" --format csv
      livestats query "FROM edge_stat" --output edge.parquet
      livestats query - --format json < question.sql

    Tables and columns: livestats tables
    """
    import duckdb

    style = style or _style_of(output)
    text = sys.stdin.read() if sql == "-" else sql
    if not text.strip():
        raise click.UsageError("There is no SQL. Give it in quotes, or pipe it in and write -")
    if style == "parquet" and output is None:
        raise click.UsageError("Parquet is not for the screen: name a file with --output.")
    try:
        with opened().reading() as connection:
            found = _asked(connection, text)
            if found is None:
                screen.note("Done; the statement has no rows to show.")
            elif style == "table":
                _table(found, most, output)
            else:
                _written(connection, found, style, output)
    except duckdb.IOException as error:
        raise Refused(str(error)) from error
    except duckdb.Error as error:
        raise Refused(_told(error)) from error


def _asked(connection: duckdb.DuckDBPyConnection, text: str) -> duckdb.DuckDBPyRelation | None:
    """The answer of the last statement; None for one without rows, such as SET."""
    return connection.sql(text)


def _style_of(output: Path | None) -> str:
    ending = output.suffix.lstrip(".").lower() if output else ""
    return ending if ending in FORMATS else "table"


def _told(error: duckdb.Error) -> str:
    text = str(error)
    if "read-only" in text:
        return "The served copy is read-only: it is made from the lake and can only be asked."
    hint = "" if "LINE" not in text else "\n"
    return f"{text}{hint}\nTables and columns: livestats tables"


def _written(
    connection: duckdb.DuckDBPyConnection,
    found: duckdb.DuckDBPyRelation,  # noqa: ARG001 - DuckDB finds it by its name
    style: str,
    output: Path | None,
) -> None:
    """Have DuckDB write the file; to stdout by way of a scratch one, byte for byte."""
    with TemporaryDirectory() as scratch:
        target = output or Path(scratch) / "answer"
        connection.execute(f"COPY (FROM found) TO {_quoted(str(target))} ({_COPY[style]})")
        if output is None:
            with target.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
        else:
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
    for row in rows[:most]:
        shown.add_row(*(_cell(value) for value in row))
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


def _cell(value: object) -> Text:
    from rich.text import Text

    if value is None:
        return Text("NULL", style="dim")
    if isinstance(value, float):
        return Text(f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}")
    return Text(_clean(str(value)))


def _clean(text: str) -> str:
    """Names of the API are foreign text: what a terminal would obey is shown as an escape."""
    from resources.api.errors import printable

    return printable(text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
