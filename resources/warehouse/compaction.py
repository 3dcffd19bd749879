"""Compacts the warehouse file when too much of it is free.

DuckDB reuses the blocks of deleted rows but never shrinks the file: after everything was loaded
again, it and each served copy would stay twice as large. Who calls this: connection.py.
"""

from __future__ import annotations

import logging
from pathlib import Path

import duckdb

from resources.fs import atomic
from resources.sql import quoting
from resources.warehouse import identity

log = logging.getLogger("livestats.warehouse")

MAX_FREE_SHARE = 0.3
"""Share of the file that may be free. Compacting takes about 45 s CPU per GB of content."""

MIN_FREE_BYTES = 16 << 20  # with less free space, compacting gains nothing worth its time


def is_due(connection: duckdb.DuckDBPyConnection) -> bool:
    """True if so much of the file is free that compacting is worth its cost."""
    ((block, total, free),) = connection.execute(
        "SELECT block_size, total_blocks, free_blocks FROM pragma_database_size() "
        "WHERE database_name = current_database()"
    ).fetchall()
    return bool(free > MAX_FREE_SHARE * total and free * block >= MIN_FREE_BYTES)


def copy_compacted(connection: duckdb.DuckDBPyConnection, path: Path, storage: str) -> Path | None:
    """Copy the database, whose file is `path`, into a temporary file without free blocks.

    The caller renames it into place once the connection is closed. None if copying failed, such as
    on a full disk: the old file stays valid, only larger.
    """
    temp = atomic.temp_path(path)
    try:
        ((name,),) = connection.execute("SELECT current_database()").fetchall()
        connection.execute("CHECKPOINT")  # the log belongs to the old file
        connection.execute(f"ATTACH {quoting.literal(str(temp))} AS compact "
                           f"(STORAGE_VERSION '{storage}')")  # fmt: skip
        try:
            connection.execute(f"COPY FROM DATABASE {name} TO compact")
            connection.execute(
                "UPDATE compact.meta.state SET changes = changes + 1, commit_id = ?",
                [identity.new_commit()],
            )
        finally:
            connection.execute("DETACH compact")
    except duckdb.Error as error:
        log.warning("%s is larger than it need be, and could not be made anew: %s", path, error)
        remove_copy(temp)
        return None
    return temp


def remove_copy(temp: Path) -> None:
    """Remove a compacted copy that is not used, and its log."""
    for path in (temp, Path(f"{temp}.wal")):
        path.unlink(missing_ok=True)
