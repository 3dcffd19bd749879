"""Answers as files: CSV, JSON and Parquet, of any number of rows in bounded memory.

Instants are written as RFC 3339 has them, with the offset of the session's zone
(`2026-11-01T00:00:00+08:00`). JSON has no NaN and no infinity: they become null.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import duckdb

from resources import files
from resources.questions import QuestionError, quoted

FORMATS = ("csv", "json", "parquet")
_BATCH_ROWS = 50_000


def style_of(path: Path) -> str:
    """The format that the ending of a file's name says. Raises QuestionError for any other."""
    ending = path.suffix.lstrip(".").lower()
    if ending not in FORMATS:
        shown = f"The ending .{ending}" if ending else "A name without an ending"
        raise QuestionError(
            f"{shown} says no format that can be written: end {path.name} with .csv, .json or "
            ".parquet. A table as text: --format table. Spreadsheets open CSV."
        )
    return ending


def check(path: Path, style: str) -> None:
    """Raise QuestionError if a file of this name would mislead, or cannot be replaced."""
    ending = path.suffix.lstrip(".").lower()
    if ending in FORMATS and ending != style:
        raise QuestionError(
            f"{path.name} would hold {style}: leave --format out, or end the name with .{style}."
        )
    if path.parent == Path("/dev") or (path.exists() and not path.is_file()):
        raise QuestionError(f"{path} is no file that could be replaced: name another one.")
    if not path.parent.is_dir():
        raise QuestionError(f"{path} cannot be written: there is no folder {path.parent}.")


def write(found: duckdb.DuckDBPyRelation, style: str, target: Path) -> None:
    """Write all rows into `target`, which DuckDB must be allowed to write.

    Raises QuestionError if two columns have one name: no reader of such a file is sure of them.
    """
    twice = [name for name, times in Counter(found.columns).items() if times > 1]
    if twice:
        raise QuestionError(
            f"Two columns are named {twice[0]}: give one another name, with AS, to write a file."
        )
    if style == "parquet":
        found.to_parquet(str(target), compression="zstd")
    elif style == "csv":
        _projected(found, has_nan=True).to_csv(str(target), header=True)
    else:
        _write_json(found, target)


def write_whole(found: duckdb.DuckDBPyRelation, style: str, path: Path, aside: Path) -> None:
    """Write `path` by way of `aside`: the old file stays until the new one is complete."""
    try:
        write(found, style, aside)
        files.swap_in(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _write_json(found: duckdb.DuckDBPyRelation, target: Path) -> None:
    """An array with an object for each row, a row a line."""
    pairs = ", ".join(
        f"{quoted(name)}, {_value(kind, _identifier(name), has_nan=False)}"
        for name, kind in zip(found.columns, found.types, strict=True)
    )
    lines = found.project(f"json_object({pairs})::VARCHAR AS line")
    with target.open("w", encoding="utf-8") as file:
        file.write("[")
        before = "\n"
        for batch in lines.to_arrow_reader(_BATCH_ROWS):
            if batch.num_rows:
                file.write(before)
                file.write(",\n".join(batch.column(0).to_pylist()))
                before = ",\n"
        file.write("\n]\n")


def _projected(found: duckdb.DuckDBPyRelation, *, has_nan: bool) -> duckdb.DuckDBPyRelation:
    return found.project(
        ", ".join(
            f"{_value(kind, _identifier(name), has_nan=has_nan)} AS {_identifier(name)}"
            for name, kind in zip(found.columns, found.types, strict=True)
        )
    )


def _value(kind: Any, value: str, *, has_nan: bool, depth: int = 0) -> str:
    """An expression for `value`, one of type `kind` (a DuckDBPyType), as a file shall have it."""
    match kind.id:
        case "timestamp with time zone":
            return f"regexp_replace(replace({value}::VARCHAR, ' ', 'T'), '([+-]\\d\\d)$', '\\1:00')"
        case "float" | "double" if not has_nan:
            return f"CASE WHEN isfinite({value}) THEN {value} END"
        case "list" | "array":
            return _each(kind.children[0][1], value, has_nan=has_nan, depth=depth)
        case "struct":
            inner = {
                name: _value(child, f"({value}).{_identifier(name)}", has_nan=has_nan, depth=depth)
                for name, child in kind.children
            }
            packed = ", ".join(f"{_identifier(name)} := {text}" for name, text in inner.items())
            return f"CASE WHEN {value} IS NULL THEN NULL ELSE struct_pack({packed}) END"
        case "map":
            pair = f"e{depth}"
            key, of = (
                _value(child, f"{pair}.{name}", has_nan=has_nan, depth=depth + 1)
                for name, child in kind.children
            )
            return (
                f"map_from_entries(list_transform(map_entries({value}), lambda {pair}: "
                f"struct_pack(k := {key}, v := {of})))"
            )
    return value


def _each(child: Any, value: str, *, has_nan: bool, depth: int) -> str:
    name = f"e{depth}"
    inner = _value(child, name, has_nan=has_nan, depth=depth + 1)
    return value if inner == name else f"list_transform({value}, lambda {name}: {inner})"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
