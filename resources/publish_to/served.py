"""What is published of a served copy: tables with columns and comments, and the content of each day.

Not here: any other database (postgresql.py, read it next).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

import duckdb

from resources.api.catalog import DATASETS
from resources.api.catalog.columns import BUSINESS_DATE
from resources.api.catalog.datasets import CUT_PREFIX
from resources.fs import scratch
from resources.home.layout import Home
from resources.publish_to.errors import NotPublished
from resources.raw.erasures import Erasures
from resources.serving import publish as serving_publish
from resources.sql import quoting
from resources.version import VERSION
from resources.warehouse import identity

Days = Mapping[date | None, str]
"""Day -> what identifies its rows. None: the rows without a day, or all rows of a table without days."""

_MEMORY_LIMIT = "256MB"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a served table."""

    name: str
    kind: str  # DuckDB's type
    comment: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table, or a view, of the served copy."""

    name: str
    comment: str
    columns: tuple[Column, ...]

    @property
    def is_by_day(self) -> bool:
        """True if its rows can be replaced day by day."""
        return any(c.name == BUSINESS_DATE and c.kind == "DATE" for c in self.columns)


@dataclass(frozen=True, kw_only=True)
class Served:
    """An open served copy, and what of it is published."""

    connection: duckdb.DuckDBPyConnection
    home: str  # identity of the home
    commit: str
    masks: str
    erasures: str  # digest of the erasures that were begun or finished before it was opened
    tables: tuple[Table, ...]

    @property
    def signature(self) -> str:
        """Equal for publications that are equal in every row, column and comment."""
        text = repr((VERSION, self.commit, self.masks, [table.name for table in self.tables]))
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    @property
    def privacy(self) -> str:
        """Differs after an erasure and with other masks: then the publication before must go."""
        return hashlib.sha256(repr((self.masks, self.erasures)).encode()).hexdigest()[:8]

    def days(self, table: Table) -> Days:
        """The content of each day of a table. Columns that are renamed or of another type change it."""
        day = BUSINESS_DATE if table.is_by_day else "NULL::DATE"
        shape = repr([(c.name, c.kind) for c in table.columns]).encode()
        prefix = hashlib.sha256(shape).hexdigest()[:8]
        rows = self.connection.execute(
            f"SELECT {day}, concat_ws('-', '{prefix}', count(*), sum(hash(t)::HUGEINT)) "
            f"FROM main.{quoting.identifier(table.name)} t GROUP BY 1"
        ).fetchall()
        return dict(rows)

    def relation(
        self, table: Table, expressions: Sequence[str], days: Sequence[date | None]
    ) -> duckdb.DuckDBPyRelation:
        """The rows of `days`; `expressions` are the SELECT list."""
        text = f"SELECT {', '.join(expressions)} FROM main.{quoting.identifier(table.name)}"
        return self.connection.sql(f"{text} WHERE {condition(table, days)}")


def condition(table: Table, days: Sequence[date | None]) -> str:
    """SQL for the rows of `days`, as DuckDB and PostgreSQL both read it."""
    if not table.is_by_day:
        return "true"
    named = quoting.dates(sorted(day for day in days if day is not None))
    parts = [f"{BUSINESS_DATE} IN ({named})"] if named else []
    parts += [f"{BUSINESS_DATE} IS NULL"] if None in days else []
    return f"({' OR '.join(parts)})" if parts else "false"


@contextmanager
def reading(home: Home, time_zone: str, datasets: Sequence[str]) -> Iterator[Served]:
    """The served copy: all marts, dimensions and own tables, and the datasets that fit `datasets`.

    With one thread, so that sums come out the same each time, to the last bit. Raises NotPublished
    for a name that fits no dataset, and as `serving.publish.reading`.
    """
    # Before the copy is opened: one that was opened before an erasure must not be called of after it.
    erasures = _erasures(home)
    with (
        serving_publish.reading(home, time_zone) as connection,
        scratch.folder(home.state) as spill,
    ):
        connection.execute("SET threads = 1")
        connection.execute(f"SET memory_limit = '{_MEMORY_LIMIT}'")
        connection.execute(f"SET temp_directory = {quoting.literal(str(spill))}")
        seal = identity.of(connection)
        if seal is None:
            raise NotPublished(
                "The served copy is of an earlier version. Run `livestats publish` first."
            )
        noted = identity.read(home.served.resolve())
        yield Served(
            connection=connection,
            home=seal.home,
            commit=seal.commit,
            masks=noted.masks if noted else "",
            erasures=erasures,
            tables=tuple(_chosen(_tables(connection), datasets)),
        )


def _erasures(home: Home) -> str:
    # If the file is gone, this differs from before, and that is enough here.
    every = Erasures.of(home.raw, may_be_gone=True).every
    text = repr(sorted((one.id, one.is_finished) for one in every))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _chosen(tables: Sequence[Table], datasets: Sequence[str]) -> Iterator[Table]:
    names = [t.name for t in tables if t.name in DATASETS or t.name.startswith(CUT_PREFIX)]
    for pattern in datasets:
        if not any(fnmatchcase(name, pattern) for name in [*names, *DATASETS]):
            raise NotPublished(
                f"{pattern!r} fits no dataset. `livestats tables` lists them; '*' stands for all."
            )
    for table in tables:
        if table.name not in names or any(fnmatchcase(table.name, p) for p in datasets):
            yield table


def _tables(connection: duckdb.DuckDBPyConnection) -> list[Table]:
    columns: dict[str, list[Column]] = {}
    for table, name, kind, comment in connection.execute(
        "SELECT table_name, column_name, data_type, coalesce(comment, '') FROM duckdb_columns() "
        "WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal "
        "ORDER BY table_name, column_index"
    ).fetchall():
        columns.setdefault(table, []).append(Column(name=name, kind=kind, comment=comment))
    comments = connection.execute(
        "SELECT table_name, coalesce(comment, '') FROM duckdb_tables() "
        "WHERE database_name = current_database() AND schema_name = 'main' "
        "UNION ALL SELECT view_name, coalesce(comment, '') FROM duckdb_views() "
        "WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal "
        "ORDER BY 1"
    ).fetchall()
    return [
        Table(name=name, comment=comment, columns=tuple(columns[name]))
        for name, comment in comments
    ]
