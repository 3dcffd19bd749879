"""What marts read, of a simulated account: as it is, and moved into days around summer time."""

from __future__ import annotations

from pathlib import Path

import duckdb

from resources.api.catalog import DATASETS
from resources.system_tables.registry import OWN_TABLES
from tests.support.archives import DAYS, lab
from tests.support.mart_answers import TROUBLED

SOURCES = [*DATASETS, *OWN_TABLES]
SUMMER_TIME = {"autumn": 27, "spring": 237}
"""Days back: the last of DAYS becomes 2026-10-25, which has 25 hours in Berlin, and 2026-03-29 with 23."""


def captured(folder: Path, home: Path) -> Path:
    """`folder` with the tables of a simulated account, one Parquet file each."""
    with lab(home, TROUBLED) as found:
        found.backfill(DAYS)
        with found.archive.reading() as connection:
            there = {name for (name,) in connection.execute("SHOW TABLES").fetchall()}
            for name in there & {*SOURCES}:
                connection.execute(f"COPY {name} TO '{folder / name}.parquet'")
    return folder


def fill(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Give the tables the rows of `folder`."""
    for path in folder.glob("*.parquet"):
        connection.execute(f"INSERT INTO {path.stem} BY NAME FROM '{path}'")


def move_into_summer_time(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Days around both changes of the clock, some of them empty, with NULLs wherever one may be."""
    for path in folder.glob("*.parquet"):
        dataset = DATASETS.get(path.stem)
        nullable = {c.name for c in dataset.columns if c.nullable} if dataset else ()
        columns = connection.execute(f"DESCRIBE {path.stem}").fetchall()
        seasons = [*SUMMER_TIME.values()][: 1 if dataset and dataset.is_dimension else None]
        for number, days in enumerate(seasons):
            listed = ", ".join(
                _moved(name, kind, days, number if name in nullable else None)
                for name, kind, *_ in columns
            )
            connection.execute(f"INSERT INTO {path.stem} BY NAME SELECT {listed} FROM '{path}' t")
    for name in ("stream_session_account", "edge_stat", "traffic", "batch_stream_session"):
        connection.execute(f"DELETE FROM {name} WHERE business_date = '2026-10-24'")


def _moved(name: str, kind: str, days: int, null_at: int | None) -> str:
    """A column that many days ago; a third of it NULL, if `null_at` says which."""
    moved = {
        "DATE": f"({name} - {days})::DATE",
        "TIMESTAMP WITH TIME ZONE": f"{name} - to_hours({24 * days})",
    }.get(kind, name)
    if null_at is not None:
        moved = f"CASE WHEN hash(t, '{name}') % 3 <> {null_at} THEN {moved} END"
    return f"{moved} AS {name}"
