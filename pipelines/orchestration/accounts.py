"""Several accounts on one page of Dagster: what each of their processes is told, and the instance they share.

Each is a code location of a process of its own. Not here: what an account is
(pipelines/accounts/account_file.py), starting the processes (cli/ui_accounts.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from pipelines.accounts.account_file import Account
from pipelines.orchestration import start_status
from pipelines.orchestration.instance import CONFIG, TEMPLATE, is_as_shipped, sealed
from resources.config.loader import ACCOUNT_VARIABLE, SCHEDULES_VARIABLE
from resources.fs import atomic

RUNS_OF_ONE = 2
"""Runs of one account at a time, as with an instance of its own."""

_CONCURRENCY = re.compile(rb"^concurrency:\n(?:[ ].*\n)+", re.MULTILINE)


def environ_of(account: Account, surroundings: Mapping[str, str], history: Path) -> dict[str, str]:
    """The environment of an account's code server, and of its runs."""
    return {
        **account.environ(surroundings),
        ACCOUNT_VARIABLE: account.name,
        SCHEDULES_VARIABLE: start_status.RUN,
        "DAGSTER_HOME": str(history),
    }


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
