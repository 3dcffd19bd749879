"""Tests whether two lake files hold the same rows, which decides if a new capture is a revision.

Not here: which rows differ (table_diff.py, read it next).
"""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from resources.fs import atomic
from resources.sql import interrupts, quoting

_MEMORY = "256MB"  # of DuckDB, for comparing files


def same_rows(one: Path, other: Path) -> bool:
    """True if two lake files have the same schema and the same rows, in any order.

    DuckDB spills to a temporary folder beside `one`.

    Raises OSError if a file cannot be read, or vanishes meanwhile.
    """
    import duckdb  # its import takes 0.1 s and is needed only here

    first, second = pq.ParquetFile(one), pq.ParquetFile(other)
    with first, second:
        if not first.schema_arrow.equals(second.schema_arrow):
            return False  # written with another version of the catalog
        if first.metadata.num_rows != second.metadata.num_rows:
            return False
        if _same_in_order(first, second):
            return True
    files_read = [f"FROM read_parquet(${i}, hive_partitioning = false)" for i in (1, 2)]
    columns = ", ".join(quoting.identifier(name) for name in first.schema_arrow.names)
    connection = interrupts.prepared(
        duckdb.connect(
            config={
                "memory_limit": _MEMORY,
                "threads": 1,
                "temp_directory": str(atomic.temp_path(one)),
            }
        )
    )
    try:
        # Sums of row hashes need no memory and usually show a difference already.
        prints = [
            connection.execute(
                f"SELECT sum(hash({columns})::HUGEINT) {read}", [str(path)]
            ).fetchall()
            for read, path in ((files_read[0], one), (files_read[0], other))
        ]
        if prints[0] != prints[1]:
            return False
        # One direction is enough, because the files have equally many rows.
        sql = f"SELECT count(*) FROM ({' EXCEPT ALL '.join(files_read)})"
        found = connection.execute(sql, [str(one), str(other)]).fetchall()
    except duckdb.IOException as error:
        raise OSError(f"{other} cannot be compared with {one}: {error}") from error
    finally:
        connection.close()
    return found == [(0,)]


def _same_in_order(one: pq.ParquetFile, other: pq.ParquetFile) -> bool:
    """True if two files hold equal row groups in the same order; reads one of each at a time.

    This is the usual case for a day that is captured again.
    """
    return one.num_row_groups == other.num_row_groups and all(
        one.read_row_group(i).equals(other.read_row_group(i)) for i in range(one.num_row_groups)
    )
