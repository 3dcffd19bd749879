"""`livestats ui`: Dagster's web interface and daemon on this archive."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from pipelines.cli import screen
from pipelines.cli.options import opened

CHECKOUT = Path(__file__).resolve().parents[2]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=3000, show_default=True, help="Port of the web interface.")
def ui(host: str, port: int) -> None:
    r"""Start Dagster's web interface and its schedules.

    The graph of all tables, runs, schedules and backfills by click.

    Its history lies in the home, in dagster/. The schedules run as long as this command does.

    \b
    Examples:
      livestats ui
      livestats ui --port 3001
    """
    from pipelines.instance import dagster_home, instance
    from resources.settings import FILE, FILE_VARIABLE

    archive = opened()
    folder = dagster_home(archive)
    with instance(archive):
        pass  # runs of command lines that were killed no longer count as running
    environ = surroundings(os.environ, archive.home.root, folder)
    if not environ.get(FILE_VARIABLE) and Path(FILE).is_file():
        environ[FILE_VARIABLE] = str(Path(FILE).resolve())
    screen.note(f"Dagster on {archive.home.root}: http://{host}:{port} in about 15 s, until Ctrl-C")
    os.chdir(CHECKOUT)
    os.execve(sys.executable, command(host, port), environ)  # noqa: S606 - no shell is wanted


def command(host: str, port: int) -> list[str]:
    """What is run, from the checkout."""
    words = ["-m", "dagster", "dev", "-w", "workspace.yaml", "--host", host, "--port", str(port)]
    return [sys.executable, *words]


def surroundings(environ: Mapping[str, str], home: Path, folder: Path) -> dict[str, str]:
    """The environment for it; paths are made absolute, since it runs in the checkout."""
    return {**environ, "LIVESTATS_HOME": str(home.resolve()), "DAGSTER_HOME": str(folder.resolve())}
