"""The settings: livestats.toml, and environment variables over it. No secret is among them.

Every setting is one field of `Settings`; its metadata says where it stands in the file, which
variable overrides it, and what it means, so that file, checks and documentation cannot disagree.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from resources.api import windows
from resources.api.catalogue import ABSENT_ON_BYTEPLUS, DATASETS, dataset

VOLCENGINE, BYTEPLUS = "volcengine", "byteplus"
HOSTS = {
    VOLCENGINE: "https://live.volcengineapi.com",
    BYTEPLUS: "https://open.byteplusapi.com",
}

FILE = "livestats.toml"
FILE_VARIABLE = "LIVESTATS_SETTINGS"
PREFIX = "LIVESTATS_"
_BESIDE = (FILE_VARIABLE, "LIVESTATS_NOW", "LIVESTATS_ALERT_WEBHOOK")
"""Variables that are no settings: where they stand, what time it is taken to be, and a secret."""


class SettingsError(ValueError):
    """A setting that cannot be followed; the message names it and what would be right."""


def _at(where: str, meaning: str, variable: str | None = None) -> dict[str, str | None]:
    return {"where": where, "meaning": meaning, "variable": variable}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run is told; immutable, checked, free of secrets."""

    home: Path = field(
        default=Path("data"),
        metadata=_at("archive.home", "Folder of the archive and the warehouse.", "LIVESTATS_HOME"),
    )
    time_zone: str = field(
        default="Asia/Shanghai",
        metadata=_at(
            "archive.time_zone",
            "Zone of the calendar day. Fixed once the first day is captured.",
            "LIVESTATS_TIME_ZONE",
        ),
    )
    first_day: date | None = field(
        default=None,
        metadata=_at(
            "archive.first_day",
            "First day of the archive; unset: as far back as the API remembered at the first run.",
            "LIVESTATS_FIRST_DAY",
        ),
    )
    vendor: str = field(
        default=VOLCENGINE,
        metadata=_at(
            "api.vendor",
            "volcengine or byteplus (MediaLive), which lacks some actions and parameters.",
            "LIVESTATS_VENDOR",
        ),
    )
    api_url: str = field(
        default=HOSTS[VOLCENGINE],
        metadata=_at(
            "api.url",
            f"Address of the API. Unset: the vendor's own; byteplus: {HOSTS[BYTEPLUS]}",
            "LIVESTATS_API_URL",
        ),
    )
    api_region: str = field(
        default="cn-north-1",
        metadata=_at("api.region", "Region that requests are signed for.", "LIVESTATS_API_REGION"),
    )
    calls_per_second: float | None = field(
        default=None,
        metadata=_at(
            "api.calls_per_second",
            "Ceiling over all actions of the account together; none: each action keeps the limit "
            "documented for it, and they go on side by side. Set it if the vendor limits your "
            "account as a whole, or other programs need room beside this one.",
            "LIVESTATS_CALLS_PER_SECOND",
        ),
    )
    quota_factor: float = field(
        default=1.0,
        metadata=_at(
            "api.quota_factor",
            "Your calls per second of each action over the documented ones: 2, if the vendor "
            "doubled the quota of the account.",
            "LIVESTATS_QUOTA_FACTOR",
        ),
    )
    workers: int = field(
        default=16,
        metadata=_at(
            "api.workers",
            "Requests of one action under way at the same time. Too few if calls per second x "
            "seconds of an answer are more.",
            "LIVESTATS_WORKERS",
        ),
    )
    push_domains: tuple[str, ...] = field(
        default=(),
        metadata=_at(
            "domains.push", "Push domains to capture; empty: all that the account ever had."
        ),
    )
    pull_domains: tuple[str, ...] = field(
        default=(),
        metadata=_at(
            "domains.pull", "Pull domains to capture; empty: all that the account ever had."
        ),
    )
    datasets_off: tuple[str, ...] = field(
        default=(), metadata=_at("datasets.off", "Datasets that are not captured.")
    )
    expiry_warning_days: int = field(
        default=7,
        metadata=_at(
            "archive.expiry_warning_days", "A missing day is called expiring this many days ahead."
        ),
    )

    def __post_init__(self) -> None:
        """Check what can be checked without opening anything."""
        zone = _zone(self.time_zone)
        if not windows.has_constant_offset(zone):
            raise SettingsError(
                f"archive.time_zone = {self.time_zone!r} changes its offset in summer: days of 23 "
                "and 25 hours cannot be asked in one request. Use a zone with one offset, such as "
                "Asia/Shanghai, Asia/Singapore or UTC."
            )
        if self.vendor not in HOSTS:
            raise SettingsError(
                f"api.vendor = {self.vendor!r}: one of {', '.join(HOSTS)} is possible."
            )
        if self.workers < 1:
            raise SettingsError(f"api.workers = {self.workers}: at least 1 is needed.")
        if self.calls_per_second is not None and not self.calls_per_second > 0:  # nan is not
            raise SettingsError(
                f"api.calls_per_second = {self.calls_per_second}: above 0 is needed."
            )
        if not 0.01 <= self.quota_factor < math.inf:
            raise SettingsError(
                f"api.quota_factor = {self.quota_factor}: from 0.01 on is possible; 1 is the "
                "documented quota."
            )
        if not 0 <= self.expiry_warning_days <= 366:
            raise SettingsError(
                f"archive.expiry_warning_days = {self.expiry_warning_days}: 0 to 366 is possible, "
                "for the API remembers 366 days."
            )
        for name in self.datasets_off:
            try:
                dataset(name)
            except ValueError as error:
                raise SettingsError(f"datasets.off: {error}") from error

    @property
    def zone(self) -> ZoneInfo:
        """The business time zone."""
        return _zone(self.time_zone)

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of the datasets that are captured."""
        off = {*self.datasets_off, *self.not_offered}
        return tuple(name for name in DATASETS if name not in off)

    @property
    def not_offered(self) -> tuple[str, ...]:
        """Names of the datasets that the vendor has no action for."""
        is_absent = self.vendor == BYTEPLUS
        return tuple(d.name for d in DATASETS.values() if is_absent and not d.endpoint.on_byteplus)

    @property
    def absent_parameters(self) -> frozenset[str]:
        """Parameters that the vendor does not take."""
        return ABSENT_ON_BYTEPLUS if self.vendor == BYTEPLUS else frozenset()


@dataclass(frozen=True)
class Found:
    """Settings, and for each field that is not left at its default, where it was set."""

    settings: Settings
    origins: Mapping[str, str]  # name of the field -> the variable, or the path of the file
    file: Path | None  # that was read


def load(environ: Mapping[str, str], folder: Path) -> Settings:
    """The settings of livestats.toml in `folder`, with environment variables over them.

    LIVESTATS_SETTINGS names another file. A relative archive.home is taken from the file's folder. Raises SettingsError.
    """
    return find(environ, folder).settings


def find(environ: Mapping[str, str], folder: Path) -> Found:
    """The same, and where each value comes from. Raises SettingsError."""
    named = environ.get(FILE_VARIABLE)
    file = Path(named) if named else folder / FILE
    if named and not file.is_file():
        raise SettingsError(f"{FILE_VARIABLE} names {file}, and there is no such file.")
    _refuse_unknown(environ)
    given = _from_file(file) if file.is_file() else {}
    origins = dict.fromkeys(given, str(file))
    for known in fields(Settings):
        variable = known.metadata["variable"]
        if variable and environ.get(variable):
            given[known.name] = _from_text(known, variable, environ[variable])
            origins[known.name] = variable
    if "api_url" in given:
        if given["api_url"].rstrip("/") == HOSTS[BYTEPLUS]:
            given.setdefault("vendor", BYTEPLUS)
    elif given.get("vendor") in HOSTS:
        given["api_url"] = HOSTS[given["vendor"]]
    try:
        return Found(Settings(**given), origins, file if file.is_file() else None)
    except TypeError as error:  # a value of a type that no check expects
        raise SettingsError(f"{file}: {error}") from error


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    """Raise SettingsError for a variable that nobody would read: a slip that changes nothing."""
    known = [*_BESIDE, *(v for f in fields(Settings) if (v := f.metadata["variable"]))]
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
    places = {known.metadata["where"]: known for known in fields(Settings)}
    given: dict[str, Any] = {}
    for place, value in _leaves(document, ""):
        if place not in places:
            near = difflib.get_close_matches(place, places, n=1, cutoff=0.5)
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
    return any(known.metadata["where"].startswith(f"{place}.") for known in fields(Settings))


def _checked(known: dataclasses.Field[Any], place: str, value: Any, folder: Path) -> Any:
    """A TOML value in the type of its setting."""
    kind = str(known.type)
    match value:
        case str() if kind == "Path":
            return folder / _expanded(place, value)
        case str() if kind == "str":
            return value
        case list() if kind.startswith("tuple") and all(isinstance(v, str) for v in value):
            return tuple(value)
        case datetime():  # which Python takes for a date
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
    """What a value of that type is written like."""
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
    """A path whose ~ is a home folder: no shell has seen the settings file."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise SettingsError(f"{place} = {text!r}: {error}") from error


def _from_text(known: dataclasses.Field[Any], variable: str, text: str) -> Any:
    """The value of an environment variable in the type of its setting."""
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


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(
            f"archive.time_zone = {name!r} is no known zone. Write it like Asia/Shanghai."
        ) from error
