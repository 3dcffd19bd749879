"""Marts: what they answer, what the simulated world says to the same, and rows made by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from resources.api.windows import day_window
from resources.marts import build, definition, schema
from resources.simulator import Account, truth
from resources.simulator.world import World as Simulated
from resources.system_tables.registry import OWN_TABLES
from tests.support.archives import NOW, Lab
from tests.support.expected_tables import DICTIONARY, KINDS

TROUBLED = Account(seed=10, domains=2, streams_per_domain=4, deleted=0, audience=0.1)
"""Among its streams are some that stall, dip and drift; on the first of DAYS one carrier fails."""

_SHANGHAI = ZoneInfo("Asia/Shanghai")
Row = dict[str, Any]
Key = tuple[Any, ...]


def answer(lab: Lab, question: str, *values: object) -> list[Row]:
    """The rows of a query of the served copy, or of `FROM question`."""
    with lab.archive.reading() as connection:
        return rows_of(connection, question, *values)


def rows_of(connection: duckdb.DuckDBPyConnection, question: str, *values: object) -> list[Row]:
    """The rows of a query, or of `FROM question`, by column name."""
    sql = question if " " in question.strip() else f"FROM {question}"
    found = connection.execute(sql, [*values])
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def by(rows: Iterable[Mapping[str, Any]], *names: str) -> dict[Key, Mapping[str, Any]]:
    """Rows by their key, which no two may share."""
    found: dict[Key, Mapping[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in names)
        assert key not in found, f"two rows with {key}"
        found[key] = row
    return found


def columns(rows: Iterable[Mapping[str, Any]], key: Sequence[str], *names: str) -> dict[Key, Key]:
    """Key -> some other columns."""
    return {k: tuple(row[n] for n in names) for k, row in by(rows, *key).items()}


class World:
    """What really happened in a simulated account, one day and question at a time."""

    def __init__(self, simulated: Simulated, now: datetime = NOW) -> None:
        self._simulated, self._now = simulated, now
        sites = simulated.sites.values()
        self.pulls = sorted(site.name for site in sites if not site.is_push)
        self.pushes = sorted(site.name for site in sites if site.is_push)

    def rows(self, action: str, day: date, **parameters: Any) -> list[Row]:
        """The API's rows of one day; see `simulator.truth`."""
        start, end = day_window(day, _SHANGHAI)
        action = f"DescribeLive{action}"
        return truth.rows(self._simulated, action, parameters, start, end, now=self._now)

    def slots(self, action: str, day: date, **parameters: Any) -> list[tuple[datetime, Row]]:
        """Rows of 5-minute slots with their start."""
        found = self.rows(action, day, Aggregation=300, **parameters)
        return [(datetime.fromisoformat(row["TimeStamp"]), row) for row in found]


@contextmanager
def made_by_hand(
    time_zone: str = "Asia/Shanghai", **rows: Iterable[Mapping[str, Any]]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """All marts as views on tables that hold these rows and nothing else.

    Columns that a row does not name are NULL; the session is in another zone than the data.
    """
    with _nothing().cursor() as connection:
        connection.begin()
        connection.execute("SET TimeZone = 'America/New_York'")
        connection.execute("INSERT INTO meta.archive VALUES (?)", [time_zone])
        for name, some in rows.items():
            _fill(connection, name, [*some])
        yield connection
        connection.rollback()


@cache
def _nothing() -> duckdb.DuckDBPyConnection:
    """All tables without a row, and all marts on them as views."""
    connection = duckdb.connect()
    schema.declare_tables(connection)
    for mart in definition.read().values():
        as_view = (
            mart
            if mart.kind is definition.MartKind.MACRO
            else replace(mart, kind=definition.MartKind.VIEW)
        )
        build.create(connection, as_view)
    return connection


def _kinds(name: str) -> dict[str, str]:
    if name in OWN_TABLES:
        return {column: kind for column, (kind, _) in OWN_TABLES[name].columns.items()}
    return {column["name"]: column["type"] for column in DICTIONARY[name]["columns"]}


def _fill(connection: duckdb.DuckDBPyConnection, name: str, rows: list[Mapping[str, Any]]) -> None:
    kinds = _kinds(name)
    unknown = {column for row in rows for column in row} - set(kinds)
    assert not unknown, f"{name} has no {unknown}"
    types = pa.schema([(column, KINDS[kind]) for column, kind in kinds.items()])
    given = pa.Table.from_pylist([{c: row.get(c) for c in kinds} for row in rows], types)
    connection.register("given", given)
    connection.execute(f"INSERT INTO {name} FROM given")
    connection.unregister("given")
