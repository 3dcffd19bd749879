"""Marts of an Iceberg publication, made by an engine that speaks Spark Connect.

The engine reads the Parquet files of the tables as they were just committed, by their addresses; what it
computes comes here as Arrow and is written by the same commits as all else. So it needs no catalog, and
writes nothing. Only what has other inputs than at the publication before is computed: days of a table by
day, views as a whole. Read next: spark_dialect.py, iceberg_tables.py.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import duckdb

from resources.api import redaction
from resources.api.catalog import DATASETS
from resources.api.catalog.columns import BUSINESS_DATE
from resources.marts import definition
from resources.marts.definition import ARCHIVE_TABLE, Mart, MartKind
from resources.publish_to import iceberg_tables
from resources.publish_to.errors import NotInstalled, NotPublished
from resources.publish_to.iceberg_tables import DAYS, INPUTS, Written
from resources.publish_to.iceberg_types import schema_of
from resources.publish_to.served import Served, Table
from resources.publish_to.spark_dialect import to_spark
from resources.sql import quoting

if TYPE_CHECKING:
    from pyiceberg.table import Table as IcebergTable

_DAYS_AT_ONCE = 31
_CONNECT_S = 10
_RETRIES = 5  # of a call: a server that is gone is given up within a minute

Inputs = Mapping[str, str]
"""Day, or "" for a mart that is made as a whole -> what identifies all that its rows are made of."""


def datasets_read() -> list[str]:
    """The datasets that marts read: the engine must find them among the published tables."""
    return sorted(
        {name for mart in definition.read().values() for name in mart.reads} & {*DATASETS}
    )


def chosen(served: Served, switched_on: Collection[str]) -> dict[str, Mart]:
    """The marts of a served copy that the engine makes, each after those that it reads.

    Where personal data is masked, those that are made of it are not among them: they were counted
    before it was masked.
    """
    names = {table.name for table in served.tables}
    there = [name for name in names if name in switched_on or name not in DATASETS]
    marts = {mart.name: mart for mart in definition.available(definition.read(), there)}
    return {
        name: mart
        for name, mart in marts.items()
        if name in names and not (served.masks and _is_of_persons(mart, marts))
    }


def _is_of_persons(mart: Mart, marts: Mapping[str, Mart]) -> bool:
    found = (DATASETS[name] for name in definition.sources(mart, marts) if name in DATASETS)
    return any(column.is_personal for dataset in found for column in dataset.columns)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A session with the engine, and the marts that it makes."""

    session: Any  # of pyspark
    marts: Mapping[str, Mart]
    statements: Mapping[str, str]  # mart -> its SELECT in Spark's SQL
    served: Served

    def replace_days(
        self, found: IcebergTable, table: Table, tables: Mapping[str, IcebergTable]
    ) -> Written:
        """Make the rows of a mart those that the engine computes of `tables`, as they are now."""
        mart = self.marts[table.name]
        wanted = self._inputs(mart, table, tables)
        is_same = iceberg_tables.has_columns(found, table)
        noted: Inputs = json.loads(found.properties.get(INPUTS, "{}")) if is_same else {}
        if is_same and not noted and mart.kind is MartKind.TABLE:
            # Made by DuckDB, or a kill came before the note: what is there may have no input any more.
            noted = dict.fromkeys(json.loads(found.properties.get(DAYS, "{}")), "")
        stale = sorted(day for day in {**noted, **wanted} if noted.get(day) != wanted.get(day))
        if not stale:
            return Written(rows=0, commits=0)
        with duckdb.connect() as connection:
            chosen = [day for day in stale if day] if mart.kind is MartKind.TABLE else stale
            computed = self._computed(connection, mart, table, tables, chosen)
            only = {*stale} if mart.kind is MartKind.TABLE else None
            done = iceberg_tables.replace_days(found, computed, table, only=only)
        with found.transaction() as change:  # a kill before it has all computed again
            change.set_properties({INPUTS: json.dumps(wanted, sort_keys=True)})
        return done

    def _inputs(
        self, mart: Mart, table: Table, tables: Mapping[str, IcebergTable]
    ) -> dict[str, str]:
        """What the rows of each day are made of, from what is noted with the tables that it reads."""
        reads = [name for name in mart.reads if name != ARCHIVE_TABLE]
        contents: dict[str, dict[str, str]] = {
            name: json.loads(tables[name].properties.get(DAYS, "{}")) for name in reads
        }
        shape = [(column.name, column.kind) for column in table.columns]
        about: list[object] = [self.statements[mart.name], shape]
        if mart.kind is not MartKind.TABLE:
            return {"": _hashed(*about, contents)}
        by_day = {name: contents[name] for name in reads if self._is_by_day(name)}
        whole = {name: contents[name] for name in reads if name not in by_day}
        days = {day for said in by_day.values() for day in said if day}
        return {
            day: _hashed(*about, {name: said.get(day) for name, said in by_day.items()}, whole)
            for day in days
        }

    def _is_by_day(self, name: str) -> bool:
        if name in DATASETS:
            return not DATASETS[name].is_dimension
        return any(table.name == name and table.is_by_day for table in self.served.tables)

    def _computed(
        self,
        connection: duckdb.DuckDBPyConnection,
        mart: Mart,
        table: Table,
        tables: Mapping[str, IcebergTable],
        days: Sequence[str],
    ) -> Served:
        """The rows of `days` as the engine computes them, in the form of a served copy."""
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            "SET threads = 1"
        )  # sums of hashes come out the same anyway; it is enough
        name = quoting.identifier(table.name)
        names = [quoting.identifier(column.name) for column in table.columns]
        declared = ", ".join(f"{n} {c.kind}" for n, c in zip(names, table.columns, strict=True))
        connection.execute(f"CREATE TABLE {name} ({declared})")
        for batch in _batches(days):
            chosen_days = [date.fromisoformat(day) for day in batch] if batch[0] else None
            for read in mart.reads:
                if read != ARCHIVE_TABLE:
                    limited = chosen_days if self._is_of_day_only(read) else None
                    self._give(read, tables[read], limited)
            sql = self.statements[mart.name]
            if chosen_days is not None:
                sql = (
                    f"SELECT * FROM ({sql}) WHERE {BUSINESS_DATE} IN ({quoting.dates(chosen_days)})"
                )
            rows = self.session.sql(sql).toArrow()
            connection.register("computed", rows)
            connection.execute(f"INSERT INTO {name} SELECT {', '.join(names)} FROM computed")
            connection.unregister("computed")
        return replace(self.served, connection=connection, tables=(table,))

    def _is_of_day_only(self, name: str) -> bool:
        """True if a table by day reads only the same days of it; see marts/incremental.py."""
        if name in DATASETS:
            return not DATASETS[name].is_dimension and DATASETS[name].dedup_keep is None
        return name in self.marts and self.marts[name].kind is MartKind.TABLE

    def _give(self, name: str, found: IcebergTable, days: Sequence[date] | None) -> None:
        """Let the engine read a table, or `days` of it, as it was last committed."""
        from pyiceberg.expressions import AlwaysTrue, In
        from pyspark.sql.pandas.types import from_arrow_schema

        condition = AlwaysTrue() if days is None else In(BUSINESS_DATE, [*days])
        tasks = [*found.scan(row_filter=condition).plan_files()]
        if any(task.delete_files for task in tasks):
            raise NotPublished(
                f"Iceberg: another program has deleted rows of {name} by delete files. Remove the "
                "table in the catalog, and publish again."
            )
        (table,) = (one for one in self.served.tables if one.name == name)
        schema = from_arrow_schema(schema_of(table))
        if tasks:
            files = [task.file.file_path for task in tasks]
            rows = self.session.read.schema(schema).parquet(*files)
        else:
            nothing = (
                f"CAST(NULL AS {field.dataType.simpleString()}) AS `{field.name}`"
                for field in schema.fields
            )
            rows = self.session.sql(f"SELECT {', '.join(nothing)} WHERE false")
        rows.createOrReplaceTempView(_place(name))


