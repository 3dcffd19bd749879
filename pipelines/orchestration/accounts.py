"""Several accounts on one page of Dagster: what each of their processes is told, and the instance they share.

An account is a file NAME.env in one folder: lines NAME=VALUE, as systemd's EnvironmentFile= has them, with
its home, settings and key. Each is a code location of a process of its own. Not here: starting the
processes (cli/ui_accounts.py).
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.orchestration import start_status
from pipelines.orchestration.instance import CONFIG, TEMPLATE, is_as_shipped, sealed
from resources.api import json_log
from resources.config import SettingsError
from resources.config.loader import (
    ACCOUNT_VARIABLE,
    FILE_VARIABLE,
    PREFIX,
    SCHEDULES_VARIABLE,
    UI_SECRET,
)
from resources.fs import atomic

HOME_VARIABLE = "LIVESTATS_HOME"
RUNS_OF_ONE = 2
"""Runs of one account at a time, as with an instance of its own."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_OF_LIVESTATS = (PREFIX, "VOLC_", "AWS_")
"""Beginnings of variables that are an account's own: those of the surroundings count for none."""

_SHARED = (json_log.VARIABLE, UI_SECRET, f"{UI_SECRET}_FILE")
"""Variables of the page and of all processes."""

_CONCURRENCY = re.compile(rb"^concurrency:\n(?:[ ].*\n)+", re.MULTILINE)


@dataclass(frozen=True)
class Account:
    """One account of the page."""

    name: str
    variables: Mapping[str, str]  # of its file

    @property
    def home(self) -> Path:
        """Its home."""
        return Path(self.variables[HOME_VARIABLE]).resolve()

    def environ(self, surroundings: Mapping[str, str], history: Path) -> dict[str, str]:
        """The environment of its process: its own variables, and nothing of another account."""
        shared = {
            name: value
            for name, value in surroundings.items()
            if name in _SHARED or not name.startswith(_OF_LIVESTATS)
        }
        return {
            **shared,
            **self.variables,
            HOME_VARIABLE: str(self.home),
            ACCOUNT_VARIABLE: self.name,
            SCHEDULES_VARIABLE: start_status.RUN,
            "DAGSTER_HOME": str(history),
        }


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


def workspace(sockets: Mapping[str, str]) -> str:
    """What Dagster reads to find the code of each account; `sockets` are by name."""
    return json.dumps(
        {
            "load_from": [
                {"grpc_server": {"socket": socket, "location_name": name}}
                for name, socket in sockets.items()
            ]
        }
    )


def write_config(history: Path, number: int) -> None:
    """Write dagster.yaml of the instance that so many accounts share, unless it was changed by hand."""
    history.mkdir(mode=0o750, parents=True, exist_ok=True)
    file = history / CONFIG
    content = config(number)
    before = file.read_bytes() if file.exists() else content
    if not file.exists() or (is_as_shipped(before) and before != content):
        atomic.write_atomically(file, content)


def config(number: int) -> bytes:
    """The file for a number of accounts: a run for each, and no account keeps another waiting."""
    block = (
        "concurrency:\n  runs:\n"
        "    # One for each account, two at least.\n"
        f"    max_concurrent_runs: {max(RUNS_OF_ONE, number)}\n"
        "    tag_concurrency_limits:\n"
        "      # For each account.\n"
        "      - key: dagster/code_location\n"
        "        value:\n          applyLimitPerUniqueValue: true\n"
        f"        limit: {RUNS_OF_ONE}\n"
        "      # What the schedule asks for comes in an order: some datasets need the rows of others.\n"
        "      - key: livestats/due\n"
        "        value:\n          applyLimitPerUniqueValue: true\n"
        "        limit: 1\n"
        "      # Tonight's schedule need not wait for last year.\n"
        "      - key: dagster/backfill\n"
        "        value:\n          applyLimitPerUniqueValue: true\n"
        "        limit: 1\n"
    )
    return sealed(_CONCURRENCY.sub(block.encode(), TEMPLATE.read_bytes()))
