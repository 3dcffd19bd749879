"""Dagster's own storage: it lies in the home, and nothing of the archive depends on it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from pipelines.orchestration.processes import PROCESS, is_alive
from pipelines.storage import BATCH, BATCH_VARIABLE
from resources.archive import Archive
from resources.fs import atomic

COMMAND = "livestats/command"
"""Tag of runs that the command line does in its own process."""

TEMPLATE = Path(__file__).with_name("dagster.yaml")

_EARLIER = frozenset(
    (
        "57d38fad2447a1fb06cc4b877b7026b61b45851d015b022de0a70f69a8325882",
        "de781c5ef47e1b1a181c2188ada1030a36e70f56a4f6919ec8d31643377debd5",
        "e86ff3de3b85cee252241946c221eeed2f271acfff684049c9d1eaf286297b40",
    )
)
"""SHA-256 of templates that were shipped before."""


def dagster_home(archive: Archive) -> Path:
    """The folder for DAGSTER_HOME, with its configuration; one that was changed by hand stays."""
    archive.home.prepare(archive.settings, archive.now())
    folder = archive.home.dagster.resolve()
    config = folder / "dagster.yaml"
    if not config.exists() or _is_outdated(config):
        atomic.write_whole(config, TEMPLATE.read_bytes())
    return folder


def _is_outdated(config: Path) -> bool:
    """True if it is, byte for byte, one that an earlier livestats put there."""
    return hashlib.sha256(config.read_bytes()).hexdigest() in _EARLIER


@contextmanager
def instance(archive: Archive) -> Iterator[dg.DagsterInstance]:
    """Run history in the home; runs of command lines that were killed are ended in it."""
    with history_in(dagster_home(archive)) as found:
        end_dead_runs(found)
        yield found


@contextmanager
def history_in(folder: Path) -> Iterator[dg.DagsterInstance]:
    """The run history in a DAGSTER_HOME as it is."""
    with _surrounded(folder), _opened(folder) as found:
        yield found


def _opened(folder: Path) -> dg.DagsterInstance:
    """The instance, one process at a time: two that both make the first tables make neither."""
    with atomic.locked(folder):
        return dg.DagsterInstance.from_config(str(folder))


def surroundings(folder: Path) -> dict[str, str]:
    """The environment that dagster.yaml and Dagster's batches of events rely on."""
    return {"DAGSTER_HOME": str(folder), BATCH_VARIABLE: str(BATCH)}


@contextmanager
def _surrounded(folder: Path) -> Iterator[None]:
    """The same for this process, for the while."""
    ours = surroundings(folder)
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


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
        if COMMAND in run.tags and not is_alive(run.tags.get(PROCESS, ""))
    ]
    for run in dead:
        history.report_run_failed(run, "The command line that ran this was killed.")
    return len(dead)
