"""What a section of the usage report reads, made up: a ledger and the rows of a few marts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from pipelines.reports.usage import whole
from pipelines.reports.usage.scope import Domain, Range, Source
from pipelines.reports.usage.view import View

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = Range(date(2026, 11, 20), date(2026, 11, 21))


@contextmanager
def made_up(
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    states: Mapping[str, Mapping[date, str]],
    domain: Domain | None = None,
    days: Range = DAYS,
) -> Iterator[Source]:
    """A source of `days` whose copy has `tables` and nothing else; `states` is its ledger."""
    ledger = [
        {"dataset": name, "business_date": day, "state": state}
        for name, known in states.items()
        for day, state in known.items()
    ]
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = ?", [ZONE.key])
        for name, rows in {**({"ledger": ledger} if ledger else {}), **tables}.items():
            connection.register("made", pa.Table.from_pylist(list(rows)))
            connection.execute(f"CREATE TABLE {name} AS FROM made")
            connection.unregister("made")
        yield Source(connection, days, ZONE, domain)


def captured(*names: str, but: Mapping[date, str] | None = None) -> dict[str, dict[date, str]]:
    """The ledger of datasets of which every day is captured, but for some days."""
    days = [DAYS.before.first + timedelta(days=i) for i in range(2 * DAYS.length)]
    return {name: {**dict.fromkeys(days, "captured"), **(but or {})} for name in names}


def shown(source: Source, section: str, language: str = "en") -> View:
    """One section of the report of a source."""
    _, views = whole.filled(source, language)
    return next(view for view in views if view.section.id == section)


def rows_of(view: View, table: str) -> list[list[str]]:
    """The texts of a table's rows, with plain blanks."""
    (found,) = (filled for filled in view.tables if filled.table.id == table)
    return [[cell.text.replace("\xa0", " ") for cell in row] for row in found.rows]


def plain(text: str) -> str:
    """A text with plain blanks."""
    return text.replace("\xa0", " ")
