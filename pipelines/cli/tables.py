"""`livestats tables`: prints the data dictionary.

The dictionary is made by resources/marts/data_dictionary.py.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli import complete, screen
from pipelines.cli.options import json_option

if TYPE_CHECKING:
    from rich.console import Console

    from resources.config import Settings


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete.tables)
@json_option
def tables(names: tuple[str, ...], as_json: bool) -> None:
    r"""Show the tables and marts with their keys, columns and units.

    Tables that only BytePlus has are in the list if api.vendor is byteplus; each can be named.

    \b
    Examples:
      livestats tables                  all, one line each
      livestats tables edge_stat        one, with its columns
      livestats tables bandwidth_5min   a mart likewise
      livestats tables --json           everything, for programs
    """
    from resources.config import load
    from resources.i18n import say
    from resources.marts import data_dictionary

    settings = load(os.environ, Path.cwd())
    language = settings.language
    known = {table["table"]: table for table in data_dictionary.tables(language)}
    found = (
        [_named(known, name) for name in dict.fromkeys(names)]
        if names
        else [table for name, table in known.items() if not _is_of_others(name, settings)]
    )
    if as_json:
        screen.emit_json(found)
        return
    console = screen.console(wide=True)
    if names:
        for table in found:
            _columns(console, table, language)
            _say_if_left_out(table["table"], settings)
    else:
        _list(console, found, language)
        more = "Columns: livestats tables NAME. For programs: livestats tables --json"
        console.print(f"\n{say(more, language)}")


_HEADINGS = {
    "dataset": "Tables of what the API says",
    "mart": "Marts: answers made from the tables",
    "bookkeeping": "About the archive",
}


def _named(known: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    from pipelines.cli.options import Refused
    from resources.errors import near

    if name not in known:
        found = near.either(name, known)
        hint = f": did you mean {found}?" if found else "."
        raise Refused(f"There is no table {name!r}{hint} All: livestats tables")
    return known[name]


def _is_of_others(name: str, settings: Settings) -> bool:
    """True for a table beyond Volcengine's, if it is Volcengine that is asked."""
    from resources.api.catalog import DATASETS
    from resources.api.catalog.vendors import VOLCENGINE

    own = DATASETS.get(name)
    is_beyond = own is not None and VOLCENGINE in own.endpoint.absent_on
    return is_beyond and settings.vendor == VOLCENGINE.name


def _list(console: Console, found: list[dict[str, Any]], language: str) -> None:
    from rich.table import Table
    from rich.text import Text

    from resources.i18n import say

    width = max(len(_call(table)) for table in found)
    for section, heading in _HEADINGS.items():
        shown = Table(box=None, pad_edge=False, header_style="bold")
        shown.add_column(say("table", language), no_wrap=True, min_width=width)
        shown.add_column(say("columns", language), justify="right", no_wrap=True)
        shown.add_column(say("what it holds", language))
        for table in found:
            kind = table["kind"] if table["kind"] in _HEADINGS else "mart"
            if kind == section:
                first = _first_sentence(table["description"])
                row = (_call(table), str(len(table["columns"])), first)
                shown.add_row(*map(Text, row))
        console.print(Text(f"\n{say(heading, language)}", style="bold"))
        console.print(shown)


def _call(table: dict[str, Any]) -> str:
    """How a table stands in a FROM; a macro with its parameters."""
    if table["kind"] != "macro":
        return str(table["table"])
    given = [f"{n} := {d}" if d is not None else n for n, d in table["parameters"].items()]
    return f"{table['table']}({', '.join(given)})"


def _first_sentence(text: str) -> str:
    """Without its full stop, an English or a Chinese one."""
    return re.split(r"\. |。", text, maxsplit=1)[0].removesuffix(".")


def _columns(console: Console, table: dict[str, Any], language: str) -> None:
    from rich.cells import set_cell_size
    from rich.table import Table
    from rich.text import Text

    from resources.i18n import say, say_unit

    console.print(Text(_call(table), style="bold"))
    console.print(Text(table["description"]))
    for label, fact in _facts(table):
        # markup=False: what stands in brackets is no style
        console.print(f"{set_cell_size(say(label, language), 12)}{fact}", markup=False)
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("column", "type", "unit", "API field"):
        shown.add_column(say(heading, language), no_wrap=True)
    shown.add_column(say("meaning", language))
    for column in table["columns"]:
        source = column["field"] or ""
        if column["field"] and column["factor"] != 1:
            source += f" x {column['factor']:g}"
        unit = say_unit(column["unit"], language)
        row = (column["name"], column["type"], unit, source, column["comment"])
        shown.add_row(*map(Text, row))
    console.print(shown)
    console.print()


def _say_if_left_out(name: str, settings: Settings) -> None:
    """Say why a table is not in this archive, if it is not."""
    from resources.api.catalog.datasets import CUT_PREFIX
    from resources.serving.sql_sandbox import required_datasets

    for missing in (one for one in required_datasets(name) if one not in settings.datasets):
        if missing.startswith(CUT_PREFIX) and missing not in settings.datasets_off:
            section = f"[cut.{missing.removeprefix(CUT_PREFIX)}]"
            screen.note(f"{missing} is captured no more: livestats.toml has no {section}.\n")
            continue
        why = (
            f"{settings.vendor} has no action for it"
            if missing in settings.not_offered
            else "datasets.off names it"
        )
        what = "It" if missing == name else f"It needs {missing}, which"
        screen.note(f"{name} is not in this archive. {what} is not captured: {why}.\n")


def _facts(table: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Source and key of a table."""
    yield ("action", table["action"]) if table["action"] else ("kind", table["kind"])
    if table["key"]:
        yield "key", ", ".join(table["key"])
    if table["parameters"] and table["action"]:
        yield "asked with", ", ".join(f"{k} = {_word(v)}" for k, v in table["parameters"].items())
    for variant in table["variants"]:
        yield "variant", ", ".join(f"{k} = {_word(v)}" for k, v in variant.items())


def _word(value: object) -> str:
    return " + ".join(map(str, value)) if isinstance(value, list) else str(value)
