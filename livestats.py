"""The served copy in a notebook: `livestats.open().sql("FROM ledger").df()` gives a pandas frame.

The copy is opened read-only and never locked, so loads can run at the same time.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

import duckdb

from resources.archive import Archive
from resources.errors import LivestatsError, near
from resources.serving import publish

__all__ = ["Stats", "UnknownTable", "open"]


class UnknownTable(LivestatsError, LookupError):
    """There is no table or view of that name; the message suggests the nearest."""


class Stats:
    """One served copy, as it was when it was opened; `refresh` opens a newer one.

    Results keep their copy open: `livestats.open().sql(...).df()` is enough.
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
        """The DuckDB connection, for everything else; `refresh` replaces it."""
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
        """The result of SQL, with `.df()`, `.to_arrow_table()`, `.pl()`, `.fetchall()` and more.

        `$name` in the query is a parameter, so that names from the API never become part of the
        SQL. Data frames of the caller can be queried by the name of their variable.

        Raises duckdb.Error for an invalid query, and for one that would change the copy.
        """
        return self._connection.sql(query, params=values or None)

    def tables(self) -> duckdb.DuckDBPyRelation:
        """All tables and views: name, number of columns, description."""
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
        """The columns of a table or view: name, type, description.

        Raises UnknownTable if there is none of that name.
        """
        names = [name for name, *_ in self.tables().fetchall()]
        if table not in names:
            found = near.either(table, names)
            hint = f"did you mean {found}? " if found else ""
            raise UnknownTable(f"There is no table or view {table!r}: {hint}All: .tables()")
        return self._connection.sql(
            "SELECT column_name AS name, data_type AS type, comment FROM duckdb_columns() "
            "WHERE schema_name = 'main' AND database_name = current_database() "
            "AND table_name = $table ORDER BY column_index",
            params={"table": table},
        )

    def refresh(self) -> bool:
        """Open the copy that was published last; False if it is open already.

        Results that have not been fetched become invalid.
        """
        if self.is_newest:
            return False
        self._connection.close()
        self._connection = self._connect()
        return True

    def close(self) -> None:
        """Close the copy; results that have not been fetched become invalid."""
        self._connection.close()

    @property
    def _zone(self) -> str:
        """Time zone of the archive's days, whatever the settings of the current folder are."""
        identity = self._archive.home.identity
        return str(identity["time_zone"]) if identity else self._archive.settings.time_zone

    def _connect(self) -> duckdb.DuckDBPyConnection:
        found = publish.connect(self._archive.home, self._zone)
        found.execute("SET python_scan_all_frames = true")
        return found


def open(home: str | Path | None = None) -> Stats:  # noqa: A001 - read as livestats.open()
    """The served copy of the archive in `home`.

    Default: LIVESTATS_HOME, else the home in livestats.toml of the current folder, else ./data.
    Needs no key and makes no API call.

    Raises SettingsError, and NothingServed if nothing has been published there yet.
    """
    given = {} if home is None else {"LIVESTATS_HOME": str(Path(home).expanduser())}
    return Stats(Archive.open({**os.environ, **given}))
