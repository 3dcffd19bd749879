"""Streams without a row in their own metrics, although another dataset of the day has seen them for long.

Told when the answers are committed: the lists of streams are there by then. Not here: whole domains
(domain_suspicion.py), what is done with such a day (contradictions.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from resources.api.catalog import DATASETS
from resources.api.catalog.columns import SLOT_START_AT
from resources.api.catalog.datasets import Dataset
from resources.ledger.known_items import PrerequisiteMissing, read_columns
from resources.ledger.manifest_items import (
    item_key,
)

LONG_S = 600
"""Seconds of the day for which a stream must have been seen: one of some seconds may have no metrics."""

_MAX_NAMED = 3
_STREAM = ["domain", "app", "stream"]


def silent_streams(
    dataset: Dataset,
    silent: Collection[str],
    sources: Mapping[str, Path],
    window: tuple[datetime, datetime],
) -> list[str]:
    """In words: which of the streams `silent`, as `item_key` gives them, a source has seen for long.

    `sources` are the lake files of the day in the datasets that list the streams; `window` is the day.
    """
    found: dict[str, str] = {}
    for name, path in sources.items() if silent else ():
        try:
            seen = _seen_for_long(dataset, DATASETS[name], path, window)
        except PrerequisiteMissing:
            continue  # the day is incomplete without it
        found |= {item: name for item in seen if item in silent and item not in found}
    items = sorted(found)
    told = [f"no rows for {item}, which {found[item]} has for long" for item in items[:_MAX_NAMED]]
    more = len(items) - _MAX_NAMED
    return [*told, f"no rows for {more} more such streams"] if more > 0 else told


def _seen_for_long(
    dataset: Dataset, source: Dataset, path: Path, window: tuple[datetime, datetime]
) -> Iterable[str]:
    """The streams that a source has for LONG_S seconds of the day."""
    if source.bucket_s is not None:
        table = read_columns(path, [*_STREAM, SLOT_START_AT, "slot_seconds"])
        counted = table.group_by(_STREAM).aggregate(
            [(SLOT_START_AT, "count_distinct"), ("slot_seconds", "max")]
        )
        seconds = [
            row[f"{SLOT_START_AT}_count_distinct"] * row["slot_seconds_max"]
            for row in counted.to_pylist()
        ]
    elif source.times is not None:
        begins, ends = source.times
        counted = read_columns(path, [*_STREAM, begins, ends])
        seconds = [_inside(row[begins], row[ends], window) for row in counted.to_pylist()]
    else:
        return ()
    return (
        item for item, its in zip(_items(dataset, counted), seconds, strict=True) if its >= LONG_S
    )


def _inside(
    begin: datetime | None, end: datetime | None, window: tuple[datetime, datetime]
) -> float:
    """Seconds of a session that lie in the window; 0 if it is not told when it began or ended."""
    if begin is None or end is None:
        return 0.0
    return (min(end, window[1]) - max(begin, window[0])).total_seconds()


def _items(dataset: Dataset, table: pa.Table) -> Iterable[str]:
    for row in table.select(_STREAM).to_pylist():
        yield item_key(dataset, "/".join(row[name] for name in _STREAM))
