"""Answers in a notebook: the served copy as pandas, Arrow or Polars frames.

    import livestats
    livestats.open().sql("FROM ledger").df()

The copy is open for reading only, and never locked: loads go on beside it.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType

import duckdb

from resources.archive import Archive
from resources.serving import publish

__all__ = ["Stats", "UnknownTable", "open"]


class UnknownTable(LookupError):
    """There is no table or view of that name; the message names the nearest."""


class Stats:
    """One served copy, as it was when it was opened; `refresh` goes on to a newer one.

    Answers keep the copy open that they come from: `livestats.open().sql(...).df()` is enough.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._connection = self._connect()

    def __enter__(self) -> Stats:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<livestats {self.copy}, days of {self._zone}, in {self._archive.home.root}>"

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The DuckDB connection, for what is not offered here; `refresh` makes another."""
        return self._connection

    @property
    def copy(self) -> str:
        """The name of the copy that is open."""
        ((name,),) = self._connection.execute("SELECT current_database()").fetchall()
        return str(name)

    @property
    def is_newest(self) -> bool:
        """Whether nothing newer has been published since it was opened."""
        return self._archive.home.served.resolve().stem == self.copy

    def sql(self, query: str, **values: object) -> duckdb.DuckDBPyRelation:
        """The answer to SQL, with `.df()`, `.to_arrow_table()`, `.pl()`, `.fetchall()` and more.

        `$name` in the query stands for the value of that name: a name of the API never becomes
        part of the SQL. Data frames of the caller can be joined by their variable's name.

        Raises duckdb.Error for a wrong query, and for one that would change the copy.
        """
        return self._connection.sql(query, params=values or None)

    def tables(self) -> duckdb.DuckDBPyRelation:
        """Every table and view: name, how many columns, what it holds."""
        return self._connection.sql(
            "SELECT t.name, count(*) AS columns, any_value(t.comment) AS comment FROM ("
            "SELECT table_name AS name, comment FROM duckdb_tables() WHERE schema_name = 'main' "
            "AND database_name = current_database() UNION ALL "
            "SELECT view_name, comment FROM duckdb_views() WHERE schema_name = 'main' "
            "AND database_name = current_database() AND NOT internal) t "
            "JOIN duckdb_columns() c ON c.table_name = t.name AND c.schema_name = 'main' "
            "AND c.database_name = current_database() GROUP BY t.name ORDER BY t.name"
        )

    def columns(self, table: str) -> duckdb.DuckDBPyRelation:
        """The columns of a table or view: name, type, what it means.

        Raises UnknownTable if there is none of that name.
        """
        names = [name for name, *_ in self.tables().fetchall()]
        if table not in names:
            near = get_close_matches(table, names, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}? " if near else ""
            raise UnknownTable(f"There is no table or view {table!r}: {hint}All: .tables()")
        return self._connection.sql(
            "SELECT column_name AS name, data_type AS type, comment FROM duckdb_columns() "
            "WHERE schema_name = 'main' AND database_name = current_database() "
            "AND table_name = $table ORDER BY column_index",
            params={"table": table},
        )

    def refresh(self) -> bool:
        """Go on to the copy that was published last; False if it is open already.

        Answers that were not read yet can no longer be: ask again.
        """
        if self.is_newest:
            return False
        self._connection.close()
        self._connection = self._connect()
        return True

    def close(self) -> None:
        """Close the copy; answers that were not read yet can no longer be."""
        self._connection.close()

    @property
    def _zone(self) -> str:
        """Of the archive's days, whatever the settings of the present folder say."""
        identity = self._archive.home.identity
        return str(identity["time_zone"]) if identity else self._archive.settings.time_zone

    def _connect(self) -> duckdb.DuckDBPyConnection:
        found = publish.connect(self._archive.home, self._zone)
        found.execute("SET python_scan_all_frames = true")
        return found


def open(home: str | Path | None = None) -> Stats:  # noqa: A001 - read as livestats.open()
    """The served copy of the archive in `home`; without it, of the one that is set.

    Set is what LIVESTATS_HOME says, else livestats.toml in the current folder, else ./data. No key
    is needed and nothing is asked of the API.

    Raises SettingsError, and NothingServed if nothing has been published there yet.
    """
    given = {} if home is None else {"LIVESTATS_HOME": str(Path(home).expanduser())}
    return Stats(Archive.open({**os.environ, **given}))
