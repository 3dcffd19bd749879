"""Files of a home outside of its layers that may hold an item: exports, caches, run history, settings.

Not here: raw/, lake/ and the databases (run.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from resources.erasure.requests import words_without
from resources.home import own
from resources.home.layout import Home
from resources.raw.erasures import ItemKind, PlainItem
from resources.serving import formats

_NOT_READ = (".duckdb", ".xlsx", ".gz", ".zst", ".zip")
"""Kinds of files that cannot be searched."""


def exports(home: Home, item: PlainItem) -> list[Path]:
    """Exports and reports in the home that hold the item. They are deleted."""
    return [path for path in _others(home) if _is_export(path) and _holds(path, item)]


def not_erased(home: Home, item: PlainItem) -> list[Path]:
    """Files that name the item and are not ours to change: settings, identity, run history, yours."""
    yours = [path for path in _others(home) if not _is_export(path)]
    found = [*own.files(home), *_files(home.dagster, set()), *yours]
    return [path for path in found if path.is_file() and _holds(path, item)]


def not_searched(home: Home) -> list[Path]:
    """Files that somebody put into the home, of kinds that cannot be searched."""
    return [path for path in _others(home) if path.suffix in _NOT_READ]


def _others(home: Home) -> Iterator[Path]:
    """Files that livestats did not put where they are."""
    # A publication removes the item from the Iceberg tables, and knows which of their files are needed.
    return _files(home.root, {*own.folders(home), *own.files(home), home.iceberg})


def _is_export(path: Path) -> bool:
    return formats.format_of(path) is not None or path.suffix == ".html"


def forget_caches(home: Home) -> None:
    """Delete the notes that are made again by themselves and may name any item."""
    for path in (*_files(home.file_index, set()), home.learned):
        path.unlink(missing_ok=True)


def notes_of_state(home: Home, item: PlainItem) -> list[Path]:
    """Notes in state/ that hold the item: what was told, the last verification."""
    found = _files(home.state, {home.file_index, home.budget})
    return [path for path in found if _holds(path, item)]


def _files(folder: Path, skipped: set[Path]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path in skipped or path.is_symlink():
            continue
        if path.is_dir():
            yield from _files(path, skipped)
        elif path.is_file():
            yield path


def _holds(path: Path, item: PlainItem) -> bool:
    if path.suffix == ".parquet":
        return _parquet_holds(path, item)
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    return bool(words_without(text, item) != text)


def _parquet_holds(path: Path, item: PlainItem) -> bool:
    """True if a column of texts has the item; of a stream, its domain and its name."""
    try:
        with pq.ParquetFile(path) as file:
            texts = [f.name for f in file.schema_arrow if pa.types.is_string(f.type)]
            table = file.read(texts)
    except (OSError, pa.ArrowException):
        return False
    values = {
        str(one).lower()
        for name in texts
        for one in pc.unique(table[name]).to_pylist()
        if one is not None
    }
    parts = item.text.split("/", 2) if item.kind is ItemKind.STREAM else [item.text]
    return {part.lower() for part in parts if part} <= values
