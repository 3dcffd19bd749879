"""Asks one question of the served copy and shows or writes its answer: for `query` and `shell`.

Reading is restricted by resources/serving/sql_sandbox.py; files are written by export.py there.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.cli import screen
from pipelines.cli.options import Refused, opened
from resources.serving.formats import FORMATS

if TYPE_CHECKING:
    import duckdb
    from rich.console import Console, RenderableType


@dataclass(frozen=True, kw_only=True)
class Question:
    """A statement, values for its parameters, and files to join, by the name of their table."""

    sql: str
    values: Mapping[str, str | date] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)


def answer(
    question: Question, style: str, output: Path | None, most_rows: int, *, guard: bool = False
) -> None:
    """Ask, and show the first `most_rows` rows or write all of them to `output` or stdout.

    Each question opens the newest served copy. Raises Refused, QueryError.
    """
    import duckdb

    from resources.fs import scratch
    from resources.serving import export, question_inputs, sql_sandbox

    question_inputs.check_values(question.sql, question.values)
    try:
        archive = opened()
        with (
            scratch.folder(archive.home.state) as folder,
            archive.reading() as connection,
        ):
            spill = folder.resolve()
            sql_sandbox.spill_to(connection, spill / "spill")
            question_inputs.load_files(connection, question.files)
            question_inputs.set_values(connection, question.values)
            sql_sandbox.restrict(connection, spill / "spill")
            found = sql_sandbox.run_query(connection, question.sql)
            if found is None:
                screen.note("Done; the statement has no rows to show.")
            elif style in FORMATS:
                shown = export.guarded(found) if guard else found
                _written(shown, style, output, spill / "answer")
            else:
                _shown(found, style, most_rows, output, _hint(question))
    except duckdb.Error as error:
        raise Refused(sql_sandbox.error_message(error)) from error


_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _hint(question: Question) -> str:
    """What to try when an answer has no rows; "" if nothing comes to mind."""
    from resources.serving import question_inputs

    days = sorted(filter(_DAY.fullmatch, map(str, question.values.values())))
    hint = f" Is {' or '.join(days)} captured? `livestats status` says it." if days else ""
    open_names = {*question_inputs.parameters_in(question.sql)} - {*question.values}
    names = " or ".join(sorted(open_names))
    return hint + (f" Ask about another {names}: --param." if names else "")


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


def _shown(
    found: duckdb.DuckDBPyRelation, layout: str, most_rows: int, output: Path | None, hint: str
) -> None:
    """Show an answer to people, or write it as it would be shown without a bound to its width."""
    from pipelines.cli import answer_table

    rows = found.limit(most_rows + 1).fetchall()
    columns = answer_table.columns(found.columns, found.types, rows[:most_rows])
    hidden = 0
    if layout in ("table", "box"):
        is_screen = output is None and sys.stdout.isatty()
        console = screen.console(wide=True)
        room = console.width if is_screen else None
        drawn, hidden = answer_table.table(columns, room, has_lines=layout == "box")
        text = _rendered(console, drawn, room)
    else:
        text = {"markdown": answer_table.markdown, "line": answer_table.lines}[layout](columns)
    if output is None:
        _page(text)
    else:
        output.write_text(text, "utf-8")
        screen.note(f"Written: {output}")
    if hidden:
        screen.note(
            f"{len(columns) - hidden} of {len(columns)} columns; all of them: --format line, or "
            "a wider terminal."
        )
    if len(rows) > most_rows:
        screen.note(f"The first {most_rows} rows; more with --rows, all with --format csv.")
    elif not rows:
        screen.note(f"No rows.{hint}")


_UNBOUNDED = 100_000  # cells; what is wider is folded there


def _rendered(console: Console, drawn: RenderableType, room: int | None) -> str:
    console.width = _UNBOUNDED if room is None else room
    with console.capture() as caught:
        console.print(drawn)
    return "\n".join(line.rstrip() for line in caught.get().split("\n"))


def _page(text: str) -> None:
    """Print text; through the pager of the user if it is longer than the terminal."""
    if sys.stdout.isatty() and text.count("\n") >= shutil.get_terminal_size().lines:
        # As git does: no paging of what fits, colours, and the text stays on the screen.
        os.environ.setdefault("LESS", "FRX")
        click.echo_via_pager(text.rstrip("\n"))  # which adds one
    else:
        click.echo(text, nl=False)
