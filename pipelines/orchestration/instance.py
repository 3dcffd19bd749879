"""Dagster's own storage: it lies in the home, and nothing of the archive depends on it."""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from pipelines.orchestration import history_database
from pipelines.orchestration.processes import PROCESS, is_alive
from resources.archive import Archive
from resources.config import SettingsError
from resources.fs import atomic, locks

log = logging.getLogger("livestats.dagster")

COMMAND = "livestats/command"
"""Tag of runs that a command line of version 0.1.0 made in its own process; none are made now."""

CONFIG = "dagster.yaml"
TEMPLATE = Path(__file__).with_name(CONFIG)

_EARLIER = frozenset(
    (
        "57d38fad2447a1fb06cc4b877b7026b61b45851d015b022de0a70f69a8325882",
        "de781c5ef47e1b1a181c2188ada1030a36e70f56a4f6919ec8d31643377debd5",
        "e86ff3de3b85cee252241946c221eeed2f271acfff684049c9d1eaf286297b40",
        "e49da99e1cb6b945714977159f9dbb56cfd9b3649e606a8af31139f0fdac9d09",  # 0.1.0
        "69db6a784e7f291e019e2c0ff0c528f8fafddb3d428a50343010edf96708e6e1",
        "edf8b77a06095691e6950244d3bb560acc453d38acc77261fecb695aedcaa5c9",
    )
)
"""SHA-256 of templates that were shipped before they had their checksum in the file. It is complete."""

_SEAL = b"# Replaced by later versions of livestats while it is unchanged: %s\n"

_IN_FILES = (
    b"# Run history: no `storage` block, so Dagster keeps it in SQLite files in this folder.\n\n"
)
"""What the template says of the run history; not true of one in a database."""

_RETIRED = (
    (
        "storage:\n  custom:\n    module: pipelines.storage\n    class: Storage\n    config:\n"
        "      base_dir:\n        env: DAGSTER_HOME\n",
        "",
    ),
    (
        "  module: pipelines.launcher\n  class: Launcher\n",
        "  module: pipelines.orchestration.run_launcher\n  class: RunLauncher\n",
    ),
)
"""Text of version 0.1.0's template that names modules which are gone, and what takes its place."""

_RETIRED_MODULE = re.compile(r"^[^#\n]*\bpipelines\.(?:storage|launcher)\b", re.MULTILINE)


def dagster_home(archive: Archive) -> Path:
    """The folder for DAGSTER_HOME, with its configuration; one that was changed by hand stays.

    The run history is where the settings say: the file gets their `storage` block, or loses it.

    Raises SettingsError for a configuration that names modules of version 0.1.0 in a way of its own, or
    that was changed by hand and keeps the history elsewhere than the settings say.
    """
    archive.home.prepare(archive.settings, archive.now())
    folder = archive.home.dagster.resolve()
    config = folder / CONFIG
    database = history_database.address_of(archive.settings)
    if config.exists():
        upgrade_config(config, database)
    else:
        atomic.write_atomically(config, shipped(database))
    return folder


def shipped(database: str = "") -> bytes:
    """The file that a home gets: the template, and its checksum, which later versions look at.

    `database` is the address of the run history, as SQLAlchemy writes it; "": SQLite.
    """
    return sealed(TEMPLATE.read_bytes(), history_database.block(database))


def sealed(content: bytes, storage: str = "") -> bytes:
    """A configuration with a block `storage`, if one is given, and its checksum in front."""
    if storage:
        content = content.replace(_IN_FILES, b"") + storage.encode()
    return _SEAL % hashlib.sha256(content).hexdigest().encode() + content


def is_as_shipped(content: bytes) -> bool:
    """True if nobody has changed the file since any version of livestats wrote it."""
    first, _, rest = content.partition(b"\n")
    seal = _SEAL % hashlib.sha256(rest).hexdigest().encode()
    return first + b"\n" == seal or hashlib.sha256(content).hexdigest() in _EARLIER


def upgrade_config(config: Path, database: str | None = None) -> None:
    """Bring a home's dagster.yaml to the present modules, and to the `database` of the run history.

    A shipped template is replaced by the present one. In a file that was changed by hand only the
    blocks that name modules of version 0.1.0 are replaced, if they are as they were shipped. Without
    `database` the history stays where it is; "" is SQLite.

    Raises SettingsError if it names such a module otherwise, or lacks a database in a file of its own.
    """
    before = config.read_bytes()
    if is_as_shipped(before):
        present = history_database.address_in(before)
        after = shipped(present if database is None else database)
        if database not in (None, present):
            log.warning(
                "Dagster's run history is in %s from now on, by the settings. It was in %s, where the "
                "earlier runs stay.",
                *(history_database.place_of(one) for one in (str(database), present)),
            )
    else:
        text = before.decode(errors="surrogateescape")
        for old, new in _RETIRED:
            text = text.replace(old, new)
        if found := _RETIRED_MODULE.search(text):
            line = text.count("\n", 0, found.end()) + 1
            raise SettingsError(
                f"{config}, line {line}, names a module of livestats 0.1.0 that is gone: "
                f"{found[0].strip()!r}. Remove the `storage` block (Dagster's own SQLite works on "
                "the same files), write `module: pipelines.orchestration.run_launcher` and `class: "
                "RunLauncher` under `run_launcher`; or move the file away: it is written anew."
            )
        if database and database not in text:
            raise SettingsError(
                f"scale.dagster is set, and {config} was changed by hand and does not name that "
                f"database. Add to it, or replace its own `storage` block by:\n"
                f"{history_database.block(database)}\nOr move the file away: it is written anew."
            )
        after = text.encode(errors="surrogateescape")
    if after != before:
        atomic.write_atomically(config, after)


@contextmanager
def instance(archive: Archive) -> Iterator[dg.DagsterInstance]:
    """Run history in the home; runs of command lines that were killed are ended in it."""
    with history_in(dagster_home(archive)) as found:
        end_dead_runs(found)
        yield found


@contextmanager
def history_in(folder: Path) -> Iterator[dg.DagsterInstance]:
    """The run history in a DAGSTER_HOME that is there; its configuration is brought up to date.

    Raises SettingsError as `upgrade_config` does.
    """
    upgrade_config(folder / CONFIG)
    with _surrounded(folder), _opened(folder) as found:
        yield found


def make_tables(folder: Path) -> None:
    """Make the tables of a run history before several processes open it. Raises SettingsError."""
    with _surrounded(folder), _opened(folder):
        pass


def _opened(folder: Path) -> dg.DagsterInstance:
    """The instance, one process at a time: two that both make the first tables make neither."""
    with locks.lock(folder / ".lock"), history_database.explained():
        return dg.DagsterInstance.from_config(str(folder))


def surroundings(folder: Path) -> dict[str, str]:
    """The environment that Dagster's processes need."""
    return {"DAGSTER_HOME": str(folder)}


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
    """Mark runs of version 0.1.0's command lines whose process is gone as failed; how many.

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
