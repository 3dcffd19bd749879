"""Dagster's own storage: it lies in the home, and nothing of the archive depends on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from assets import tables
from resources import files
from resources.archive import Archive

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
    """Run history in the home; one load at a time."""
    with dg.DagsterInstance.from_config(str(dagster_home(archive))) as found:
        storage = found.event_log_storage
        if storage.get_pool_limits() == [] or tables.POOL not in {
            limit.name for limit in storage.get_pool_limits()
        }:
            storage.set_concurrency_slots(tables.POOL, 1)
        yield found
