"""The rows of a dimension: of each key the newest of all snapshots, under the name listed first.

The vendor may list a domain in other letters from some day on. It is still one domain, and the days
that are captured have its first name. Used to load the table (load_batch.py) and to verify it.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from resources.api.catalog.datasets import Dataset
from resources.api.catalog.spelling import Spelling


def newest_rows(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, paths: Sequence[str]
) -> tuple[str, list[object]]:
    """A SELECT of the rows, and its values; `paths` are all snapshots of a dimension."""
    options = "filename = true, file_row_number = true, union_by_name = true"
    files = f"read_parquet(?, {options}, hive_partitioning = false)"
    renamed: list[str] = []
    values: list[object] = []
    for group in _compared_together(dataset):
        listed = [
            row
            for place, name in enumerate(group)
            for row in connection.execute(
                f"SELECT min(filename), {place}, {name} FROM {files} WHERE {name} IS NOT NULL "
                "GROUP BY ALL",
                [[*paths]],
            ).fetchall()
        ]
        form = dataset.column[group[0]].spelling.key
        first: dict[str, str] = {}
        for *_, text in sorted(listed):
            first.setdefault(form(text), text)
        others = {text: first[form(text)] for *_, text in listed if first[form(text)] != text}
        for name in group if others else ():
            renamed.append(f"coalesce(map(?, ?)[{name}], {name}) AS {name}")
            values += [[*others], [*others.values()]]
    named = f"* REPLACE ({', '.join(renamed)})" if renamed else "*"
    key = ", ".join(dataset.key)
    return (
        f"SELECT * EXCLUDE (filename, file_row_number) FROM (SELECT {named} FROM {files}) QUALIFY "
        f"row_number() OVER (PARTITION BY {key} ORDER BY filename DESC, file_row_number) = 1 "
        f"ORDER BY {key}",
        [*values, [*paths]],
    )


def _compared_together(dataset: Dataset) -> list[list[str]]:
    """The columns whose texts have several spellings; names of domains are the same in all columns."""
    domains = [c.name for c in dataset.columns if c.spelling is Spelling.DOMAIN]
    alone = (Spelling.EXACT, Spelling.DOMAIN)
    others = [[c.name] for c in dataset.columns if c.spelling not in alone]
    return [domains, *others] if domains else others
