"""The floor of the CPU: the same bytes to Arrow, to Parquet, to DuckDB, and nothing else.

    python -m benchmarks.backfill.floor_cpu task.json

The answers of one day lie on the disk and are read again for each day. No proof, no raw archive, no
ledger, no unique key, no lineage: the cheapest way that we know. All answers of a table and day are
parsed at once, because one large parse costs less than many small ones.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
import pyarrow.parquet as pq

from resources.api.catalog import DATASETS
from resources.api.catalog.model import SPLITS, ColumnType, Field, ListLevel, RowLayout

CORES = 2

_READ = {
    ColumnType.TEXT: pa.string(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.FLOAT: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.INSTANT: pa.string(),
    ColumnType.INSTANT_MS: pa.int64(),
    ColumnType.DATE: pa.string(),
}
_KEPT = {
    ColumnType.INSTANT: pa.timestamp("us", "UTC"),
    ColumnType.INSTANT_MS: pa.timestamp("ms", "UTC"),
    ColumnType.DATE: pa.date32(),
}


class Source:
    """All answers of one table and one layout: a line for each, and what their rows lack."""

    def __init__(self, table: str, requests: Sequence[tuple[Path, dict[str, Any]]]) -> None:
        self.table = table
        self._path = requests[0][0].with_suffix(".lines")
        self.days: Sequence[str] = requests[0][1]["days"]
        lines = [path.read_bytes().rstrip() for path, _ in requests]
        self._path.write_bytes(b"\n".join(lines))
        self._longest = max(map(len, lines)) + 2
        endpoint = DATASETS[table].endpoint
        names = requests[0][1]["levels"]
        layouts = [layout for layout in (endpoint.split_rows, endpoint.rows) if layout is not None]
        self._layout: RowLayout = next(
            layout for layout in layouts if [level.name for level in layout.levels] == names
        )
        self._constants = {
            column: pa.array([one["constants"][column] for _, one in requests])
            for column in requests[0][1]["constants"]
        }
        below = _type_of(self._layout.levels)
        self._schema = pa.schema({"Result": pa.struct({self._layout.levels[0].name: below})})

    def read(self) -> pa.Table:
        """The rows of a day."""
        answers = pj.read_json(
            pa.memory_map(str(self._path)),
            read_options=pj.ReadOptions(use_threads=False, block_size=max(self._longest, 1 << 20)),
            parse_options=pj.ParseOptions(
                explicit_schema=self._schema, unexpected_field_behavior="ignore"
            ),
        )
        result = answers.column("Result").combine_chunks()
        columns: dict[str, pa.Array] = {}
        items, above = result, pa.array(range(len(result)), pa.int64())
        for level in self._layout.levels:
            lists = items.field(level.name)
            parents = pc.list_parent_indices(lists)
            items = pc.list_flatten(lists)
            above = above.take(parents)
            columns = {name: values.take(parents) for name, values in columns.items()}
            for field in level.fields:
                column = self._column_of(field)
                if column is not None:
                    values = items.field(field.name)
                    kind = _KEPT.get(field.kind)
                    columns[column] = values.cast(kind) if kind else values
        missing = {n: values.take(above) for n, values in self._constants.items()}
        return pa.table({**missing, **columns})

    def _column_of(self, field: Field) -> str | None:
        """None for a field that is not kept, and for one that the request says already."""
        column = field.column
        if column is None and field.name in DATASETS[self.table].split:
            column = SPLITS[field.name].column
        return None if column in self._constants else column


def _type_of(levels: Sequence[ListLevel]) -> pa.DataType:
    fields = {field.name: _READ[field.kind] for field in levels[0].fields}
    if len(levels) > 1:
        fields[levels[1].name] = _type_of(levels[1:])
    return pa.list_(pa.struct(fields))


def sources(task: dict[str, Any], folder: Path) -> Iterator[Source]:
    """The answers that were kept, put together by table and layout."""
    found: defaultdict[tuple[str, ...], list[tuple[Path, dict[str, Any]]]] = defaultdict(list)
    for number, one in enumerate(task["requests"]):
        if one["daily"]:
            found[one["table"], *one["levels"], *one["constants"]].append(
                (folder / f"{number}.json", one)
            )
    for (table, *_), requests in found.items():
        yield Source(table, requests)


def main() -> None:
    """Do it for every day of the task."""
    task = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    folder, out = Path(task["answers"]), Path(task["out"])
    found = [*sources(task, folder)]

    def write(source: Source, number: int, day: str) -> str:
        path = out / source.table / f"{day}-{number}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(source.read(), path, compression="zstd", compression_level=1)
        return str(path)

    pa.set_cpu_count(1)  # the pool below has the cores
    written: defaultdict[str, list[str]] = defaultdict(list)
    with ThreadPoolExecutor(CORES) as pool:
        jobs = [
            (source.table, pool.submit(write, source, number, day))
            for number, source in enumerate(found)
            for day in source.days
        ]
        for table, job in jobs:
            written[table].append(job.result())
    rows = 0
    with duckdb.connect(out / "floor.duckdb", config={"threads": CORES}) as connection:
        connection.execute("SET preserve_insertion_order = false")
        for table, paths in written.items():
            connection.execute(
                f"CREATE TABLE {table} AS FROM read_parquet($1, union_by_name = true)", [paths]
            )
            rows += connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
    print(json.dumps({"rows": rows}))


if __name__ == "__main__":
    main()
