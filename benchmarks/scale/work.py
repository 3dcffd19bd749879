"""One step on the home that the environment names: python -m benchmarks.scale.work STEP.

load: lake files into the tables of the warehouse. marts: ledger, reconciliation and marts. copy: the
served copy. iceberg: all tables of the served copy as Iceberg tables.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping

from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.serving import masks
from resources.serving import publish as serving


def load(archive: Archive) -> int:
    """Load all that is new in the lake; the rows that were loaded."""
    with archive.keeping_warehouse_open() as one:
        found = [*one.sync_tables(DATASETS[name] for name in one.settings.datasets)]
    if problems := [f"{one.table}: {one.problem}" for one in found if one.problem]:
        raise SystemExit("\n".join(problems))
    return sum(one.rows for one in found if not DATASETS[one.table].is_dimension)


def marts(archive: Archive) -> int:
    """Make what is derived level with the tables."""
    archive.sync_marts()
    return 0


def copy(archive: Archive) -> int:
    """Publish the served copy, as `livestats publish` does when marts are level."""
    with archive.writing() as connection:
        wanted = masks.drawn(archive.home, archive.settings.personal_data)
        serving.publish(connection, archive.home, wanted)
    return 0


def iceberg(archive: Archive) -> int:
    """Publish Iceberg tables; the rows that were written."""
    from resources.publish_to import run

    done = run.publish(archive.home, archive.settings, "iceberg", ["*"], archive.now())
    return done.rows


STEPS: Mapping[str, Callable[[Archive], int]] = {
    "load": load, "marts": marts, "copy": copy, "iceberg": iceberg
}  # fmt: skip


def main() -> None:
    """Do the step that the command line names, and tell its rows."""
    rows = STEPS[sys.argv[1]](Archive.open(os.environ))
    if rows:
        print(f"rows {rows}")


if __name__ == "__main__":
    main()
