"""`livestats diff`: compares two captures of one day, row by row.

The comparison is in resources/lake/table_diff.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli import complete, screen
from pipelines.cli.options import Day, chosen, json_option, opened

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from resources.api.catalog.datasets import Dataset
    from resources.archive import Archive
    from resources.lake.table_diff import RowChange, TableDiff
    from resources.raw.captures import Capture


@click.command()
@click.argument("name", metavar="DATASET", shell_complete=complete.datasets)
@click.argument("day", type=Day(), metavar="DAY")
@click.option(
    "--from-capture", "older", metavar="NAME", help="Default: the capture before --to-capture."
)
@click.option("--to-capture", "newer", metavar="NAME", help="Default: the newest.")
@click.option(
    "--limit",
    "most",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="Number of rows to show; the counts cover all rows.",
)
@json_option
def diff(
    name: str, day: date, older: str | None, newer: str | None, most: int, as_json: bool
) -> None:
    r"""Show what the vendor restated: two captures of one day, row by row.

    Rows are matched by the key of the table. Both captures are parsed from the raw archive with the
    installed version; no API call is made. The beginning of a capture's name is enough, such as the
    day on which it was fetched.

    \b
    Examples:
      livestats diff edge_stat 2026-11-20
      livestats diff edge_stat 2026-11-20 --from-capture 20261121T --limit 5

    Which days were restated: livestats query "FROM revisions"
    """
    from resources.fs import scratch
    from resources.lake import table_diff
    from resources.system_tables import revisions

    archive = opened()  # which knows its cuts
    (dataset,) = chosen([name], ())
    zone = archive.settings.zone
    before, after = _two(archive, dataset, day, older, newer)
    with scratch.folder(archive.home.state) as folder:
        paths = [revisions.normalised_rows(c, dataset, day, folder) for c in (before, after)]
        with table_diff.comparing(folder, archive.settings.time_zone) as connection:
            comparison = table_diff.Comparison(connection, dataset, *paths)
            found, rows = comparison.whole(), comparison.rows(most)
    if as_json:
        screen.emit_json(_answer(dataset, day, (before, after), found, rows))
    else:
        _show(dataset, day, (before, after), found, rows, zone)


def _two(
    archive: Archive, dataset: Dataset, day: date, older: str | None, newer: str | None
) -> tuple[Capture, Capture]:
    """The captures to compare."""
    from resources.raw import captures as raw_captures
    from resources.raw import seen_notes

    folder = raw_captures.folder_of(archive.home.raw, dataset.name, day)
    names = raw_captures.captures_in(folder)
    about, zone = f"{dataset.name} {day}", archive.settings.zone
    if not names:
        raise click.ClickException(_not_captured(archive, dataset, day))
    to = _named(names, newer, about) if newer else names[-1]
    if older:
        start = _named(names, older, about)
    else:
        earlier = [n for n in names if n < to]
        if not earlier:
            raise click.ClickException(_alone(about, names, to, seen_notes.last_seen(folder), zone))
        start = earlier[-1]
    if start == to:
        raise click.ClickException(
            f"Both ends are the capture {to.text}. Name two different ones: {_list(names)}."
        )
    return raw_captures.Capture(folder / start.text, start), raw_captures.Capture(
        folder / to.text, to
    )


def _not_captured(archive: Archive, dataset: Dataset, day: date) -> str:
    from resources.raw import captures as raw_captures

    if dataset.is_dimension:
        folders = raw_captures.days_of(archive.home.raw, dataset.name).items()
        found = screen.days_text(d for d, folder in folders if raw_captures.captures_in(folder))
        return (
            f"{dataset.name} is captured only on days on which it changed, and {day} is not one. "
            f"There are: {found or 'none yet'}."
        )
    return (
        f"{dataset.name} {day} is not captured. Why: livestats status --from {day} --to {day} "
        f"--dataset {dataset.name}"
    )


def _named(names: Sequence[Any], text: str, about: str) -> Any:
    """The capture whose name begins with `text`."""
    found = [n for n in names if n.text.startswith(text)]
    if len(found) == 1:
        return found[0]
    what = "No capture" if not found else f"More than one capture ({len(found)})"
    raise click.ClickException(
        f"{what} of {about} begins with {text!r}. There are: {_list(names)}."
    )


def _list(names: Sequence[Any]) -> str:
    return ", ".join(n.text for n in names)


def _alone(
    about: str, names: Sequence[Any], capture: Any, seen: datetime | None, zone: ZoneInfo
) -> str:
    if len(names) > 1:
        return f"{capture.text} is the first capture of {about}. There are: {_list(names)}."
    text = (
        f"{about} has one capture, fetched {_time(capture.fetched_at, zone)}: nothing to compare it "
        "with."
    )
    if seen is not None and seen > capture.fetched_at:
        text += f" The vendor still said the same on {_time(seen, zone)}."
    return text


def _answer(
    dataset: Dataset,
    day: date,
    captures: tuple[Capture, Capture],
    found: TableDiff,
    rows: Sequence[RowChange],
) -> dict[str, Any]:
    sides = [
        {"capture": c.name.text, "fetched_at": c.name.fetched_at.isoformat()} for c in captures
    ]
    return {
        "dataset": dataset.name,
        "day": str(day),
        "from": {**sides[0], "rows": found.rows_before},
        "to": {**sides[1], "rows": found.rows_after},
        "added": found.added,
        "removed": found.removed,
        "changed": found.changed,
        "columns": {name: column.facts() for name, column in found.columns.items()},
        "rows": [
            {
                "change": row.kind,
                "key": row.key,
                "cells": {name: {"old": a, "new": b} for name, (a, b) in row.cells.items()},
            }
            for row in rows
        ],
    }


def _show(
    dataset: Dataset,
    day: date,
    captures: tuple[Capture, Capture],
    found: TableDiff,
    rows: Sequence[RowChange],
    zone: ZoneInfo,
) -> None:
    screen.say(f"{dataset.name} {day}")
    sides = zip(("from", "to"), captures, (found.rows_before, found.rows_after), strict=True)
    for side, capture, count in sides:
        at = _time(capture.name.fetched_at, zone)
        screen.say(f"  {side:<4} {capture.name.text}, fetched {at}, {screen.counted(count, 'row')}")
    total = found.added + found.removed + found.changed
    if not total:
        screen.say("No row differs: the responses differ in a field that no table has.")
        return
    screen.say(
        f"{screen.counted(found.added, 'row')} added, {found.removed:,} removed, "
        f"{found.changed:,} changed.\n"
    )
    console = screen.console(wide=True)
    console.print(_columns(found))
    if rows:
        console.print()
        console.print(_rows(rows))
    if total > len(rows) > 0:
        screen.note(f"The first {len(rows)} of {total:,} rows; more with --limit.")


def _columns(found: TableDiff) -> Any:
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("column", no_wrap=True)
    for heading in ("cells", "sum before", "sum after", "moved"):
        shown.add_column(heading, justify="right")
    for name, column in found.columns.items():
        moved = "" if column.relative is None else f"{column.relative:+.2%}"
        sums = ["" if v is None else _text(v) for v in (column.before, column.after)]
        shown.add_row(name, f"{column.cells:,}", *sums, moved)
    return shown


def _rows(rows: Sequence[RowChange]) -> Any:
    """A line for each cell; the first line of a row has the change and the key."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("row", no_wrap=True)
    for name in rows[0].key:
        shown.add_column(name)
    shown.add_column("column", no_wrap=True)
    shown.add_column("old", justify="right")
    shown.add_column("new", justify="right")
    for row in rows:
        lead = [row.kind, *map(_text, row.key.values())]
        # A row without columns besides its key is one line.
        for name, (old, new) in (row.cells or {"": (None, None)}).items():
            sides = (
                "" if row.kind == "added" else _text(old) if name else "",
                "" if row.kind == "removed" else _text(new) if name else "",
            )
            shown.add_row(*map(Text, (*lead, name, *sides)))
            lead = [""] * len(lead)
    return shown


def _text(value: object) -> str:
    """A value for the screen; control characters in foreign text are escaped."""
    from resources.api.errors import printable

    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).lower()
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,}".removesuffix(".0")
        case datetime():
            return value.isoformat(" ")
    return printable(str(value))


def _time(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
