"""A publication in PostgreSQL: all tables in one transaction, only the days that differ.

Readers see all tables as they were or as they are, and never wait but for a change of columns. Read
next: postgresql_tables.py, postgresql_session.py.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, datetime

from resources.publish_to import postgresql_tables as layout
from resources.publish_to.errors import NotPublished
from resources.publish_to.postgresql_session import (
    LOCK_NOT_AVAILABLE,
    Denied,
    Session,
    place_of,
    transaction,
)
from resources.publish_to.postgresql_tables import qualified
from resources.publish_to.postgresql_types import expression
from resources.publish_to.result import Result
from resources.publish_to.served import Days, Served, Table, condition
from resources.sql import quoting
from resources.version import VERSION

log = logging.getLogger("livestats.publish")

_BATCH_ROWS = 50_000
_LOCK_TIMEOUT = "60s"
_SETTINGS = {
    "lock_timeout": _LOCK_TIMEOUT,
    "statement_timeout": "0",  # those of the role are meant for readers
    "idle_in_transaction_session_timeout": "0",
    "standard_conforming_strings": "on",
}


def publish(served: Served, url: str, schema: str, now: datetime) -> Result:
    """Make the schema equal to the served copy, or leave it as it was. Raises NotPublished."""
    where, tables = place_of(url), len(served.tables)
    with transaction(url) as session:
        _take_turn(session, schema)
        layout.make_own(session, schema)
        if _is_published(session, served, schema):
            return Result(where=where, schema=schema, tables=tables, is_new=False)
        try:
            removed = layout.shape(session, schema, served.tables)
        except Denied as error:
            if error.state != LOCK_NOT_AVAILABLE:
                raise
            raise NotPublished(
                f"{where}: columns have changed, and for {_LOCK_TIMEOUT} readers did not let a table "
                "be altered. Publish again when long queries are over."
            ) from None
        changed, rows = [], 0
        for table in served.tables:
            written = _replace(session, served, schema, table)
            if written is not None:
                changed.append(table.name)
                rows += written
        layout.comment(session, schema, served.tables)
        _note(session, served, schema, now)
    log.info("%s: %d rows of %d tables published", where, rows, len(changed))
    return Result(
        where=where, schema=schema, tables=tables, changed=tuple(changed), removed=tuple(removed),
        rows=rows,
    )  # fmt: skip


def _take_turn(session: Session, schema: str) -> None:
    """Refuse a second publication at the same time."""
    key = quoting.literal(f"livestats {schema}")
    if session.rows(f"SELECT pg_try_advisory_xact_lock(hashtextextended({key}, 0))") != [(True,)]:
        raise NotPublished(
            f"{session.where}: another publication to the schema {schema} is under way. Try again "
            "when it is over."
        )
    for name, value in _SETTINGS.items():
        session.run(f"SET LOCAL {name} = '{value}'")


def _is_published(session: Session, served: Served, schema: str) -> bool:
    """True if this very publication is there. Raises NotPublished if that of another archive is."""
    noted = session.rows(f"SELECT home, signature FROM {qualified(schema, layout.PUBLICATION)}")
    if any(home != served.home for home, _ in noted):
        raise NotPublished(
            f"{session.where}: the schema {schema} has the tables of another archive. Set "
            "publish.schema to another name."
        )
    return noted == [(served.home, served.signature)]


def _replace(session: Session, served: Served, schema: str, table: Table) -> int | None:
    """Replace the days that differ; how many rows were written, None if no day differs."""
    place, notes = qualified(schema, table.name), qualified(schema, layout.DAYS)
    named = quoting.literal(table.name)
    noted: Days = dict(session.rows(f"SELECT day, content FROM {notes} WHERE table_name = {named}"))
    wanted = served.days(table)
    stale = [day for day in {**noted, **wanted} if noted.get(day) != wanted.get(day)]
    if not stale:
        return None
    session.run(f"DELETE FROM {place} WHERE {condition(table, stale)}")
    session.run(f"DELETE FROM {notes} WHERE table_name = {named} AND {_days(stale)}")
    made = [day for day in stale if day in wanted]
    rows = 0
    if made:
        found = served.relation(table, [expression(c) for c in table.columns], made)
        rows = session.append(schema, table.name, found.to_arrow_reader(_BATCH_ROWS))
        values = ", ".join(
            f"({named}, {_literal(day)}, {quoting.literal(wanted[day])})" for day in made
        )
        session.run(f"INSERT INTO {notes} VALUES {values}")
    session.run(f"ANALYZE {place}")
    return rows


def _days(days: Sequence[date | None]) -> str:
    named = quoting.dates(day for day in days if day is not None)
    parts = [f"day IN ({named})"] if named else []
    parts += ["day IS NULL"] if None in days else []
    return f"({' OR '.join(parts)})"


def _literal(day: date | None) -> str:
    return "NULL::date" if day is None else f"DATE '{day}'"


def _note(session: Session, served: Served, schema: str, now: datetime) -> None:
    place = qualified(schema, layout.PUBLICATION)
    values = (served.home, served.commit, served.signature, VERSION, now.isoformat())
    session.run(f"DELETE FROM {place}")
    session.run(f"INSERT INTO {place} VALUES ({', '.join(map(quoting.literal, values))})")
