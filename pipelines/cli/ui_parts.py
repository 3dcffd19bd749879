"""The parts of Dagster that `livestats ui` starts: their command lines, and how they are ended.

Not here: which of them are started, for one account (ui.py) or several (ui_accounts.py).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pipelines.cli.options import Refused
from pipelines.orchestration import location
from resources.api import json_log

CHECKOUT = Path(__file__).resolve().parents[2]
_END_S = 8.0  # to end in, before a part is killed


def command(
    only: str,
    code: str | None,
    host: str,
    port: int,
    web: Sequence[str] = (),
    file: Path | None = None,
    name: str = location.NAME,
) -> list[str]:
    """The command line of a part, to be run in the checkout.

    `web` are options of the web server; `file` says where the code is served, None: nowhere; `name`
    is what the page calls the code.

    Raises Refused for options that exclude each other.
    """
    where = ["-w", str(file or "workspace.yaml")]
    if only == "code":
        words = ["dagster", "code-server", "start", "-f", "pipelines/definitions.py"]
        words += ["--working-directory", ".", "--location-name", name]
        words += _log_options()
        if code is not None and "/" in code:
            words += ["--socket", code]
        elif code is None:
            words += ["--host", host, "--port", str(port)]
        else:
            raise Refused("--only code listens on --host and --port, or on --code PATH (a socket).")
    elif only == "web":
        words = ["pipelines.orchestration.webserver", *where, *web]
    else:
        from pipelines.orchestration.dagster_internals import DAEMON_MODULE

        words = [DAEMON_MODULE, "run", *where, *_log_options()]
    return [sys.executable, "-m", *words]


def _log_options() -> list[str]:
    """What Dagster's own processes log, and as what: its JSON has names of its own."""
    return ["--log-level", "warning", *(["--log-format", "json"] if json_log.is_on() else [])]


def name_to(guard: subprocess.Popen[bytes]) -> None:
    """In a part before it begins: have it ended when its parent is gone, also after kill -9."""
    if guard.stdin is not None:
        os.write(guard.stdin.fileno(), f"{os.getpid()}\n".encode())


def end(parts: Sequence[subprocess.Popen[bytes]]) -> None:
    """End each part with all that it has started; what does not end in time is killed.

    The code server, which is the first, ends last: it waits for those that ask it.
    """
    for some in (parts[1:], parts[:1]):
        for part in some:
            _signal(part, signal.SIGTERM)
        until_s = time.monotonic() + _END_S
        for part in some:
            with suppress(subprocess.TimeoutExpired):
                part.wait(max(0.0, until_s - time.monotonic()))
    for part in parts:
        _signal(part, signal.SIGKILL)
        part.wait()


def _signal(part: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError):  # nothing of it is left
        os.killpg(part.pid, number)
