"""The table `revisions`: what changed each time the vendor restated a day.

Computed from the raw archive alone: both captures are normalised by the present code and compared.
Names of captures show what the table lacks, so days without new captures cost a folder listing.
Not here: comparing rows (lake/table_diff.py).
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date, datetime
from itertools import groupby, islice, pairwise
from pathlib import Path

import duckdb

from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.api.errors import ApiError
from resources.fs import atomic
from resources.home import folders
from resources.home.layout import Home
from resources.lake import parquet, table_diff
from resources.lake.schema_version import OF_0_1_0, schema_hash
from resources.ledger import file_index
from resources.raw import captures
from resources.warehouse import connection as warehouse_connection

log = logging.getLogger("livestats.revisions")

COLUMNS = {
    "dataset": ("VARCHAR", "Table that the day belongs to."),
    "business_date": ("DATE", "Calendar day in the business time zone that was restated."),
    "revised_at": ("TIMESTAMPTZ", "When the later capture was fetched."),
    "capture": ("VARCHAR", "Name of the later capture in the raw archive."),
    "previous_capture": ("VARCHAR", "Name of the capture that stood for the day before."),
    "rows_before": ("BIGINT", "Rows of the earlier capture."),
    "rows_after": ("BIGINT", "Rows of the later capture."),
    "rows_added": ("BIGINT", "Rows whose key only the later capture has."),
    "rows_removed": ("BIGINT", "Rows whose key only the earlier capture has."),
    "rows_changed": ("BIGINT", "Rows of both captures with another value in some column."),
    "column_name": ("VARCHAR", "Column that moved most; NULL: no column differs, only raw does."),
    "relative_change": (
        "DOUBLE",
        "How far the sum of column_name over all rows moved, as a share of the sum before: 0.03 is "
        "3 % up. NULL: it holds no numbers, or their sum was 0.",
    ),
    "changes": (
        "JSON",
        "Every column that differs, what moved most first: cells (that differ, in rows of both); "
        "of numbers also before, after (sums over all rows) and relative.",
    ),
    "schema_version": ("BIGINT", "Version of the normaliser that read both captures."),
    "problem": ("VARCHAR", "Why the captures could not be compared; NULL: they were."),
}
"""Column -> DuckDB type and comment."""

TABLE_COMMENT = (
    "One row for each time that a day was captured again and the vendor said something else. "
    "Tables hold the newest capture. Row by row: livestats diff DATASET DAY."
)
_PER_TRANSACTION = 100  # revisions that a killed process must compare again, at most


@dataclass(frozen=True, kw_only=True, order=True)
class Revision:
    """Two consecutive captures of one day, from their names alone."""

    dataset: str
    day: date
    previous: captures.CaptureName
    capture: captures.CaptureName


@dataclass(frozen=True, kw_only=True)
class RevisionRow:
    """One row of the table, fields in the order of COLUMNS."""

    dataset: str
    business_date: date
    revised_at: datetime
    capture: str
    previous_capture: str
    rows_before: int
    rows_after: int
    rows_added: int | None = None
    rows_removed: int | None = None
    rows_changed: int | None = None
    column_name: str | None = None
    relative_change: float | None = None
    changes: str | None = None
    schema_version: int
    problem: str | None = None


def revisions(
    root: Path, memory: Path | None = None, names: Iterable[str] = DATASETS
) -> list[Revision]:
    """All revisions in the raw archive `root`, by dataset, day and time; memory: see `facts`.

    A supplement, which only adds what an earlier capture lacks, is none.
    """
    return [
        Revision(dataset=name, day=day, previous=earlier, capture=later)
        for name in names
        for day, indexed in file_index.raw_days(root, name, cache=memory).items()
        for earlier, later in pairwise(indexed.captures)
        if later.text not in indexed.supplements
    ]


def normalised_rows(capture: captures.Capture, dataset: Dataset, day: date, scratch: Path) -> Path:
    """The rows of a capture as the present code reads them: a Parquet file in `scratch`.

    Raises UnusableCapture or ApiError if its answers cannot be read.
    """
    path = parquet.path_of(scratch / capture.name.text, dataset.name, day)
    if not path.is_file():
        parquet.normalise(scratch / capture.name.text, dataset, day, capture)
    return path


def refresh(connection: duckdb.DuckDBPyConnection, home: Home) -> int:
    """Update the table from the raw archive; how many revisions were compared.

    `connection` is the warehouse's writing one. A damaged capture is no error here: its row names
    the problem, and it is tried again next time.
    """
    _ensure_table(connection)
    _forget_older_schemas(connection)
    unread = folders.unreadable(home, DATASETS)  # they keep the rows that they have
    names = [name for name in DATASETS if name not in unread]
    present = {_revision_key(one): one for one in revisions(home.raw, home.file_index, names)}
    known = {key: state for key, state in _known(connection).items() if key[0] not in unread}
    current = (parquet.SCHEMA_VERSION, None)
    todo = [revision for names, revision in present.items() if known.get(names) != current]
    _replace(connection, [names for names in known if names not in present], [])
    if todo:
        log.info("comparing %d revisions with what stood before", len(todo))
        scratch = atomic.temp_path(home.warehouse.parent / "revisions")
        scratch.mkdir()
        try:
            with table_diff.comparing(scratch) as comparing:
                rows = _rows(comparing, home, todo, scratch)
                while batch := list(islice(rows, _PER_TRANSACTION)):
                    # An unchanged problem is not written again: it must not cause a publication.
                    changed = [row for row in batch if known.get(_row_key(row)) != _row_state(row)]
                    _replace(connection, [_row_key(row) for row in changed], changed)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return len(todo)


_RevisionKey = tuple[str, date, str, str]  # dataset, day, earlier and later capture


def _revision_key(revision: Revision) -> _RevisionKey:
    return revision.dataset, revision.day, revision.previous.text, revision.capture.text


def _row_key(row: RevisionRow) -> _RevisionKey:
    return row.dataset, row.business_date, row.previous_capture, row.capture


def _row_state(row: RevisionRow) -> tuple[int, str | None]:
    return row.schema_version, row.problem


def _known(connection: duckdb.DuckDBPyConnection) -> dict[_RevisionKey, tuple[int, str | None]]:
    rows = connection.execute(
        "SELECT dataset, business_date, previous_capture, capture, schema_version, problem "
        "FROM revisions"
    ).fetchall()
    return {(name, day, old, new): (version, bad) for name, day, old, new, version, bad in rows}


def _rows(
    connection: duckdb.DuckDBPyConnection, home: Home, todo: Sequence[Revision], scratch: Path
) -> Iterator[RevisionRow]:
    """Compare day by day. `scratch` holds the files of one day at a time."""
    for (name, day), group in groupby(todo, key=lambda r: (r.dataset, r.day)):
        folder = scratch / "day"
        for revision in group:
            yield _compare(connection, home, revision, folder)
        shutil.rmtree(folder, ignore_errors=True)
        log.debug("%s %s compared", name, day)


def _compare(
    connection: duckdb.DuckDBPyConnection, home: Home, revision: Revision, scratch: Path
) -> RevisionRow:
    dataset, day = DATASETS[revision.dataset], revision.day
    row = RevisionRow(
        dataset=dataset.name,
        business_date=day,
        revised_at=revision.capture.fetched_at,
        capture=revision.capture.text,
        previous_capture=revision.previous.text,
        rows_before=revision.previous.rows,
        rows_after=revision.capture.rows,
        schema_version=parquet.SCHEMA_VERSION,
    )
    paths = []
    for name in (revision.previous, revision.capture):
        capture = captures.Capture(
            captures.folder_of(home.raw, dataset.name, day) / name.text, name
        )
        try:
            paths.append(normalised_rows(capture, dataset, day, scratch))
        except (captures.UnusableCapture, ApiError) as error:
            log.warning("%s %s: revision not compared: %s", dataset.name, day, error)
            return replace(row, problem=f"{name.text} cannot be read; see livestats verify")
    comparison = table_diff.Comparison(connection, dataset, *paths).whole()
    largest = next(iter(comparison.columns), None)
    changes = {name: column.facts() for name, column in comparison.columns.items()}
    return replace(
        row,
        rows_before=comparison.rows_before,
        rows_after=comparison.rows_after,
        rows_added=comparison.added,
        rows_removed=comparison.removed,
        rows_changed=comparison.changed,
        column_name=largest,
        relative_change=comparison.columns[largest].relative if largest else None,
        changes=json.dumps(changes),
    )


def _replace(
    connection: duckdb.DuckDBPyConnection, old: Sequence[_RevisionKey], new: Sequence[RevisionRow]
) -> None:
    """Delete and insert rows in one transaction."""
    if not old and not new:
        return
    with warehouse_connection.transaction(connection):
        if old:
            connection.executemany(
                "DELETE FROM revisions WHERE dataset = ? AND business_date = ? "
                "AND previous_capture = ? AND capture = ?",
                [list(names) for names in old],
            )
        if new:
            places = ", ".join("?" * len(COLUMNS))
            connection.executemany(
                f"INSERT INTO revisions VALUES ({places})", [list(astuple(row)) for row in new]
            )


def _forget_older_schemas(connection: duckdb.DuckDBPyConnection) -> None:
    """Delete the revisions of datasets whose declared schema has changed: they are compared again."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS meta.revision_schema (dataset VARCHAR PRIMARY KEY, hash VARCHAR)"
    )
    noted = dict(connection.execute("SELECT dataset, hash FROM meta.revision_schema").fetchall())
    known = {**OF_0_1_0, **noted}  # a table of 0.1.0 has no note
    hashes = {name: schema_hash(dataset) for name, dataset in DATASETS.items()}
    changed = [name for name, value in hashes.items() if known.get(name) != value]
    if not changed:
        return
    with warehouse_connection.transaction(connection):
        connection.execute("DELETE FROM revisions WHERE list_contains(?, dataset)", [changed])
        connection.execute(
            "INSERT OR REPLACE INTO meta.revision_schema SELECT unnest(?), unnest(?)",
            [changed, [hashes[name] for name in changed]],
        )


def _ensure_table(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the table as COLUMNS declares it. A table with other columns is replaced, empty."""
    wanted = [(name, sql) for name, (sql, _) in COLUMNS.items()]
    if warehouse_connection.columns(connection, "revisions") == wanted:
        return
    declared = ", ".join(f"{name} {sql}" for name, sql in wanted)
    with warehouse_connection.transaction(connection):
        connection.execute(f"CREATE OR REPLACE TABLE revisions ({declared})")
