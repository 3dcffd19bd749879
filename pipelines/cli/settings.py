"""`livestats settings`: what counts, and where it was set."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.cli import screen
from pipelines.cli.options import json_option


@click.command()
@json_option
def settings(as_json: bool) -> None:
    r"""Show every setting, its value, and where that comes from.

    A setting comes from the environment, else from livestats.toml in the current folder (or the
    file that LIVESTATS_SETTINGS names), else it has its default. The access key is no setting and
    is not shown; `livestats doctor` says where it was found.

    \b
    Examples:
      livestats settings
      livestats settings --json
    """
    import os
    from dataclasses import fields

    from rich.table import Table

    from resources.settings import Settings, find

    found = find(os.environ, Path.cwd())
    lines = [
        {
            "setting": known.metadata["where"],
            "value": getattr(found.settings, known.name),
            "from": found.origins.get(known.name, "default"),
            "variable": known.metadata["variable"],
            "meaning": known.metadata["meaning"],
        }
        for known in fields(Settings)
    ]
    if as_json:
        screen.emit_json(lines)
        return
    table = Table(box=None, pad_edge=False, header_style="")
    for title in ("setting", "value", "from", "meaning"):
        table.add_column(title, overflow="fold")
    for line in lines:
        table.add_row(line["setting"], _shown(line["value"]), line["from"], line["meaning"])
    console = screen.console(wide=True)
    console.print(table)
    if found.file is None:
        screen.note("\nThere is no settings file here. `livestats init` makes one.")


def _shown(value: object) -> str:
    if value is None or value == ():
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
