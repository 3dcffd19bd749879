"""Makes the warehouse file anew, without gaps, when too much of it is free.

DuckDB gives the blocks of deleted rows to later ones, and never back: a file in which all rows were
once loaded again is twice as large for good, and so is each copy that is served of it.
"""

from __future__ import annotations

import logging
from pathlib import Path

import duckdb

from resources.fs import atomic
from resources.sql import quoting

log = logging.getLogger("livestats.warehouse")

MAX_FREE_SHARE = 0.3
"""Share of the file that may be free: copying it takes about 45 s CPU per GB that it holds."""

MIN_FREE_BYTES = 16 << 20  # free; below that nobody misses them


def is_due(connection: duckdb.DuckDBPyConnection) -> bool:
    """True if more of the file is free than later rows will fill soon."""
    ((block, total, free),) = connection.execute(
        "SELECT block_size, total_blocks, free_blocks FROM pragma_database_size() "
        "WHERE database_name = current_database()"
    ).fetchall()
    return bool(free > MAX_FREE_SHARE * total and free * block >= MIN_FREE_BYTES)


def copy_compacted(connection: duckdb.DuckDBPyConnection, path: Path, storage: str) -> Path | None:
    """Copy all that the database holds into a new file beside `path`, the file it lies in.

    It is to be swapped in once the connection is closed. None if that could not be done, such as
    on a full disk: the old file is as good, only larger.
    """
    new = atomic.temp_path(path)
    try:
        ((name,),) = connection.execute("SELECT current_database()").fetchall()
        connection.execute("CHECKPOINT")  # what is in the log belongs to the old file only
        connection.execute(f"ATTACH {quoting.literal(str(new))} AS compact "
                           f"(STORAGE_VERSION '{storage}')")  # fmt: skip
        try:
            connection.execute(f"COPY FROM DATABASE {name} TO compact")
            connection.execute("UPDATE compact.meta.state SET changes = changes + 1")
        finally:
            connection.execute("DETACH compact")
    except duckdb.Error as error:
        log.warning("%s is larger than it need be, and could not be made anew: %s", path, error)
        remove_copy(new)
        return None
    return new


def remove_copy(new: Path) -> None:
    """Remove a file that is not to be swapped in, and its log."""
    for path in (new, Path(f"{new}.wal")):
        path.unlink(missing_ok=True)
