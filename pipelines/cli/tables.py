"""`livestats tables`: the data dictionary."""

from __future__ import annotations

import difflib
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
    r"""Show the tables and marts with their keys, columns and units.

    \b
    Examples:
      livestats tables                  all, one line each
      livestats tables edge_stat        one, with its columns
      livestats tables bandwidth_5min   a mart likewise
      livestats tables --json           everything, for programs
    """
    from resources import contents

    known = {table["table"]: table for table in contents.tables()}
    found = (
        [_named(known, name) for name in dict.fromkeys(names)] if names else list(known.values())
    )
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


_HEADINGS = {
    "dataset": "Tables of what the API says",
    "mart": "Marts: answers made from the tables",
    "bookkeeping": "About the archive",
}


def _named(known: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    from pipelines.cli.options import Refused

    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f": did you mean {near[0]}?" if near else "."
        raise Refused(f"There is no table {name!r}{hint} All: livestats tables")
    return known[name]


def _list(console: Console, found: list[dict[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    width = max(len(_call(table)) for table in found)
    for section, heading in _HEADINGS.items():
        shown = Table(box=None, pad_edge=False, header_style="bold")
        shown.add_column("table", no_wrap=True, min_width=width)
        shown.add_column("columns", justify="right")
        shown.add_column("what it holds")
        for table in found:
            kind = table["kind"] if table["kind"] in _HEADINGS else "mart"
            if kind == section:
                first = table["description"].partition(". ")[0].removesuffix(".")
                row = (_call(table), str(len(table["columns"])), first)
                shown.add_row(*map(Text, row))
        console.print(Text(f"\n{heading}", style="bold"))
        console.print(shown)


def _call(table: dict[str, Any]) -> str:
    """How a table stands in a FROM; a macro with its parameters."""
    if table["kind"] != "macro":
        return str(table["table"])
    given = [f"{n} := {d}" if d is not None else n for n, d in table["parameters"].items()]
    return f"{table['table']}({', '.join(given)})"


def _columns(console: Console, table: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    console.print(Text(_call(table), style="bold"))
    console.print(Text(table["description"]))
    if table["action"]:
        console.print(f"action      {table['action']}")
    else:
        console.print(f"kind        {table['kind']}")
    if table["key"]:
        console.print(f"key         {', '.join(table['key'])}")
    if table["parameters"] and table["action"]:
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
        shown.add_row(*map(Text, row))
    console.print(shown)
    console.print()


def _word(value: object) -> str:
    return " + ".join(map(str, value)) if isinstance(value, list) else str(value)
