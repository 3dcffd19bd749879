"""A connection to PostgreSQL, by ADBC: one transaction, and errors without secrets.

The driver is an extra and is imported here only. Not here: what is published (postgresql.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pyarrow as pa

from resources.publish_to.errors import NotInstalled, NotPublished

_DEFAULTS = {"connect_timeout": "10", "application_name": "livestats"}

LOCK_NOT_AVAILABLE = "55P03"


class Denied(NotPublished):
    """PostgreSQL refused a statement."""

    def __init__(self, message: str, state: str | None) -> None:
        super().__init__(message)
        self.state = state  # SQLSTATE


@dataclass(frozen=True, kw_only=True)
class Session:
    """An open transaction."""

    where: str
    cursor: Any

    def run(self, statement: str) -> None:
        """Execute a statement without a result."""
        with self._explained():
            self.cursor.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self._explained():
            self.cursor.execute(query)
            return list(self.cursor.fetchall())

    def append(self, schema: str, table: str, reader: pa.RecordBatchReader) -> int:
        """Append the rows to a table, by the names of its columns; how many."""
        with self._explained():
            return int(self.cursor.adbc_ingest(table, reader, mode="append", db_schema_name=schema))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        from adbc_driver_postgresql import dbapi

        try:
            yield
        except dbapi.Error as error:
            raise Denied(f"{self.where}: {_said(error)}", error.sqlstate) from None


@contextmanager
def transaction(url: str) -> Iterator[Session]:
    """One transaction: committed after the block, rolled back after an error. Raises NotPublished.

    `url` has been checked (`publish_settings.fault_of`); the password is found by the driver itself.
    """
    try:
        from adbc_driver_postgresql import dbapi
    except ImportError as error:
        raise NotInstalled(
            "Publishing to PostgreSQL needs a driver that the default install does not have. In the "
            "checkout: .venv/bin/python -m pip install --no-build-isolation --editable "
            "'.[postgresql]'"
        ) from error
    where = place_of(url)
    try:
        connection = dbapi.connect(_with_defaults(url))
    except dbapi.Error as error:
        raise Denied(f"{where} cannot be reached: {_said(error)}", error.sqlstate) from None
    try:
        with connection.cursor() as cursor:
            yield Session(where=where, cursor=cursor)
        try:
            connection.commit()
        except dbapi.Error as error:
            raise Denied(f"{where}: {_said(error)}", error.sqlstate) from None
    except BaseException:
        with suppress(dbapi.Error):  # the server rolls back when the connection is closed
            connection.rollback()
        raise
    finally:
        with suppress(dbapi.Error):
            connection.close()


def place_of(url: str) -> str:
    """Host, port and database of an address, for messages."""
    parts = urlsplit(url)
    return f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _with_defaults(url: str) -> str:
    parts = urlsplit(url)
    given = parse_qsl(parts.query, keep_blank_values=True)
    names = {name for name, _ in given}
    added = [(name, value) for name, value in _DEFAULTS.items() if name not in names]
    return parts._replace(query=urlencode([*given, *added])).geturl()


def _said(error: Any) -> str:
    """What the server said; else what the driver says, without the statement."""
    told = {key: value.decode("utf-8", "replace") for key, value in error.details or []}
    parts = [told.get(f"PG_DIAG_MESSAGE_{part}", "") for part in ("PRIMARY", "DETAIL", "HINT")]
    if any(parts):
        return ". ".join(part.rstrip(".") for part in parts if part) + "."
    text = str(error).partition("\n\nQuery was:")[0].partition("[libpq] ")[2] or str(error)
    return " ".join(text.split())
