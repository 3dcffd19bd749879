"""What a question brings along: values for its parameters, and files of the user to join.

A parameter is a DuckDB variable: `getvariable('month')`, NULL where no value is given. A file becomes a
temporary table before the sandbox closes. Not here: the sandbox (sql_sandbox.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import duckdb

from resources.errors import near
from resources.serving.sql_sandbox import QueryError
from resources.sql import quoting

_PARAMETER = re.compile(r"\bgetvariable\s*\(\s*'(?P<name>\w+)'\s*\)", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_READERS = {
    ".csv": "read_csv",
    ".tsv": "read_csv",
    ".json": "read_json",
    ".ndjson": "read_json",
    ".jsonl": "read_json",
    ".parquet": "read_parquet",
}


def parameters_in(text: str) -> tuple[str, ...]:
    """The names of the parameters of a statement, in the order in which they first stand there."""
    return tuple(dict.fromkeys(found["name"] for found in _PARAMETER.finditer(text)))


def check_values(text: str, names: Iterable[str]) -> None:
    """Raise QueryError if a value is given that the statement does not ask for."""
    known = parameters_in(text)
    for name in names:
        if name not in known:
            has = f"It has {', '.join(known)}." if known else "It has none."
            hint = near.hint(name, known) if known else ""
            raise QueryError(
                f"The statement has no parameter {name!r}. {hint or has} A parameter is written "
                f"getvariable('{name}')."
            )


def set_values(connection: duckdb.DuckDBPyConnection, values: Mapping[str, str | date]) -> None:
    """Give the variables of a connection their values."""
    for name, value in values.items():
        shown = quoting.literal(str(value))
        typed = f"DATE {shown}" if isinstance(value, date) else shown
        connection.execute(f"SET VARIABLE {quoting.identifier(name)} = {typed}")


def load_files(connection: duckdb.DuckDBPyConnection, files: Mapping[str, Path]) -> None:
    """Read each file into a temporary table of that name. The files stay as they are.

    Raises QueryError for a name that is taken or is no name of a table, for an ending that says no
    format, and for a file that cannot be read.
    """
    taken = {name.lower() for (name,) in connection.execute(_TABLES).fetchall()}
    for name, path in files.items():
        if not _NAME.fullmatch(name):
            raise QueryError(f"--with {name}={path}: a name has letters, digits and _ only.")
        if name.lower() in taken:
            raise QueryError(f"--with {name}={path}: there is a table {name}. Name it otherwise.")
        reader = _READERS.get(Path(path.name.removesuffix(".gz")).suffix.lower())
        if reader is None:
            raise QueryError(
                f"--with {name}={path}: the name must end with one of {', '.join(_READERS)}."
            )
        if not path.is_file():
            raise QueryError(f"--with {name}={path}: there is no such file.")
        # A quoted name, and no pattern: read_csv would take * and [ for one.
        place = quoting.literal(re.sub(r"([*?\[])", r"[\1]", str(path.resolve())))
        try:
            connection.execute(
                f"CREATE TEMP TABLE {quoting.identifier(name)} AS FROM {reader}({place})"
            )
        except duckdb.Error as error:
            raise QueryError(f"--with {name}={path} cannot be read: {error}") from error


_TABLES = "SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views()"
