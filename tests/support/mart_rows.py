"""Marts on rows that a test makes up, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from resources.api.catalog import DATASETS
from resources.marts import build
from resources.system_tables.registry import OWN_TABLES
from resources.warehouse import connection as warehouse_connection
from tests.support.lake_files import row

ZONE = "Asia/Shanghai"


@dataclass
class Marts:
    """A warehouse of made-up rows."""

    connection: duckdb.DuckDBPyConnection
    zone: str
    _version: int = 0

    def put(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Make `rows` all that a dataset holds; columns that they leave out hold something."""
        dataset = DATASETS[name]
        made = [
            {"business_date": r.get("business_date"), **row(dataset, **_without_day(r))}
            for r in rows
        ]
        if dataset.is_dimension:
            made = [_without_day(r) for r in made]
        self.connection.execute(f"DELETE FROM {name}")
        self.connection.execute("DELETE FROM meta.loaded WHERE dataset = ?", [name])
        if made:
            listed = pa.Table.from_pylist(made)
            self.connection.register("listed", listed)
            self.connection.execute(f"INSERT INTO {name} BY NAME FROM listed")
            self.connection.unregister("listed")
        self._version += 1
        for day in {r["business_date"] for r in made if "business_date" in r}:
            self.connection.execute(
                "INSERT INTO meta.loaded VALUES (?, ?, ?, 0, 0, 0, 0)",
                [name, day, str(self._version)],
            )

    def captured(self, name: str, days: Iterable[date], state: str = "captured") -> None:
        """Say in the ledger where days of a dataset stand."""
        self.connection.executemany(
            "INSERT INTO ledger (dataset, business_date, state) VALUES (?, ?, ?)",
            [[name, day, state] for day in days],
        )

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query gives once the marts are level."""
        build.sync_marts(self.connection, self.zone, DATASETS)
        return self.connection.execute(sql, [*values]).fetchall()

    def records(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """The same, by column."""
        rows = self.rows(sql, *values)
        names = [name for name, *_ in self.connection.description or ()]
        return [dict(zip(names, found, strict=True)) for found in rows]


def _without_day(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name != "business_date"}


@contextmanager
def made_up(zone: str = ZONE, session_zone: str | None = None) -> Iterator[Marts]:
    """An empty warehouse of all tables; `session_zone` is that of the connection."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = ?", [session_zone or zone])
        connection.execute("SET threads = 1")
        connection.execute(warehouse_connection.CREATE_META_TABLES)
        for dataset in DATASETS.values():
            warehouse_connection.create_table(connection, dataset)
        for name, own in OWN_TABLES.items():
            listed = ", ".join(f"{column} {sql}" for column, (sql, _) in own.columns.items())
            connection.execute(f"CREATE TABLE {name} ({listed})")
        yield Marts(connection, zone)
