"""`livestats ui`: starts Dagster's web interface and daemon on this archive.

What Dagster loads is in pipelines/definitions.py. Read next: orchestration/instance.py.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from pipelines.cli import screen
from pipelines.cli.options import Refused, opened

_QUIET = ["--log-level", "warning"]  # otherwise each check of each sensor logs a line

CHECKOUT = Path(__file__).resolve().parents[2]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=3000, show_default=True, help="Port of the web interface.")
@click.option(
    "--only",
    type=click.Choice(["web", "daemon", "code"]),
    help="One part in this process, for services and containers. Default: all, until Ctrl-C.",
)
@click.option(
    "--code",
    metavar="HOST:PORT",
    help="Address of `--only code`; web and daemon then do not load the code themselves.",
)
def ui(host: str, port: int, only: str | None, code: str | None) -> None:
    r"""Start Dagster's web interface and its schedules.

    It shows the graph of all tables, runs and schedules, and starts backfills on click.

    The run history is in the home, in dagster/. The schedules run as long as this command runs. For
    permanent operation, run web and daemon as two services: docs/operating.md has systemd units and
    a compose file.

    \b
    Examples:
      livestats ui
      livestats ui --port 3001
      livestats ui --only daemon
    """
    from pipelines.orchestration.instance import dagster_home, instance
    from pipelines.orchestration.run_launcher import end_orphans
    from resources.config import FILE, FILE_VARIABLE

    words = command(host, port, only, code)
    archive = opened()
    folder = dagster_home(archive)
    with instance(archive) as history:  # ends runs of command lines that were killed
        if only == "code":
            end_orphans(history, port)
    environ = surroundings(os.environ, archive.home.root, folder)
    if not environ.get(FILE_VARIABLE) and Path(FILE).is_file():
        environ[FILE_VARIABLE] = str(Path(FILE).resolve())
    where = f"Dagster's {only or 'web interface and daemon'} on {archive.home.root}"
    seen = f": http://{host}:{port} in about 15 s" if only in (None, "web") else ""
    screen.note(f"{where}{seen}, until Ctrl-C")
    os.chdir(CHECKOUT)
    os.execve(sys.executable, words, environ)  # noqa: S606 - no shell is wanted


def command(host: str, port: int, only: str | None = None, code: str | None = None) -> list[str]:
    """The command line of Dagster, to be run in the checkout.

    Raises Refused for options that exclude each other.
    """
    if code is not None and only not in ("web", "daemon"):
        raise Refused(
            "--code is the address of the code server: use it with --only web or --only daemon."
        )
    listen = ["--host", host, "--port", str(port)]
    match only:
        case None:
            words = ["dagster", "dev", "-w", "workspace.yaml", *_QUIET, *listen]
        case "code":
            words = ["dagster", "code-server", "start", "-f", "pipelines/definitions.py"]
            words += ["--working-directory", ".", *listen]
        case "web":
            words = ["dagster_webserver", *_workspace(code), "--dagster-log-level", "warning"]
            words += listen
        case _:
            words = ["dagster._daemon", "run", *_workspace(code), *_QUIET]
    # Dagster recommends another launcher, which is not installed, at each start.
    return [sys.executable, "-W", "ignore:Function `dev_command` is superseded", "-m", *words]


def _workspace(code: str | None) -> list[str]:
    """Arguments that say where web and daemon find the definitions."""
    if code is None:
        return ["-w", "workspace.yaml"]
    host, _, port = code.rpartition(":")
    if not host or not port.isdecimal():
        raise Refused(f"--code {code!r} is not an address. Write it like code:4000.")
    return ["--grpc-host", host, "--grpc-port", port]


def surroundings(environ: Mapping[str, str], home: Path, folder: Path) -> dict[str, str]:
    """The environment of Dagster. Paths are absolute because it runs in the checkout."""
    from pipelines.orchestration.instance import surroundings as of_dagster

    ours = {"LIVESTATS_HOME": str(home.resolve()), **of_dagster(folder.resolve())}
    return {**environ, **ours}
