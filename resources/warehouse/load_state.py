"""What is loaded, and which tables differ from the lake: a read-only connection is enough.

Not here: loading (load.py, read it next).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

import duckdb

from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.fs import access
from resources.home.layout import Home
from resources.lake import parquet
from resources.warehouse import connection as warehouse_connection
from resources.warehouse.connection import TableSchema
from resources.warehouse.load_batch import LakeFile


@dataclass(frozen=True)
class LoadState:
    """Schemas and loaded days of all tables, read at once."""

    schemas: Mapping[str, TableSchema]
    loaded: Mapping[str, Mapping[date, tuple[int, int]]]
    """By table and day: size and modification time (ns) of the lake file that was loaded."""

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection) -> Self:
        """Read the present state. It stays valid for the other tables while one is loaded."""
        loaded: dict[str, dict[date, tuple[int, int]]] = {}
        for name, day, size, modified_ns in connection.execute(
            "SELECT dataset, day, size, modified_ns FROM meta.loaded"
        ).fetchall():
            loaded.setdefault(name, {})[day] = size, modified_ns
        return cls(warehouse_connection.table_schemas(connection), loaded)

    def is_declared(self, dataset: Dataset) -> bool:
        """True if the table exists with the columns and key of the catalog."""
        return self.schemas.get(dataset.name, TableSchema()).matches(dataset)


def lake_files(root: Path, name: str) -> dict[date, LakeFile]:
    """The files of a dataset in the lake `root`, by day. Raises OSError."""
    return {
        day: LakeFile(day, path, state.st_size, state.st_mtime_ns)
        for day, (path, state) in parquet.states_of(root, name).items()
    }


def is_in_sync(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    dataset: Dataset,
    load_state: LoadState | None = None,
) -> bool:
    """True if nothing of `dataset` must be loaded; works on a read-only connection."""
    load_state = load_state or LoadState.of(connection)
    if not load_state.is_declared(dataset):
        return False
    files = lake_files(home.lake, dataset.name)
    loaded = load_state.loaded.get(dataset.name, {})
    return all(loaded.get(day) == (f.size, f.modified_ns) for day, f in files.items())


def behind(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    names: Iterable[str],
    load_state: LoadState,
    has_stale_days: Callable[[Dataset], bool],
) -> list[str]:
    """Tables that lack rows, or whose files cannot be looked at: the load says why.

    `has_stale_days` tells if lake files of a dataset are to be made anew, and nobody is at it.
    """
    return [
        name
        for name in names
        if _is_behind(connection, home, DATASETS[name], load_state, has_stale_days)
    ]


def _is_behind(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    dataset: Dataset,
    load_state: LoadState,
    has_stale_days: Callable[[Dataset], bool],
) -> bool:
    try:
        if not is_in_sync(connection, home, dataset, load_state):
            return True
        return has_stale_days(dataset)
    except OSError as error:
        if not access.is_of_one_place(error):
            raise
        return True


def lacking(
    connection: duckdb.DuckDBPyConnection, home: Home, names: Iterable[str]
) -> list[Dataset]:
    """The tables of which nothing is loaded, though the lake has files or cannot be looked at."""
    loaded = LoadState.of(connection).loaded
    return [DATASETS[name] for name in names if name not in loaded and _has_files(home, name)]


def _has_files(home: Home, name: str) -> bool:
    try:
        return bool(parquet.states_of(home.lake, name))
    except OSError as error:
        if not access.is_of_one_place(error):
            raise
        return True  # the load says why
