"""The file of an account, where several are worked on: its home, settings and key.

An account is a file NAME.env in one folder: lines NAME=VALUE, as systemd's EnvironmentFile= has them.
Read next: turns.py.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from resources.api import json_log
from resources.config import SettingsError
from resources.config.loader import FILE_VARIABLE, PREFIX, UI_SECRET

HOME_VARIABLE = "LIVESTATS_HOME"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_OF_LIVESTATS = (PREFIX, "VOLC_", "AWS_")
"""Beginnings of variables that are an account's own: those of the surroundings count for none."""

_SHARED = (json_log.VARIABLE, UI_SECRET, f"{UI_SECRET}_FILE")
"""Variables of the page and of all processes."""


@dataclass(frozen=True)
class Account:
    """One account."""

    name: str
    variables: Mapping[str, str]  # of its file

    @property
    def home(self) -> Path:
        """Its home."""
        return Path(self.variables[HOME_VARIABLE]).resolve()

    def environ(self, surroundings: Mapping[str, str]) -> dict[str, str]:
        """The environment of its processes: its own variables, and nothing of another account."""
        shared = {
            name: value
            for name, value in surroundings.items()
            if name in _SHARED or not name.startswith(_OF_LIVESTATS)
        }
        return {**shared, **self.variables, HOME_VARIABLE: str(self.home)}


def read(folder: Path) -> list[Account]:
    """The accounts of a folder, by name. Raises SettingsError."""
    found = [_read(path) for path in sorted(folder.glob("*.env"))]
    if not found:
        raise SettingsError(
            f"{folder} has no account: write a file NAME.env for each, with a line "
            f"{HOME_VARIABLE}=/path and those of its key. docs/scale.md has an example."
        )
    homes: dict[Path, str] = {}
    for one in found:
        if (other := homes.setdefault(one.home, one.name)) != one.name:
            raise SettingsError(f"{other} and {one.name} have the same home, {one.home}.")
    return found


def _read(path: Path) -> Account:
    if not _NAME.fullmatch(path.stem):
        raise SettingsError(
            f"{path}: the file is named after the account: small letters, digits and _, a letter first."
        )
    try:
        lines = [shlex.split(one, comments=True) for one in path.read_text("utf-8").splitlines()]
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError:  # from None: a key may stand in the line
        raise SettingsError(
            f"{path} cannot be read: it has an open quote, or is no text."
        ) from None
    variables: dict[str, str] = {}
    for number, words in enumerate(lines, start=1):
        for word in words:
            name, equals, value = word.partition("=")
            if not equals or not name.isidentifier():
                raise SettingsError(f"{path}, line {number}, is not NAME=VALUE.")
            variables[name] = value
    for name in (HOME_VARIABLE, FILE_VARIABLE):
        if not Path(variables.get(name) or "/").is_absolute():
            raise SettingsError(f"{path}: write the whole path in {name}.")
    if not variables.get(HOME_VARIABLE):
        raise SettingsError(f"{path} has no line {HOME_VARIABLE}=/path: the home of the account.")
    return Account(path.stem, variables)
