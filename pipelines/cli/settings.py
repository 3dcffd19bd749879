"""`livestats settings`: prints every setting, its value and its source.

Settings are read by resources/config.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli import screen
from pipelines.cli.options import json_option
from resources.api.redaction import redact

if TYPE_CHECKING:
    from rich.table import Table

    from resources.config import ResolvedSettings


@click.command()
@json_option
def settings(as_json: bool) -> None:
    r"""Show every setting, its value, and where the value comes from.

    The environment overrides livestats.toml in the current folder (or the file that
    LIVESTATS_SETTINGS names), which overrides the defaults. The second table shows each dataset with
    the keys of its section [dataset.NAME] and their values; (set) marks values from the file. The
    access key is not a setting and is not shown; `livestats doctor` says where it was found.

    \b
    Examples:
      livestats settings
      livestats settings --json
    """
    import os

    from resources.config import resolve

    found = resolve(os.environ, Path.cwd())
    lines = _general(found)
    if as_json:
        screen.emit_json([*lines, *_of_datasets(found), *_of_cuts(found)])
        return
    table = _table("setting", "value", "from", "meaning")
    for line in lines:
        table.add_row(line["setting"], _shown(line["value"]), line["from"], line["meaning"])
    console = screen.console(wide=True)
    console.print(table)
    console.print()
    console.print(_datasets(found))
    if found.settings.cuts:
        console.print()
        console.print(_cuts(found))
    if found.file is None:
        screen.note("\nThere is no settings file here. `livestats init` makes one.")


def _general(found: ResolvedSettings) -> list[dict[str, Any]]:
    from resources.config import general

    return [
        {
            "setting": known.metadata["where"],
            "value": _without_secrets(getattr(found.settings, known.name)),
            "from": found.origins.get(known.name, "default"),
            "variable": known.metadata["variable"],
            "meaning": known.metadata["meaning"],
        }
        for known in general()
    ]


def _without_secrets(value: object) -> object:
    """A setting as it may be shown: the address of the API can hold a password or a token."""
    return redact(value) if isinstance(value, str) else value


def _of_datasets(found: ResolvedSettings) -> list[dict[str, Any]]:
    """The keys of all datasets."""
    from resources.api.catalog import DATASETS
    from resources.config.dataset_overrides import KEYS, SECTION, keys_of, value_of

    return [
        {
            "setting": f"{SECTION}.{name}.{key}",
            "value": value_of(found.settings.of(dataset), key),
            "from": str(found.file) if _is_set(found, name, key) else "default",
            "variable": None,
            "meaning": KEYS[key].metadata["meaning"],
        }
        for name, dataset in DATASETS.items()
        for key in keys_of(dataset)
    ]


def _of_cuts(found: ResolvedSettings) -> list[dict[str, Any]]:
    """What the cuts say, and nothing of what they do not."""
    from resources.api.catalog.cuts import KEYS
    from resources.config.cut_settings import SECTION, in_words

    return [
        {
            "setting": f"{SECTION}.{name}.{key}",
            "value": value,
            "from": str(found.file),
            "variable": None,
            "meaning": KEYS[key].metadata["meaning"],
        }
        for name, cut in found.settings.cuts.items()
        for key, value in in_words(cut)
    ]


def _cuts(found: ResolvedSettings) -> Table:
    """A line for each cut."""
    from resources.config.cut_settings import in_words

    table = _table("cut", "on", "says")
    for name, cut in found.settings.cuts.items():
        said = "; ".join(f"{key} = {_shown(value)}" for key, value in in_words(cut))
        table.add_row(name, "yes" if cut.table in found.settings.datasets else "no", said)
    return table


def _is_set(found: ResolvedSettings, name: str, key: str) -> bool:
    return getattr(found.settings.own.get(name), key, None) is not None


def _datasets(found: ResolvedSettings) -> Table:
    """A line for each dataset, a column for each key."""
    from resources.api.catalog import DATASETS
    from resources.config.dataset_overrides import KEYS, keys_of, value_of

    table = _table("dataset", "on", *KEYS)
    for name, dataset in DATASETS.items():
        if dataset.is_cut:
            continue
        has = keys_of(dataset)
        one = found.settings.of(dataset)
        cells = [
            f"{_of_one(value_of(one, key))}{' (set)' if _is_set(found, name, key) else ''}"
            if key in has
            else ""
            for key in KEYS
        ]
        table.add_row(name, "yes" if name in found.settings.datasets else "no", *cells)
    return table


def _of_one(value: object) -> str:
    return "all" if value == () else _shown(value)


def _table(*titles: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="")
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def _shown(value: object) -> str:
    if value is None or value == ():
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
