"""`livestats tables`: the data dictionary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipelines.cli import screen
from pipelines.cli.options import json_option

if TYPE_CHECKING:
    from rich.console import Console


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
def tables(names: tuple[str, ...], as_json: bool) -> None:
    r"""Show the tables with their keys, columns and units.

    \b
    Examples:
      livestats tables                  all, one line each
      livestats tables edge_stat        one, with its columns
      livestats tables --json           everything, for programs
    """
    from pipelines.cli.options import chosen
    from resources import dictionary

    known = {table["table"]: table for table in dictionary.tables()}
    found = [known[d.name] for d in chosen(names, ())] if names else list(known.values())
    if as_json:
        screen.emit_json(found)
        return
    console = screen.console(wide=True)
    if names:
        for table in found:
            _columns(console, table)
    else:
        _list(console, found)
        console.print("\nColumns: livestats tables NAME. For programs: livestats tables --json")


def _list(console: Console, found: list[dict[str, Any]]) -> None:
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("table", no_wrap=True)
    shown.add_column("columns", justify="right")
    shown.add_column("what it holds")
    for table in found:
        shown.add_row(table["table"], str(len(table["columns"])), table["description"])
    console.print(shown)


def _columns(console: Console, table: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    console.print(Text(table["table"], style="bold"))
    console.print(table["description"])
    console.print(f"action      {table['action']}")
    console.print(f"key         {', '.join(table['key'])}")
    if table["parameters"]:
        fixed = ", ".join(f"{k} = {_word(v)}" for k, v in table["parameters"].items())
        console.print(f"asked with  {fixed}")
    for variant in table["variants"]:
        console.print(f"variant     {', '.join(f'{k} = {_word(v)}' for k, v in variant.items())}")
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("column", "type", "unit", "API field"):
        shown.add_column(heading, no_wrap=True)
    shown.add_column("meaning")
    for column in table["columns"]:
        source = column["field"] or ""
        if column["field"] and column["factor"] != 1:
            source += f" x {column['factor']:g}"
        row = (column["name"], column["type"], column["unit"] or "", source, column["comment"])
        shown.add_row(*row)
    console.print(shown)
    console.print()


def _word(value: object) -> str:
    return " + ".join(map(str, value)) if isinstance(value, list) else str(value)
