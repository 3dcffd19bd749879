"""Writes query results as CSV, JSON, Parquet or Excel, of any number of rows, in bounded memory.

Timestamps are RFC 3339 with the offset of the session's zone (`2026-11-01T00:00:00+08:00`). JSON has
no NaN and no infinity: they become null. Not here: the list of formats (formats.py), cells of Excel
(spreadsheet.py).
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from resources.fs import atomic
from resources.serving import spreadsheet
from resources.serving.formats import FORMATS, format_of
from resources.serving.sql_sandbox import QueryError
from resources.sql import quoting

_BATCH_ROWS = 50_000


def format_name_of(path: Path) -> str:
    """The format for the extension of a file name. Raises QueryError for an unknown one."""
    file_format = format_of(path)
    if file_format is None:
        ending = path.suffix.lstrip(".").lower()
        *others, last = (one.extension for one in FORMATS.values())
        shown = f"The ending .{ending}" if ending else "A name without an ending"
        raise QueryError(
            f"{shown} says no format that can be written: end {path.name} with "
            f"{', '.join(others)} or {last}. A table as text: --format table."
        )
    return file_format.name


def check_target(path: Path, style: str) -> None:
    """Raise QueryError if the extension contradicts the format, or the file cannot be written."""
    file_format = format_of(path)
    if file_format and file_format.name != style:
        raise QueryError(
            f"{path.name} would hold {style}: leave --format out, or end the name with .{style}."
        )
    if path.parent == Path("/dev") or (path.exists() and not path.is_file()):
        raise QueryError(f"{path} is no file that could be replaced: name another one.")
    if not path.parent.is_dir():
        raise QueryError(f"{path} cannot be written: there is no folder {path.parent}.")
    if style == "xlsx":
        spreadsheet.require()


def write_file(relation: duckdb.DuckDBPyRelation, style: str, target: Path) -> None:
    """Write all rows into the file `target`.

    Raises QueryError if two columns have the same name, which readers of files cannot handle;
    duckdb.Error if the query fails while it is read; OSError if the file cannot be written.
    """
    duplicates = [name for name, times in Counter(relation.columns).items() if times > 1]
    if duplicates:
        raise QueryError(
            f"Two columns are named {duplicates[0]}: give one another name, with AS, to write a file."
        )
    _WRITERS[style](relation, target)


def write_atomically(relation: duckdb.DuckDBPyRelation, style: str, path: Path) -> None:
    """Write aside, then rename to `path`: until then the old file stays."""
    with atomic.making(path) as temp:
        write_file(relation, style, temp)


_FORMULA = r"^[=+\-@\t\r]"


def guarded(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """The rows with ' before each text that a spreadsheet would run as a formula."""
    cells = []
    for name, kind in _columns(relation):
        cell = quoting.identifier(name)
        if kind.id in ("varchar", "enum"):
            text = f"{cell}::VARCHAR"
            is_formula = f"regexp_matches({text}, {quoting.literal(_FORMULA)})"
            cell = f"CASE WHEN {is_formula} THEN chr(39) || {text} ELSE {text} END"
        cells.append(f"{cell} AS {quoting.identifier(name)}")
    return relation.project(", ".join(cells))


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The rows of a query, batch by batch.

    DuckDB's own COPY is not used: in DuckDB 2.0.0 it hangs when the query under it fails.
    """
    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            return
        except (OSError, pa.ArrowException) as error:  # Arrow wraps errors of DuckDB
            raise duckdb.Error(str(error)) from error
        if batch.num_rows:
            yield batch


def _write_parquet(relation: duckdb.DuckDBPyRelation, target: Path) -> None:
    reader = _project(relation, "parquet").to_arrow_reader(_BATCH_ROWS)
    with pq.ParquetWriter(target, reader.schema, compression="zstd") as file:
        for batch in _batches(reader):
            file.write_batch(batch)


def _write_csv(relation: duckdb.DuckDBPyRelation, target: Path) -> None:
    """RFC 4180 with line feeds. NULL is an empty cell; an empty string is two quotes."""
    cells = [_csv_cell(_column_expression(kind, name, "csv")) for name, kind in _columns(relation)]
    if len(cells) == 1:  # otherwise NULL is an empty line, which most readers skip
        cells = [f"CASE WHEN {cells[0]} = '' THEN '\"\"' ELSE {cells[0]} END"]
    with target.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(relation.columns)
        for batch in _lines(relation, f"concat_ws(',', {', '.join(cells)})"):
            file.write("\n".join(batch) + "\n")


def _write_json(relation: duckdb.DuckDBPyRelation, target: Path) -> None:
    """An array with one object per row, one row per line."""
    pairs = ", ".join(
        f"{quoting.literal(name)}, {_column_expression(kind, name, 'json')}"
        for name, kind in _columns(relation)
    )
    with target.open("w", encoding="utf-8") as file:
        file.write("[")
        before = "\n"
        for batch in _lines(relation, f"json_object({pairs})::VARCHAR"):
            file.write(before)
            file.write(",\n".join(batch))
            before = ",\n"
        file.write("\n]\n")


def _write_xlsx(relation: duckdb.DuckDBPyRelation, target: Path) -> None:
    """One sheet. What a cell of Excel cannot hold as it is becomes text: spreadsheet.py."""
    kinds = dict(_columns(relation))
    cells = ", ".join(
        f"{spreadsheet.expression(kind, quoting.identifier(name))} AS {quoting.identifier(name)}"
        for name, kind in kinds.items()
    )
    reader = relation.project(cells).to_arrow_reader(_BATCH_ROWS)
    spreadsheet.write(target, relation.columns, _batches(reader))


_WRITERS = {
    "csv": _write_csv,
    "json": _write_json,
    "parquet": _write_parquet,
    "xlsx": _write_xlsx,
}


def _lines(relation: duckdb.DuckDBPyRelation, expression: str) -> Iterator[list[str]]:
    """The value of a text expression for each row, batch by batch."""
    lines = relation.project(f"{expression} AS line")
    for batch in _batches(lines.to_arrow_reader(_BATCH_ROWS)):
        yield batch.column(0).to_pylist()


def _csv_cell(value: str) -> str:
    """An expression for a CSV cell, quoted where RFC 4180 requires it."""
    text = f"({value})::VARCHAR"
    return (
        f"CASE WHEN {text} IS NULL THEN '' "
        f"WHEN {text} = '' OR regexp_matches({text}, '[\",\\r\\n]') "
        f"THEN '\"' || replace({text}, '\"', '\"\"') || '\"' ELSE {text} END"
    )


def _columns(relation: duckdb.DuckDBPyRelation) -> Iterator[tuple[str, Any]]:
    return zip(relation.columns, relation.types, strict=True)


def _project(relation: duckdb.DuckDBPyRelation, style: str) -> duckdb.DuckDBPyRelation:
    return relation.project(
        ", ".join(
            f"{_column_expression(kind, name, style)} AS {quoting.identifier(name)}"
            for name, kind in _columns(relation)
        )
    )


def _column_expression(kind: Any, name: str, style: str) -> str:
    return _expression(kind, quoting.identifier(name), style)


# Types that Arrow cannot write to Parquet: they are written as text.
_TEXT_IN_PARQUET = {"interval", "time with time zone", "bit", "union", "variant", "bignum"}


def _expression(kind: Any, value: str, style: str, depth: int = 0) -> str:
    """An expression that converts `value`, of type `kind` (a DuckDBPyType), for a file format."""
    match kind.id:
        case other if style == "parquet" and other in _TEXT_IN_PARQUET:
            return f"({value})::VARCHAR"
        case "timestamp with time zone" if style != "parquet":
            return f"regexp_replace(replace({value}::VARCHAR, ' ', 'T'), '([+-]\\d\\d)$', '\\1:00')"
        case "float" | "double" if style == "json":
            return f"CASE WHEN isfinite({value}) THEN {value} END"
        case "list" | "array":
            return _list_expression(kind.children[0][1], value, style, depth)
        case "struct":
            inner = {
                name: _expression(child, f"({value}).{quoting.identifier(name)}", style, depth)
                for name, child in kind.children
            }
            packed = ", ".join(
                f"{quoting.identifier(name)} := {text}" for name, text in inner.items()
            )
            return f"CASE WHEN {value} IS NULL THEN NULL ELSE struct_pack({packed}) END"
        case "map":
            pair = f"e{depth}"
            key, of = (
                _expression(child, f"{pair}.{name}", style, depth + 1)
                for name, child in kind.children
            )
            return (
                f"map_from_entries(list_transform(map_entries({value}), lambda {pair}: "
                f"struct_pack(k := {key}, v := {of})))"
            )
    return value


def _list_expression(child: Any, value: str, style: str, depth: int) -> str:
    name = f"e{depth}"
    inner = _expression(child, name, style, depth + 1)
    return value if inner == name else f"list_transform({value}, lambda {name}: {inner})"