@contextmanager
def connected(
    address: str, served: Served, marts: Mapping[str, Mart], time_zone: str
) -> Iterator[Engine]:
    """A session with the engine at `address`.

    Raises NotInstalled; NotPortable for a mart that cannot run there, before anything is computed; and
    NotPublished for what the engine says in the block.
    """
    names = {table.name for table in served.tables} | {ARCHIVE_TABLE}
    places = {name: _place(name) for name in names}
    statements = {name: to_spark(mart, places) for name, mart in marts.items()}
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql.connect.client.retries import DefaultPolicy
        from pyspark.sql.connect.session import SparkSession
    except ImportError as error:
        raise NotInstalled(
            "Marts on an engine need packages that the default install does not have. In the "
            "checkout: .venv/bin/python -m pip install --no-build-isolation --editable '.[scale]'"
        ) from error
    _reach(address)
    # The client says as a warning that it has tried often enough; its error says why.
    warnings.filterwarnings("ignore", r"\[RETRIES_EXCEEDED\]")
    try:
        session = SparkSession.builder.remote(address).create()
        session.client.set_retry_policies([DefaultPolicy(max_retries=_RETRIES)])
        try:
            session.conf.set("spark.sql.session.timeZone", "UTC")
            zone = quoting.literal(time_zone)
            session.sql(f"SELECT {zone} AS time_zone").createOrReplaceTempView(
                _place(ARCHIVE_TABLE)
            )
            yield Engine(session=session, marts=marts, statements=statements, served=served)
        except PySparkException:
            session.release_session_on_close = False  # it may be gone: it is not asked once more
            raise
        finally:
            session.stop()
    except PySparkException as error:
        raise NotPublished(
            f"{redaction.redact(address)}, the engine: {_said(error)}. Readers of the list go on with "
            "the publication before; publish again. Without scale.engine DuckDB makes the marts."
        ) from None


def _said(error: Exception) -> str:
    """What the engine says, without the client's ways of saying it."""
    text = str(error)
    details = re.search(r'details = "([^"]*)"', text)
    told = " ".join(redaction.redact(details[1] if details else text).split())
    return told[:500].rstrip(".")


def _reach(address: str) -> None:
    """Raise NotPublished if nothing answers there: the client itself would try for ten minutes."""
    parts = urlsplit(address)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), _CONNECT_S).close()
    except OSError as error:
        raise NotPublished(
            f"{redaction.redact(address)}, the engine, cannot be reached: {error}. Start it, set "
            "scale.engine to where it is, or take it out: then DuckDB makes the marts."
        ) from None


def _place(name: str) -> str:
    """The name that a table has in the session."""
    return "of_" + name.replace(".", "_")


def _batches(days: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(days), _DAYS_AT_ONCE):
        yield days[start : start + _DAYS_AT_ONCE]


def _hashed(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]
