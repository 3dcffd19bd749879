"""Metadata of assets and runs that Dagster's pages show.

Not here: the checks (assets/checks). Read next: lake.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pyarrow.parquet as pq

from resources.api.catalog.datasets import Dataset
from resources.capture.capturer import Outcome, Result
from resources.config import ENGLISH
from resources.home.layout import Home
from resources.lake import parquet
from resources.ledger import file_index
from resources.warehouse.dataset_docs import column_comment

ELSEWHERE: Mapping[str, str] = MappingProxyType({"done_by": "a command, outside of Dagster"})
"""Metadata of events that the sensor `follow_ledger` reports."""

LAST_SEEN = "last_seen_at"
"""When a dimension was last requested. The sensor reports a dimension if this is newer."""

_PREVIEW_ROWS = 5
_PREVIEW_COLUMNS = 10


def of_dataset(dataset: Dataset, language: str = ENGLISH) -> dict[str, Any]:
    """Metadata of a dataset's definition: columns, key, source and limits."""
    endpoint = dataset.endpoint
    history = f"{dataset.history.days} days" if dataset.history else "the present state only"
    return {
        "dagster/column_schema": dg.TableSchema(
            columns=[
                dg.TableColumn(
                    c.name,
                    c.kind.sql,
                    description=column_comment(c, language),
                    constraints=dg.TableColumnConstraints(nullable=c.nullable),
                    tags={"key": ""} if c.name in dataset.key else None,
                )
                for c in dataset.columns
            ]
        ),
        "api_action": endpoint.action,
        "key": ", ".join(dataset.key),
        "asked_by": dataset.scope.value,
        "api_remembers": history,
        "api_calls_per_second": endpoint.rate_per_s,
    }


def of_day(result: Result) -> dict[str, Any]:
    """Metadata of one day of a run."""
    origin = result.origin
    facts: dict[str, Any] = {
        "outcome": result.outcome.value,
        "dagster/partition_row_count": origin.rows if origin else result.rows,
        "requests": result.requests,
        "answer_mb": round(result.bytes / 1e6, 3),
    }
    if origin is not None:
        facts |= _of_origin(origin)
    return facts


def of_capture(origin: parquet.Provenance) -> dict[str, Any]:
    """Metadata of a day that was captured outside of Dagster, from its lake file."""
    return {
        "outcome": Outcome.CAPTURED.value,
        "dagster/partition_row_count": origin.rows,
        "requests": origin.requests,
        **_of_origin(origin),
        **ELSEWHERE,
    }


def _of_origin(origin: parquet.Provenance) -> dict[str, Any]:
    facts: dict[str, Any] = {"capture": origin.capture, "fetched_at": origin.fetched_at}
    if origin.outside:
        facts["rows_outside_the_day"] = origin.outside
    if origin.unknown:
        facts["unknown_fields"] = ", ".join(origin.unknown)
    if origin.disagreeing:
        facts["totals_that_disagree"] = ", ".join(origin.disagreeing)
    return facts


def of_dimension(home: Home, dataset: Dataset) -> dict[str, Any]:
    """Metadata of a dimension's newest snapshot, and LAST_SEEN; {} before its first capture."""
    captured = file_index.raw_days(home.raw, dataset.name)
    files = parquet.days_of(home.lake, dataset.name)
    times = [day.last_seen for day in captured.values() if day.last_seen is not None]
    origin = parquet.provenance_of(max(files.items())[1]) if files else None
    if origin is None or not times:
        return {}
    facts = of_capture(origin)
    facts["dagster/row_count"] = facts.pop("dagster/partition_row_count")
    return {**facts, LAST_SEEN: max(times).isoformat()}


def of_run(results: Sequence[Result]) -> str:
    """One line about all days of a run."""
    rows = sum(r.rows for r in results if r.requests)
    requests, size = sum(r.requests for r in results), sum(r.bytes for r in results)
    days = f"{len(results)} days, {rows:,} rows captured"
    return f"{days} by {requests:,} requests with {size / 1e6:,.1f} MB of answers"


def preview(path: Path, zone: ZoneInfo) -> dg.MetadataValue[Any] | None:
    """The first rows of a lake file as a Markdown table, with times in `zone`.

    None if the file is empty or unreadable.
    """
    if parquet.provenance_of(path) is None:
        return None
    file = pq.ParquetFile(path)
    columns = file.schema_arrow.names[:_PREVIEW_COLUMNS]
    batch = next(file.iter_batches(_PREVIEW_ROWS, columns=columns), None)
    if batch is None or not batch.num_rows:
        return None
    rows = batch.to_pylist()
    return table(columns, [[_in_zone(row[name], zone) for name in columns] for row in rows])


def _in_zone(value: object, zone: ZoneInfo) -> object:
    return value.astimezone(zone) if isinstance(value, datetime) else value


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> dg.MetadataValue[Any]:
    """Rows as a Markdown table; values are escaped."""
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(_cell(value) for value in row)} |" for row in rows]
    return dg.MetadataValue.md("\n".join(lines))


def _cell(value: object) -> str:
    """A value as escaped text for a Markdown cell, cut at 60 characters."""
    text = "" if value is None else str(value)
    text = "".join(c if c.isprintable() else " " for c in text[:60])
    return "".join(f"&#{ord(c)};" if c in "|<>&`*_[]\\" else c for c in text)
