"""One table of a publication in Iceberg: its schema, and its days, replaced by commits.

What is published of each day stands in a property of the table, written by the commit that writes its
rows: whatever is killed, the two agree. Read next: iceberg.py.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from resources.api.catalog.columns import BUSINESS_DATE
from resources.publish_to.iceberg_types import expression, schema_of
from resources.publish_to.served import Served, Table

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table as IcebergTable

HOME, DAYS, COMMENT = "livestats.home", "livestats.days", "comment"
INPUTS = "livestats.inputs"
"""What an engine made each day of: see spark_marts.py. Every other commit takes it away."""
_DAYS_OF_COMMIT = 31
_ROWS_OF_COMMIT = 1_000_000  # a day at least
_ROWS_AT_ONCE = 150_000  # in memory: pyiceberg takes some 2 kB for a row of 27 numbers
PROPERTIES = {
    "format-version": "2",
    "write.parquet.compression-codec": "zstd",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "10",
    # Else each publication adds one, and each reading and each expiry reads all of a year.
    "commit.manifest-merge.enabled": "true",
    "commit.manifest.min-count-to-merge": "10",
    # pyiceberg would repeat a commit behind another one, and the rows of a new day would be there twice.
    "commit.retry.num-retries": "0",
}


@dataclass(frozen=True, kw_only=True)
class Written:
    """What was done to a table."""

    rows: int
    commits: int


def create(catalog: Catalog, name: tuple[str, str], table: Table, home: str) -> IcebergTable:
    """An empty table, cut by days."""
    made = catalog.create_table(
        name, schema=schema_of(table), properties={**PROPERTIES, HOME: home, COMMENT: table.comment}
    )
    if table.is_by_day:
        with made.update_spec() as spec:
            spec.add_identity(BUSINESS_DATE)
    return made


def replace_days(
    found: IcebergTable, served: Served, table: Table, *, only: Collection[str] | None = None
) -> Written:
    """Make the rows of the table those of the served copy; only days that differ are written.

    With `only`, which names days as 2026-11-22, all others stay as they are.
    """
    is_changed = _change_columns(found, table)
    noted = {} if is_changed else json.loads(found.properties.get(DAYS, "{}"))
    wanted = {_key(day): content for day, content in served.days(table).items()}
    stale = [
        key
        for key in {**noted, **wanted}
        if noted.get(key) != wanted.get(key) and (only is None or key in only)
    ]
    rows = commits = 0
    whole = is_changed or not table.is_by_day or not noted
    batches = [*_batches(stale, wanted)]
    if not batches and not noted and only is None and _has_rows(found):
        batches = [[]]  # they are of other columns, and nothing takes their place
    for batch in batches:
        noted = {key: said for key, said in noted.items() if key not in batch}
        noted |= {key: wanted[key] for key in batch if key in wanted}
        rows += _commit(found, served, table, batch, noted, is_whole=whole and not commits)
        commits += 1
    return Written(rows=rows, commits=commits + is_changed)


def forget_days(found: IcebergTable) -> None:
    """Note that no day is written."""
    with found.transaction() as change:
        change.set_properties(_notes(found, "{}"))


def set_properties(found: IcebergTable, table: Table) -> None:
    """Write the properties that differ: before the rows, whose commits go by them."""
    wanted = {**PROPERTIES, COMMENT: table.comment}
    del wanted["format-version"]  # taken once, when a table is made; it is no property afterwards
    if wanted.items() - found.properties.items():
        with found.transaction() as change:
            change.set_properties(wanted)


def describe(found: IcebergTable, table: Table) -> None:
    """Write the comments of columns that differ."""
    said = {field.name: field.doc or "" for field in found.schema().fields}
    differing = [c for c in table.columns if said[c.name] != c.comment]
    if differing:
        with found.update_schema() as update:
            for column in differing:
                update.update_column(column.name, doc=column.comment)


def _commit(
    found: IcebergTable,
    served: Served,
    table: Table,
    batch: Sequence[str],
    noted: dict[str, str],
    *,
    is_whole: bool,
) -> int:
    """Write the days of `batch` in their own place, or in that of all rows.

    What is to be deleted is named although nothing may be there. Two publications that begin at once,
    from two hosts, then conflict; one that only appends would be repeated behind the other.
    """
    from pyiceberg.expressions import AlwaysTrue

    days = [_day(key) for key in batch]
    chosen = served.relation(table, [expression(c) for c in table.columns], days)
    rows = 0
    # Also the days that an earlier publication wrote and did not note, before columns changed.
    condition = AlwaysTrue() if is_whole or not table.is_by_day else _condition(days)
    with warnings.catch_warnings(), found.transaction() as change:
        warnings.filterwarnings("ignore", "Delete operation did not match any records")
        if found.metadata.snapshots:
            change.delete(condition)
        for piece in _pieces(chosen.to_arrow_reader(_ROWS_AT_ONCE)):
            change.append(piece.cast(schema_of(table)))
            rows += piece.num_rows
        if not rows and found.metadata.snapshots:
            # Leaves out the manifest of what was deleted, which has its least and greatest values.
            change.append(schema_of(table).empty_table())
        change.set_properties(_notes(found, json.dumps(noted, sort_keys=True)))
    return rows


def _has_rows(found: IcebergTable) -> bool:
    current = found.current_snapshot()
    summary = current.summary if current else None
    return summary is not None and summary["total-records"] != "0"


def _pieces(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Tables of up to _ROWS_AT_ONCE rows, or of one batch; none without rows."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        if held and sum(len(one) for one in [*held, batch]) > _ROWS_AT_ONCE:
            yield pa.Table.from_batches(held)
            held = []
        held += [batch] if len(batch) else []
    if held:
        yield pa.Table.from_batches(held)


def _notes(found: IcebergTable, days: str) -> dict[str, str]:
    return {DAYS: days, **({INPUTS: "{}"} if INPUTS in found.properties else {})}


def _condition(days: Sequence[date | None]) -> Any:
    from pyiceberg.expressions import In, IsNull, Or

    named = In(BUSINESS_DATE, [day for day in days if day is not None])
    return Or(named, IsNull(BUSINESS_DATE)) if None in days else named


def _change_columns(found: IcebergTable, table: Table) -> bool:
    """Add, drop and exchange columns; True if all rows have to come anew.

    A column of another type is another column: it gets a field id of its own, so that no file is read
    as what it is not.
    """
    if has_columns(found, table):
        return False
    same, present = _same_columns(found, table)
    with found.transaction() as change:
        change.set_properties(_notes(found, "{}"))
        with change.update_schema(allow_incompatible_changes=True) as update:
            for name in present - same:
                update.delete_column(name)
        with change.update_schema() as update:
            update.union_by_name(schema_of(table))
    return True


def has_columns(found: IcebergTable, table: Table) -> bool:
    """True if the columns that are there are those of the table, types included."""
    same, present = _same_columns(found, table)
    return same == present == {column.name for column in table.columns}


def _same_columns(found: IcebergTable, table: Table) -> tuple[set[str], set[str]]:
    """Columns that are there as they should be, and all that are there."""
    from pyiceberg.io.pyarrow import schema_to_pyarrow

    present = schema_to_pyarrow(found.schema(), include_field_ids=False)
    kinds = {field.name: _text(field.type) for field in present}
    wanted = schema_of(table)
    same = {field.name for field in wanted if kinds.get(field.name) == _text(field.type)}
    return same, {*kinds}


def _text(kind: Any) -> str:
    """A type without what differs between ways of writing it in Arrow."""
    return str(kind).replace("large_", "").replace(" not null", "")


def _batches(keys: Sequence[str], contents: dict[str, str]) -> Iterator[list[str]]:
    batch: list[str] = []
    rows = 0
    for key in sorted(keys):
        count = int(contents[key].split("-")[1]) if key in contents else 0
        if batch and (len(batch) == _DAYS_OF_COMMIT or rows + count > _ROWS_OF_COMMIT):
            yield batch
            batch, rows = [], 0
        batch.append(key)
        rows += count
    if batch:
        yield batch


def _key(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _day(key: str) -> date | None:
    return date.fromisoformat(key) if key else None
