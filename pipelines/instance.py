"""Dagster's own storage: it lies in the home, and nothing of the archive depends on it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from resources import files
from resources.archive import Archive

COMMAND = "livestats/command"
"""Tag of runs that the command line does in its own process."""

PROCESS = "livestats/process"
"""Tag that names that process."""

TEMPLATE = Path(__file__).with_name("dagster.yaml")


def dagster_home(archive: Archive) -> Path:
    """The folder for DAGSTER_HOME, with its configuration; one that is there is left as it is."""
    archive.home.prepare(archive.settings, archive.now())
    folder = archive.home.dagster.resolve()
    config = folder / "dagster.yaml"
    if not config.exists():
        files.write_whole(config, TEMPLATE.read_bytes())
    return folder


@contextmanager
def instance(archive: Archive) -> Iterator[dg.DagsterInstance]:
    """Run history in the home; runs of command lines that were killed are ended in it."""
    with dg.DagsterInstance.from_config(str(dagster_home(archive))) as found:
        end_dead_runs(found)
        yield found


def this_process() -> str:
    """Names this process for as long as it lives: host, number, and when it began."""
    return f"{socket.gethostname()} {os.getpid()} {_began(os.getpid())}"


def end_dead_runs(history: dg.DagsterInstance) -> int:
    """Mark runs of command lines whose process is gone as failed; how many there were.

    Dagster takes them for running, and the daemon starts nothing while they fill its places.
    """
    unfinished = dg.RunsFilter(
        statuses=[
            dg.DagsterRunStatus.NOT_STARTED,
            dg.DagsterRunStatus.STARTING,
            dg.DagsterRunStatus.STARTED,
        ]
    )
    dead = [
        run
        for run in history.get_runs(unfinished)
        if COMMAND in run.tags and not _is_alive(run.tags.get(PROCESS, ""))
    ]
    for run in dead:
        history.report_run_failed(run, "The command line that ran this was killed.")
    return len(dead)


def _is_alive(process: str) -> bool:
    host, number, began = [*process.split(" "), "", "", ""][:3]
    if host != socket.gethostname():
        return bool(host)  # on another machine: not for us to say
    return number.isdecimal() and _exists(int(number)) and _began(int(number)) == began


def _exists(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _began(number: int) -> str:
    """When a process began, in the kernel's ticks; "" where the kernel does not tell."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""
