"""Reads settings from livestats.toml and the environment, which takes precedence.

Which settings exist, and the ranges of their values, is in model and dataset_overrides.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from resources.api import json_log, redaction
from resources.api.catalog import DATASETS
from resources.api.catalog.vendors import VENDORS
from resources.config import cut_settings
from resources.config import dataset_overrides as single
from resources.config.errors import SettingsError
from resources.config.model import Settings, general

FILE = "livestats.toml"
FILE_VARIABLE = "LIVESTATS_SETTINGS"
PREFIX = "LIVESTATS_"
SCHEDULES_VARIABLE = "LIVESTATS_SCHEDULES"
ACCOUNT_VARIABLE = "LIVESTATS_UI_ACCOUNT"
UI_SECRET = "LIVESTATS_UI_SECRET"  # noqa: S105 - the name of a variable
BESIDE: Mapping[str, str] = {
    FILE_VARIABLE: f"another settings file than {FILE} of the current folder.",
    "LIVESTATS_NOW": "what time it is taken to be, such as 2026-11-22T12:00:00+08:00: for drills "
    "against livestats simulate; nothing is captured with it from any other API.",
    "LIVESTATS_ALERT_WEBHOOK": "where alarms are sent to; its value is a secret.",
    "LIVESTATS_ALERT_WEBHOOK_FILE": "a file that holds it instead.",
    json_log.VARIABLE: "`json` makes each line that a command logs a JSON object; `text` is the default.",
    SCHEDULES_VARIABLE: "`run` lets schedules and sensors start by themselves; `livestats ui` sets "
    "it. Elsewhere, as under `dagster dev`, they wait until they are switched on.",
    ACCOUNT_VARIABLE: "name of the account on a page of several; `livestats ui` sets it, with --accounts.",
    UI_SECRET: "what a login proxy proves itself with to `livestats ui`, for --login-header.",
    f"{UI_SECRET}_FILE": "a file that holds it instead.",
}
"""Variables beside the settings, and what each gives."""

_OF_DATASETS = [
    f"{single.SECTION}.{name}.{key}"
    for name, one in DATASETS.items()
    for key in single.keys_of(one)
]


@dataclass(frozen=True)
class ResolvedSettings:
    """Settings, and where each field that is not a default was set."""

    settings: Settings
    origins: Mapping[str, str]  # name of the field -> the variable, or the path of the file
    file: Path | None  # that was read


def load(
    environ: Mapping[str, str], folder: Path, *, leave_out_broken_cuts: bool = False
) -> Settings:
    """The settings of livestats.toml in `folder`, with environment variables over them.

    LIVESTATS_SETTINGS names another file. A relative archive.home is taken from the file's folder. Raises SettingsError; with
    `leave_out_broken_cuts` not for a cut: the rest goes on without it, and an alarm says why.
    """
    found = resolve(environ, folder, leave_out_broken_cuts=leave_out_broken_cuts)
    return found.settings


def resolve(
    environ: Mapping[str, str], folder: Path, *, leave_out_broken_cuts: bool = False
) -> ResolvedSettings:
    """As `load`, with the origin of each value. Raises SettingsError."""
    named = environ.get(FILE_VARIABLE)
    file = Path(named) if named else folder / FILE
    if named and not file.is_file():
        raise SettingsError(f"{FILE_VARIABLE} names {file}, and there is no such file.")
    redaction.hold_urls(environ)
    _refuse_unknown(environ)
    given = _from_file(file) if file.is_file() else {}
    redaction.hold_url(given.get("api_url"))
    for reason in () if leave_out_broken_cuts else given.get("broken_cuts", {}).values():
        raise SettingsError(f"{file}: {reason}")
    origins = dict.fromkeys(given, str(file))
    for known in general():
        variable = known.metadata["variable"]
        if variable and environ.get(variable):
            given[known.name] = _from_text(known, variable, environ[variable])
            origins[known.name] = variable
    if "api_url" in given:
        for vendor in VENDORS.values():
            if given["api_url"].rstrip("/") == vendor.url:
                given.setdefault("vendor", vendor.name)
    elif given.get("vendor") in VENDORS:
        given["api_url"] = VENDORS[given["vendor"]].url
    if leave_out_broken_cuts:
        given |= _cuts_that_can_be(given)
    try:
        return ResolvedSettings(Settings(**given), origins, file if file.is_file() else None)
    except TypeError as error:  # a type that no check covers
        raise SettingsError(f"{file}: {error}") from error


def _cuts_that_can_be(given: Mapping[str, Any]) -> dict[str, Any]:
    """The cuts that go with the other settings, such as the time zone, and why the others do not."""
    left, broken = {}, dict(given.get("broken_cuts", {}))
    for name, cut in given.get("cuts", {}).items():
        try:
            Settings(**{**given, "cuts": {name: cut}})
        except SettingsError as error:
            broken[name] = str(error)
        else:
            left[name] = cut
    return {"cuts": left, "broken_cuts": broken}


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    """Raise SettingsError for an unknown LIVESTATS_ variable, which is most likely a typing error."""
    known = [*BESIDE, *(v for f in general() if (v := f.metadata["variable"]))]
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known and environ[name]:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f": did you mean {near[0]}?" if near else f". Known: {', '.join(known)}"
            raise SettingsError(f"The environment has {name}, and there is no such setting{hint}")


def _from_file(file: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is no TOML: {error}") from error
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from error
    places = {known.metadata["where"]: known for known in general()}
    given: dict[str, Any] = {}
    if single.SECTION in document:
        given["own"] = single.read(document.pop(single.SECTION), file)
    if cut_settings.SECTION in document:
        cuts, broken = cut_settings.read(document.pop(cut_settings.SECTION), file)
        given |= {"cuts": cuts, "broken_cuts": broken}
    for place, value in _leaves(document, ""):
        if place not in places:
            if "key" in place.rpartition(".")[2] or "token" in place:
                raise SettingsError(
                    f"{file}: {place} is no setting: keys are never in this file. Take it out; "
                    "they come from VOLC_ACCESSKEY and VOLC_SECRETKEY, or from the vendor's own "
                    "files in ~/.volc."
                )
            near = difflib.get_close_matches(place, [*places, *_OF_DATASETS], n=1, cutoff=0.5)
            hint = f": did you mean {near[0]}?" if near else f". Known: {', '.join(places)}"
            raise SettingsError(f"{file}: there is no setting {place}{hint}")
        known = places[place]
        given[known.name] = _checked(known, f"{file}: {place}", value, file.parent)
    return given


def _leaves(table: Mapping[str, Any], above: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in table.items():
        place = f"{above}{key}"
        if isinstance(value, dict) and (value or _is_section(place)):
            found += _leaves(value, f"{place}.")
        else:
            found.append((place, value))
    return found


def _is_section(place: str) -> bool:
    return any(known.metadata["where"].startswith(f"{place}.") for known in general())


def _checked(known: dataclasses.Field[Any], place: str, value: Any, folder: Path) -> Any:
    """A TOML value converted to the type of its setting. Raises SettingsError."""
    kind = str(known.type)
    match value:
        case "" if kind == "Path":
            raise SettingsError(f"{place} is empty: name a folder, or leave the line out.")
        case str() if kind == "Path":
            return folder / _expanded(place, value)
        case str() if kind == "str":
            return value
        case list() if kind.startswith("tuple") and all(isinstance(v, str) for v in value):
            return tuple(value)
        case datetime():  # a subclass of date
            pass
        case date() if kind.startswith("date"):
            return value
        case bool():
            pass
        case int() if kind == "int":
            return value
        case int() | float() if kind.startswith("float"):
            return float(value)
    raise SettingsError(f"{place} = {value!r} is not {_wanted(kind)}. {known.metadata['meaning']}")


def _wanted(kind: str) -> str:
    """How a value of that type is described in an error."""
    wanted = {
        "Path": "a folder in quotes",
        "str": "a text in quotes",
        "int": "a whole number",
        "date": "a day like 2026-11-01",
        "float": "a number",
        "tuple": "a list of texts, like ['a', 'b']",
    }
    return next(text for start, text in wanted.items() if kind.startswith(start))


def _expanded(place: str, text: str) -> Path:
    """The path with ~ expanded, as no shell does it for a settings file."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise SettingsError(f"{place} = {text!r}: {error}") from error


def _from_text(known: dataclasses.Field[Any], variable: str, text: str) -> Any:
    """The text of a variable converted to the type of its setting. Raises SettingsError."""
    kind = str(known.type)
    try:
        if kind == "Path":
            return Path(text)
        if kind.startswith("date"):
            return date.fromisoformat(text)
        if kind == "int":
            return int(text)
        if kind.startswith("float"):
            return None if text == "none" else float(text)
    except ValueError as error:
        raise SettingsError(
            f"{variable}={text!r} is not {_wanted(kind)}. {known.metadata['meaning']}"
        ) from error
    return text
