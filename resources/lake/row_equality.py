"""Whether two lake files hold the same rows: what decides if a day asked again is a revision.

Here: equality only. Not here: which rows differ (table_diff.py).
"""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from resources.fs import atomic
from resources.sql import quoting

_MEMORY = "256MB"  # of DuckDB, for comparing files


def same_rows(one: Path, other: Path) -> bool:
    """True if two lake files hold the same rows, in whatever order.

    What does not fit into memory lies aside beside `one` for the while.
    """
    import duckdb  # a tenth of a second, and only here

    first, second = pq.ParquetFile(one), pq.ParquetFile(other)
    with first, second:
        if not first.schema_arrow.equals(second.schema_arrow):
            return False  # made by another version of the catalog
        if first.metadata.num_rows != second.metadata.num_rows:
            return False
        if _same_in_order(first, second):
            return True
    files_read = [f"FROM read_parquet(${i}, hive_partitioning = false)" for i in (1, 2)]
    columns = ", ".join(quoting.identifier(name) for name in first.schema_arrow.names)
    connection = duckdb.connect(
        config={
            "memory_limit": _MEMORY,
            "threads": 1,
            "temp_directory": str(atomic.temp_path(one)),
        }
    )
    try:
        # Rows that differ have other hashes, and sums of these take no memory.
        prints = [
            connection.execute(
                f"SELECT sum(hash({columns})::HUGEINT) {read}", [str(path)]
            ).fetchall()
            for read, path in ((files_read[0], one), (files_read[0], other))
        ]
        if prints[0] != prints[1]:
            return False
        # One way is enough: of as many rows, none is missing unless another is in its place.
        sql = f"SELECT count(*) FROM ({' EXCEPT ALL '.join(files_read)})"
        found = connection.execute(sql, [str(one), str(other)]).fetchall()
    finally:
        connection.close()
    return found == [(0,)]


def _same_in_order(one: pq.ParquetFile, other: pq.ParquetFile) -> bool:
    """True if two files hold equal row groups in the same order; one of each in memory.

    That is what most days give that were asked again.
    """
    return one.num_row_groups == other.num_row_groups and all(
        one.read_row_group(i).equals(other.read_row_group(i)) for i in range(one.num_row_groups)
    )
