"""Writes livestats.toml: every setting with its meaning, those that are given filled in.

Reading is in loader.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from resources.api.catalog.cuts import Cut
from resources.config import cut_settings
from resources.config.dataset_overrides import KEYS, SECTION, DatasetOverrides
from resources.config.loader import FILE
from resources.config.model import general
from resources.config.ready_cuts import READY

SECTIONS = {
    "archive": "Where the archive lies, and what its days are.",
    "api": "Whom to ask, and how fast.",
    "domains": "Which domains; without these two, all that the account ever had.",
    "datasets": "Which datasets. `livestats tables` lists them.",
    "logs": "What becomes of the log files that the vendor offers.",
    "publish": "Where to publish beside the served copy.",
    "scale": "What is done by other machines.",
}
_EXAMPLES = {"archive.first_day": date(2026, 1, 1), "api.calls_per_second": 30.0}
"""Example values for settings without a default."""


def text(given: Mapping[str, Any]) -> str:
    """livestats.toml with the values of `given`, by name of the field; the rest as comments.

    Reading it back gives these values and otherwise the defaults. No secret is among settings.
    """
    lines = [
        f"# {FILE}: the settings of one archive. Every setting is here; those behind a # have",
        "# their defaults. Environment variables, named in brackets, come before this file.",
        "# The access key is no setting: VOLC_ACCESSKEY and VOLC_SECRETKEY, or ~/.volc/credentials.",
    ]
    for section, about in SECTIONS.items():
        lines += ["", f"[{section}]  # {about}"]
        for known in general():
            above, _, key = str(known.metadata["where"]).rpartition(".")
            if above != section:
                continue
            variable = known.metadata["variable"]
            lines += ["", f"# {known.metadata['meaning']}{f' ({variable})' if variable else ''}"]
            if known.name in given:
                lines.append(f"{key} = {toml(given[known.name])}")
            else:
                shown = _EXAMPLES.get(known.metadata["where"], known.default)
                lines.append(f"# {key} = {toml(shown)}")
    lines += _of_datasets(given.get("own", {}))
    return "\n".join([*lines, *_of_cuts(given.get("cuts", {}))]) + "\n"


def _of_datasets(own: Mapping[str, DatasetOverrides]) -> list[str]:
    """The sections of single datasets, or an example if there are none."""
    lines = [
        "",
        f"# A section [{SECTION}.NAME] says something of a single dataset. No dataset has all these",
        "# keys: `livestats settings` shows which has what.",
        "#",
    ]
    lines += [f"# {key}: {known.metadata['meaning']}" for key, known in KEYS.items()]
    if not own:
        example = {"bucket_seconds": 5, "reread_days": 5, "streams": ("live/*",)}
        lines += ["#", f"# [{SECTION}.push_stream_metrics]"]
        lines += [f"# {key} = {toml(value)}" for key, value in example.items()]
    for name, one in own.items():
        lines += ["", f"[{SECTION}.{name}]"]
        said = {key: getattr(one, key) for key in KEYS}
        lines += [f"{key} = {toml(value)}" for key, value in said.items() if value is not None]
    return lines


def _of_cuts(cuts: Mapping[str, Cut]) -> list[str]:
    """The sections of cuts, or those that are ready to be used as comments."""
    lines = [
        "",
        f"# A section [{cut_settings.SECTION}.NAME] makes a table cut_NAME of an action, a split and filters:",
        "# docs/cuts.md. `livestats plan` tells what a day of it takes.",
    ]
    if not cuts:
        for about, cut in READY:
            lines += ["#", f"# {about}", *(f"# {line}" for line in section_of(cut))]
    for cut in cuts.values():
        lines += ["", *section_of(cut)]
    return lines


def section_of(cut: Cut) -> list[str]:
    """The section of a cut in the settings file."""
    said = cut_settings.in_words(cut)
    return [
        f"[{cut_settings.SECTION}.{cut.name}]",
        *(f"{key} = {toml(value)}" for key, value in said),
    ]


def toml(value: object) -> str:
    """A value in TOML syntax; a JSON string is a valid TOML string."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case date():
            return value.isoformat()
        case tuple() | list():
            return f"[{', '.join(toml(item) for item in value)}]"
        case Path() | str():
            return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    raise TypeError(f"{value!r} has no form in TOML")
