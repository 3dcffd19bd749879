"""Lake files made from rows, without an API, for tests of what reads the lake."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from resources.api.catalog.columns import SLOT_START_AT
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import ColumnType
from resources.api.parsing.parse import Rows, row_schema
from resources.lake import parquet
from resources.raw.captures import CaptureName, folder_of

_NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
_EARLY = datetime(2025, 1, 1, tzinfo=UTC)
_FILLED: Mapping[ColumnType, Any] = {
    ColumnType.TEXT: "x",
    ColumnType.INTEGER: 1,
    ColumnType.FLOAT: 0.5,
    ColumnType.BOOLEAN: True,
    ColumnType.INSTANT: _NOON,
    ColumnType.INSTANT_MS: _NOON,
}


def row(dataset: Dataset, **values: Any) -> dict[str, Any]:
    """A row of the dataset with these values, and something in every other column that needs it."""
    (found,) = _rows(dataset, [values])
    return found


def _rows(dataset: Dataset, given: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    names = {*row_schema(dataset).names}
    filled = {
        c.name: None if c.nullable else _FILLED[c.kind] for c in dataset.columns if c.name in names
    }
    for values in given:
        unknown = set(values) - names
        assert not unknown, f"{dataset.name} has no {unknown}"
        yield {**filled, **values}


def table(dataset: Dataset, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows in the types of the dataset, without the day."""
    return pa.Table.from_pylist([*_rows(dataset, rows)], row_schema(dataset))


def capture_name(rows: int, version: int = 0) -> CaptureName:
    """The name of a made-up capture; a higher version is a later one."""
    at = _NOON + timedelta(minutes=version)
    return CaptureName(f"{at:%Y%m%dT%H%M%S%f}Z-{rows}-{version:016x}")


def store(
    root: Path, dataset: Dataset, day: date, rows: Iterable[Mapping[str, Any]], version: int = 0
) -> Path:
    """Write a day's lake file below `root`, and a capture's folder beside it; the path of the file."""
    writer = parquet.LakeWriter(parquet.path_of(root, dataset.name, day), dataset, day)
    made = table(dataset, [{**_times(dataset, day), **r} for r in rows])
    writer.add(Rows(made, 0, (), ()))
    name = capture_name(made.num_rows, version)
    writer.seal(name, 1)
    writer.commit()
    if root.name == "lake":  # of a home: a load wants the capture to be there
        folder = folder_of(root.parent / "raw", dataset.name, day) / name.text
        folder.mkdir(parents=True, exist_ok=True)
    return writer.path


def _times(dataset: Dataset, day: date) -> dict[str, datetime]:
    """Values that a load accepts: a slot lies within its day, and an event begins before its end."""
    if dataset.bucket_s is not None:
        return {SLOT_START_AT: datetime(day.year, day.month, day.day, 4, tzinfo=UTC)}
    return {dataset.event_start: _EARLY} if dataset.event_start else {}
