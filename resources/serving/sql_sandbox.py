"""Runs users' SQL on the served copy so that it can read the tables and nothing else.

A read-only DuckDB connection can still read and write other files, attach databases and load
extensions. `restrict` turns that off; `run_query` first rejects statements by type, with a clear
message. Read next: export.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import duckdb
from duckdb import StatementType as Kind

from resources.api.catalog import DATASETS
from resources.errors import LivestatsError
from resources.marts.definition import read
from resources.sql import quoting

_READS = (Kind.SELECT, Kind.EXPLAIN, Kind.PRAGMA, Kind.MULTI, Kind.SET)
"""Statement types that are allowed. MULTI is a PIVOT; SET is limited to `_SETTINGS`."""

_SETTINGS = ("TimeZone", "Calendar", "schema", "search_path")
"""Settings that a query may change: they affect how results are shown, nothing else."""

_ELSEWHERE = (
    "`livestats query` reads the tables of the served copy, and nothing else. To write the answer "
    "into a file: --output. To join it with a file of yours: --with NAME=FILE; or open the copy in "
    "Python or DuckDB: its path is `served/livestats.duckdb` in the home."
)


class QueryError(LivestatsError):
    """A query that is refused; the message says why and what to do instead."""


def spill_to(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Have what does not fit into memory written to `folder`: by default, it goes beside the database.

    DuckDB refuses another folder once something was written: call it before anything is read.
    """
    ((now,),) = connection.execute("SELECT current_setting('temp_directory')").fetchall()
    if now != str(folder):
        connection.execute(f"SET temp_directory = {quoting.literal(str(folder))}")


def restrict(connection: duckdb.DuckDBPyConnection, spill: Path) -> None:
    """Let the connection read its own database only, and write nothing.

    Sorts that do not fit into memory spill to the folder `spill`. It cannot be undone, and applies
    to all connections to the same file that the process has open.
    """
    spill_to(connection, spill)
    connection.execute(
        f"""
        SET python_enable_replacements = false;
        SET autoload_known_extensions = false;
        SET autoinstall_known_extensions = false;
        SET allow_community_extensions = false;
        SET allowed_paths = [];
        SET allowed_configs = {_sql_list(_SETTINGS)};
        SET enable_external_access = false;
        SET lock_configuration = true;
        """
    )


def run_query(connection: duckdb.DuckDBPyConnection, text: str) -> duckdb.DuckDBPyRelation | None:
    """The result of the last statement, computed when read; None if it has no rows, such as SET.

    Raises QueryError for statements that do more than read, and for several results, of which only
    the last would be shown; duckdb.Error for an invalid statement.
    """
    statements = connection.extract_statements(text)
    for statement in statements:
        if statement.type not in _READS:
            raise QueryError(f"{statement.type.name} is refused: read-only. {_ELSEWHERE}")
    for number, statement in enumerate(statements[:-1], start=1):
        if statement.type is not Kind.SET:
            raise QueryError(
                f"Statement {number} of {len(statements)} has an answer that would not be shown: "
                "one answer is shown, that of the last statement, and only SET may stand before "
                "it. Ask one after the other, or put them together with UNION ALL."
            )
    result: duckdb.DuckDBPyRelation | None = None
    for statement in statements:
        result = connection.sql(_without_semicolon(statement.query))
        if statement.type is Kind.SET:
            result = None
    return result


def _without_semicolon(statement: str) -> str:
    """The statement up to its semicolon: DuckDB fails on a comment after it."""
    text = statement.encode()  # tokens are counted in bytes
    ends = (at for at, _ in duckdb.tokenize(statement) if text[at : at + 1] == b";")
    return text[: next(ends, len(text))].decode()


def error_message(error: duckdb.Error) -> str:
    """The message for an error of DuckDB, with what to do about it."""
    text = str(error)
    if isinstance(error, duckdb.PermissionException) or "has been locked" in text:
        return f"{text}\n{_ELSEWHERE}"
    if "read-only" in text:
        return f"What the statement would write is refused: read-only. {_ELSEWHERE}"
    missing = _MISSING.search(text)
    datasets = required_datasets(missing["name"]) if missing else None
    if missing and datasets:
        return (
            f"The served copy has no {missing['name']}, which needs {', '.join(datasets)}. See "
            "`livestats settings`: what datasets.off names is not captured, and nothing is made of "
            "it. If all of them are captured, run `livestats publish`."
        )
    hint = "" if "LINE" not in text else "\n"
    return f"{text}{hint}\nTables and columns: livestats tables"


_MISSING = re.compile(r"^Catalog Error: Table (Function )?with name (?P<name>\w+) does not exist")


def required_datasets(name: str) -> list[str]:
    """The datasets that a table or mart needs; empty for an unknown name."""
    marts = read()
    if name in DATASETS or name not in marts:
        return [name] if name in DATASETS else []
    mart = marts[name]
    required = {part for part in mart.reads if part not in mart.optional}
    return sorted({dataset for part in required for dataset in required_datasets(part)})


def _sql_list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(quoting.literal, texts))}]"
