"""SQL from outside, asked of the served copy: it can read the tables, and nothing else.

A connection that is open for reading only still reads and writes other files, attaches databases
and loads extensions. Statements are chosen by their kind first, for a clear message; the settings
of `lock` then hold whatever a statement hides inside, a function or a part of it.
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
"""MULTI is a PIVOT; SET is a variable, the schema, or one of `_SETTINGS`."""

_SETTINGS = ("TimeZone", "Calendar", "schema", "search_path")
"""What a question may set: it changes how answers are shown, nothing else."""

_ELSEWHERE = (
    "`livestats query` reads the tables of the served copy, and nothing else. To write the answer "
    "into a file: --output. To join it with files of yours, open the copy in Python or DuckDB: "
    "its path is `served/livestats.duckdb` in the home."
)


class QueryError(LivestatsError):
    """A question that is not answered; the message says why and what to do instead."""


def restrict(connection: duckdb.DuckDBPyConnection, spill: Path) -> None:
    """Let the connection read its own database only, and write nothing.

    Sorting what does not fit into memory uses the folder `spill`. Cannot be undone; in a process,
    it holds for all connections to the file that are open together.
    """
    connection.execute(
        f"""
        SET temp_directory = {quoting.literal(str(spill))};
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
    """The answer of the last statement, not computed yet; None for one without rows, such as SET.

    Raises QueryError for a statement that does more than read, and for several answers, of which
    one alone would be seen; duckdb.Error for a wrong statement.
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
    found: duckdb.DuckDBPyRelation | None = None
    for statement in statements:
        found = connection.sql(_without_semicolon(statement.query))
        if statement.type is Kind.SET:
            found = None
    return found


def _without_semicolon(statement: str) -> str:
    """One statement without its semicolon: a comment behind it would stand in DuckDB's way."""
    text = statement.encode()  # tokens are counted in bytes
    ends = (at for at, _ in duckdb.tokenize(statement) if text[at : at + 1] == b";")
    return text[: next(ends, len(text))].decode()


def error_message(error: duckdb.Error) -> str:
    """What to tell about an error of DuckDB: what was refused, absent, or wrong with the SQL."""
    text = str(error)
    if isinstance(error, duckdb.PermissionException) or "has been locked" in text:
        return f"{text}\n{_ELSEWHERE}"
    if "read-only" in text:
        return f"What the statement would write is refused: read-only. {_ELSEWHERE}"
    absent = _ABSENT.search(text)
    datasets = required_datasets(absent["name"]) if absent else None
    if absent and datasets:
        return (
            f"The served copy has no {absent['name']}, which needs {', '.join(datasets)}. See "
            "`livestats settings`: what datasets.off names is not captured, and nothing is made of "
            "it. If all of them are captured, run `livestats publish`."
        )
    hint = "" if "LINE" not in text else "\n"
    return f"{text}{hint}\nTables and columns: livestats tables"


_ABSENT = re.compile(r"^Catalog Error: Table (Function )?with name (?P<name>\w+) does not exist")


def required_datasets(name: str) -> list[str]:
    """The datasets without which there is no table or mart of this name; none for another name."""
    marts = read()
    if name in DATASETS or name not in marts:
        return [name] if name in DATASETS else []
    mart = marts[name]
    always = {part for part in mart.reads if part not in mart.optional}
    return sorted({dataset for part in always for dataset in required_datasets(part)})


def _sql_list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(quoting.literal, texts))}]"
