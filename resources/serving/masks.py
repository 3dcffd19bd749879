"""Personal data in the served copy: which columns hold it, and what stands there instead.

raw/, lake/ and the warehouse keep it. Columns are flagged in the catalog; a mart's column of the same
name is one as well. Read next: publish.py, which writes the copy.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import duckdb

from resources.api.catalog import DATASETS
from resources.config.model import KEEP, MASK, OMIT
from resources.home.layout import Home
from resources.sql import quoting

PERSONAL = frozenset(c.name for d in DATASETS.values() for c in d.columns if c.is_personal)
"""Names of columns of personal data, in any table."""

ABOUT_PERSONS = frozenset(d.name for d in DATASETS.values() if {*d.key} <= PERSONAL)
"""Tables that say something of each personal value and nothing else."""

PREFIX = "masked-"
_DIGITS = 16


@dataclass(frozen=True)
class Masks:
    """What stands for personal data in a served copy."""

    how: str = KEEP
    key: str = ""  # without it, every address could be tried

    @property
    def signature(self) -> str:
        """Equal for copies that are masked alike; "" if nothing is."""
        if self.how == KEEP:
            return ""
        text = repr((self.key, sorted(PERSONAL), sorted(ABOUT_PERSONS)))
        return f"{self.how}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    def leaves_out(self, table: str) -> bool:
        """True if the copy has no rows of this table."""
        return self.how == OMIT and table.removesuffix("_listed") in ABOUT_PERSONS

    def expression(self, column: str, *, is_nullable: bool = False) -> str:
        """SQL for the values of a column in the copy.

        Equal values have equal pseudonyms, so that counts and joins stay right.
        """
        name = quoting.identifier(column)
        if self.how == KEEP or column not in PERSONAL:
            return name
        if self.how == OMIT:
            return f"{'NULL' if is_nullable else quoting.literal('')}::VARCHAR"
        hashed = f"sha256({quoting.literal(self.key)} || {name})"
        return f"if({name} = '', '', {quoting.literal(PREFIX)} || {hashed}[:{_DIGITS}])"


def of(home: Home, how: str) -> Masks:
    """What the settings ask for; a home that has never masked anything has no key yet."""
    return Masks(how, home.mask_key if how == MASK else "")


def drawn(home: Home, how: str) -> Masks:
    """The same; the key is drawn if it is needed and there is none."""
    if how == MASK:
        home.draw_mask_key()
    return of(home, how)


def write_copy(
    connection: duckdb.DuckDBPyConnection, target: Path, masks: Masks, storage: str
) -> None:
    """Write the database that is open into the new file `target`, with masks.

    Row by row into an empty file: in a copy of the file, what was overwritten could still be read.
    """
    ((name,),) = connection.execute("SELECT current_database()").fetchall()
    source = quoting.identifier(name)
    place = quoting.literal(str(target))
    connection.execute(f"ATTACH {place} AS masked_copy (STORAGE_VERSION '{storage}')")
    try:
        connection.execute(f"COPY FROM DATABASE {source} TO masked_copy (SCHEMA)")
        for schema, table in _tables(connection):
            where = f"{quoting.identifier(schema)}.{quoting.identifier(table)}"
            listed = ", ".join(
                masks.expression(column, is_nullable=is_nullable)
                for column, is_nullable in _columns(connection, schema, table)
            )
            if not masks.leaves_out(table):
                connection.execute(
                    f"INSERT INTO masked_copy.{where} SELECT {listed} FROM {source}.{where}"
                )
        for statement in _comments(connection):
            connection.execute(statement)
    finally:
        connection.execute("DETACH masked_copy")


def _tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() "
        "WHERE database_name = current_database() AND NOT internal ORDER BY ALL"
    ).fetchall()


def _columns(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str
) -> list[tuple[str, bool]]:
    return connection.execute(
        "SELECT column_name, is_nullable FROM duckdb_columns() WHERE database_name = "
        "current_database() AND schema_name = ? AND table_name = ? ORDER BY column_index",
        [schema, table],
    ).fetchall()


def _comments(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Statements for the comments on tables and their columns, which COPY FROM DATABASE leaves out."""
    rows = connection.execute(
        """
        SELECT 'TABLE', schema_name, table_name, NULL, comment FROM duckdb_tables()
        WHERE database_name = current_database() AND comment IS NOT NULL
        UNION ALL SELECT 'COLUMN', schema_name, table_name, column_name, c.comment
        FROM duckdb_columns() c JOIN duckdb_tables() t USING (database_name, schema_name, table_name)
        WHERE database_name = current_database() AND c.comment IS NOT NULL
        """
    ).fetchall()
    return [
        f"COMMENT ON {kind} {'.'.join(map(quoting.identifier, ('masked_copy', *filter(None, at))))} "
        f"IS {quoting.literal(text)}"
        for kind, *at, text in rows
    ]
