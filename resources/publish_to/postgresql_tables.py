"""Tables of a publication in PostgreSQL: made, changed and removed, so that views on them stay whole.

Not here: their rows (postgresql.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from resources.api.catalog.columns import BUSINESS_DATE
from resources.publish_to.errors import NotPublished
from resources.publish_to.postgresql_session import Denied, Session
from resources.publish_to.postgresql_types import type_of
from resources.publish_to.served import Table
from resources.sql import quoting

PUBLICATION = "livestats_publication"
TABLES = "livestats_published_table"
DAYS = "livestats_published_day"

_OWN = f"""
CREATE TABLE IF NOT EXISTS {{0}}.{PUBLICATION} (
    home text NOT NULL, commit_id text NOT NULL, signature text NOT NULL,
    livestats_version text NOT NULL, published_at timestamp with time zone NOT NULL);
COMMENT ON TABLE {{0}}.{PUBLICATION} IS 'One row: which archive is published here, and since when.';
CREATE TABLE IF NOT EXISTS {{0}}.{TABLES} (table_name text PRIMARY KEY);
COMMENT ON TABLE {{0}}.{TABLES} IS 'Tables of this schema that livestats has made.';
CREATE TABLE IF NOT EXISTS {{0}}.{DAYS} (table_name text NOT NULL, day date, content text NOT NULL);
COMMENT ON TABLE {{0}}.{DAYS} IS 'What is published of each day: the next publication replaces what differs.'
"""
_LONGEST_NAME = 63
_NOT_SUPPORTED = "0A000"
_UNFILLED = "Not filled any more: livestats has no such column now."
_GONE = "Empty: livestats has no such table now, and other objects depend on it."

_COLUMNS = """
SELECT c.relname, c.relkind::text, a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = {} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1, a.attnum
"""
_COMMENTS = """
SELECT c.relname, coalesce(a.attname, ''), d.description
FROM pg_description d JOIN pg_class c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
WHERE n.nspname = {}
"""


def qualified(schema: str, table: str) -> str:
    """Schema and table, quoted."""
    return f"{quoting.identifier(schema)}.{quoting.identifier(table)}"


def make_own(session: Session, schema: str) -> None:
    """Make the schema and the tables that a publication keeps about itself, if they are missing."""
    there = session.rows(
        "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        f"WHERE n.nspname = {quoting.literal(schema)} AND c.relname = '{DAYS}'"
    )
    if there:
        return
    # Asked before: CREATE SCHEMA IF NOT EXISTS needs the right to make schemas even if it is there.
    if not session.rows(f"SELECT 1 FROM pg_namespace WHERE nspname = {quoting.literal(schema)}"):
        session.run(f"CREATE SCHEMA {quoting.identifier(schema)}")
    for statement in _OWN.format(quoting.identifier(schema)).split(";"):
        session.run(statement)


def shape(session: Session, schema: str, tables: Sequence[Table]) -> list[str]:
    """Make the tables have the columns of `tables`. Columns that others depend on are kept, empty.

    Returns the names of the tables that are not published any more.

    Raises NotPublished for a table that livestats has not made.
    """
    present = _present(session, schema)
    ours = {name for (name,) in session.rows(f"SELECT table_name FROM {qualified(schema, TABLES)}")}
    for table in tables:
        _check_names(table)
        if table.name not in present:
            _create(session, schema, table)
        elif table.name not in ours or present[table.name][0] != "r":
            raise NotPublished(
                f"{session.where}: the schema {schema} has a relation {table.name} that livestats has "
                "not made. Rename it, or set publish.schema to another name."
            )
        else:
            _alter(session, schema, table, present[table.name][1])
    removed = sorted(ours - {table.name for table in tables})
    for name in removed:
        _remove(session, schema, name, is_there=name in present)
    return removed


def comment(session: Session, schema: str, tables: Sequence[Table]) -> None:
    """Write the comments that differ."""
    said = {
        (table, column): text
        for table, column, text in session.rows(_COMMENTS.format(quoting.literal(schema)))
    }
    for table in tables:
        place = qualified(schema, table.name)
        wanted = [("", f"TABLE {place}", table.comment)]
        wanted += [
            (c.name, f"COLUMN {place}.{quoting.identifier(c.name)}", c.comment)
            for c in table.columns
        ]
        for column, on, text in wanted:
            if said.get((table.name, column), "") != text:
                session.run(f"COMMENT ON {on} IS {quoting.literal(text)}")


def _present(session: Session, schema: str) -> dict[str, tuple[str, dict[str, str]]]:
    """Relation -> its kind, and its columns with their types."""
    found: dict[str, tuple[str, dict[str, str]]] = {}
    for name, kind, column, of_type in session.rows(_COLUMNS.format(quoting.literal(schema))):
        columns = found.setdefault(name, (kind, {}))[1]
        if column is not None:
            columns[column] = of_type
    return found


def _check_names(table: Table) -> None:
    for name in (table.name, *(column.name for column in table.columns)):
        if len(name.encode()) > _LONGEST_NAME:
            raise NotPublished(
                f"PostgreSQL cuts names off after {_LONGEST_NAME} bytes: {name} of {table.name} is longer."
            )


def _create(session: Session, schema: str, table: Table) -> None:
    declared = ", ".join(f"{quoting.identifier(c.name)} {type_of(c.kind)}" for c in table.columns)
    session.run(f"CREATE TABLE {qualified(schema, table.name)} ({declared})")
    _forget(session, schema, table.name)  # somebody may have dropped the table
    if table.is_by_day:
        session.run(f"CREATE INDEX ON {qualified(schema, table.name)} ({BUSINESS_DATE})")
    session.run(
        f"INSERT INTO {qualified(schema, TABLES)} VALUES ({quoting.literal(table.name)}) "
        "ON CONFLICT DO NOTHING"
    )


def _alter(session: Session, schema: str, table: Table, present: Mapping[str, str]) -> None:
    place = qualified(schema, table.name)
    wanted = {column.name: type_of(column.kind) for column in table.columns}
    if wanted.items() - present.items():
        session.run(f"DELETE FROM {place}")
        _forget(session, schema, table.name)
    for name, kind in wanted.items():
        column = quoting.identifier(name)
        if name not in present:
            session.run(f"ALTER TABLE {place} ADD COLUMN {column} {kind}")
        elif present[name] != kind:
            try:
                session.run(
                    f"ALTER TABLE {place} ALTER COLUMN {column} TYPE {kind} USING NULL::{kind}"
                )
            except Denied as error:
                if error.state != _NOT_SUPPORTED:
                    raise
                raise NotPublished(
                    f"{error} The column {name} of {table.name} has to become {kind} instead of "
                    f"{present[name]}: drop what depends on it, publish, and make it again."
                ) from None
    for name in present.keys() - wanted.keys():
        if not _drop(session, f"ALTER TABLE {place} DROP COLUMN {quoting.identifier(name)}"):
            session.run(
                f"COMMENT ON COLUMN {place}.{quoting.identifier(name)} IS {quoting.literal(_UNFILLED)}"
            )


def _remove(session: Session, schema: str, name: str, *, is_there: bool) -> None:
    """Drop a table that is not published any more; if others depend on it, empty it."""
    place, named = qualified(schema, name), quoting.literal(name)
    _forget(session, schema, name)
    if is_there and not _drop(session, f"DROP TABLE {place}"):
        session.run(f"DELETE FROM {place}")
        session.run(f"COMMENT ON TABLE {place} IS {quoting.literal(_GONE)}")
        return
    session.run(f"DELETE FROM {qualified(schema, TABLES)} WHERE table_name = {named}")


def _forget(session: Session, schema: str, name: str) -> None:
    """Take all days of a table for unpublished: its rows come anew."""
    notes = qualified(schema, DAYS)
    session.run(f"DELETE FROM {notes} WHERE table_name = {quoting.literal(name)}")


def _drop(session: Session, statement: str) -> bool:
    """Drop an object unless others depend on it; True if it is gone.

    Inside of a block, as an error outside of one ends the transaction.
    """
    marker = "livestats.dropped"
    session.rows(f"SELECT set_config('{marker}', 'no', true)")
    session.run(
        f"DO $drop$ BEGIN {statement}; "
        f"PERFORM set_config('{marker}', 'yes', true); "
        "EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END $drop$"
    )
    return session.rows(f"SELECT current_setting('{marker}')") == [("yes",)]
