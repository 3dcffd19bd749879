"""Which lake files a load accepts: proven ones, of their own day, whose capture is in raw/.

A file that is refused is set aside by the load and named; the others are loaded. Read next: load.py.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

from resources.api.catalog.columns import BUSINESS_DATE, SLOT_START_AT
from resources.api.catalog.datasets import Dataset
from resources.api.windows import day_window
from resources.errors import LivestatsError
from resources.home.layout import Home
from resources.lake import checksum, parquet
from resources.raw import captures, owner, tombstones
from resources.raw.manifest_facts import manifest_facts


class RefusedFile(LivestatsError):
    """A lake file that must not be loaded; the message names the file and says what to do."""


def provenance(
    home: Home, dataset: Dataset, day: date, path: Path, zone: ZoneInfo
) -> parquet.Provenance:
    """Provenance of a lake file that may be loaded as `day` of `dataset`.

    Raises RefusedFile, or OSError if the system does not let the file be read, which says nothing
    of its bytes.
    """
    options = f"--from {day} --to {day} --dataset {dataset.name}"
    try:
        checksum.check(path)
        origin = parquet.provenance_of(path)
    except checksum.DamagedFile:
        origin = None
    if origin is None or not origin.is_of(path):
        raise RefusedFile(
            f"{path} is damaged or not ours. It was not loaded; run `livestats replay {options}`: it "
            "is made again from the raw archive."
        )
    capture = captures.folder_of(home.raw, dataset.name, day) / origin.capture
    if capture.name in tombstones.erased_names(capture.parent):
        raise RefusedFile(
            f"{path} was made from {capture.name}, which an erasure took. It was not loaded; run "
            f"`livestats replay {options}`: it is made again from what is left."
        )
    if not capture.is_dir():
        raise RefusedFile(
            f"{path} was made from {capture}, which is not there. It was not loaded. Restore the "
            f"capture from a backup, or run `livestats backfill {options}`: it asks for the day "
            "again while the API has it."
        )
    problem = _misplaced(home, dataset, day, capture, zone)
    if problem:
        raise RefusedFile(
            f"{path} was made from {capture}, which {problem}. It was not loaded. "
            f"{captures.MISPLACED_REMEDY} Then run `livestats replay {options}`."
        )
    outside = _outside(dataset, day, path, zone)
    if outside:
        raise RefusedFile(
            f"{path} holds rows of another day ({outside}). It was not loaded; run `livestats replay "
            f"{options}`: it is made again from the raw archive."
        )
    return origin


def _misplaced(home: Home, dataset: Dataset, day: date, folder: Path, zone: ZoneInfo) -> str:
    """What the manifest of a capture says against its place and the home; "" if nothing.

    Damage is no matter here: the rows are those of the lake file, which is proven.
    """
    name = captures.CaptureName.parse(folder.name)
    if name is None:
        return "is not the name of a capture"
    try:
        facts = manifest_facts(captures.Capture(folder, name))
    except captures.UnusableCapture:
        return ""
    homes = owner.homes_of(home.raw)
    problem = facts.misplacement(dataset.name, day.isoformat(), zone.key, homes)
    if not problem and home.id and facts.settings != dict(home.pinned.get(dataset.name, {})):
        problem = "was captured with other settings than the days of this home"
    return problem


def _outside(dataset: Dataset, day: date, path: Path, zone: ZoneInfo) -> str:
    """The first value outside of the day, by the statistics in the footer; "" if there is none.

    A slot begins within its day. An event begins before the end of its day, however early.
    """
    if dataset.is_dimension:
        return ""
    start, end = day_window(day, zone)
    limits: dict[str, tuple[Any, Any]] = {BUSINESS_DATE: (day, day)}
    if dataset.bucket_s is not None:
        limits[SLOT_START_AT] = (start, end)
    elif dataset.event_start is not None:
        limits[dataset.event_start] = (None, end)
    metadata = pq.read_metadata(path)
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            column = metadata.row_group(group).column(number)
            stated = column.statistics
            if column.path_in_schema not in limits or stated is None or not stated.has_min_max:
                continue
            first, last = limits[column.path_in_schema]
            if first is not None and stated.min < first:
                return f"{column.path_in_schema} {stated.min}"
            is_late = stated.max >= last if isinstance(last, datetime) else stated.max > last
            if is_late:
                return f"{column.path_in_schema} {stated.max}"
    return ""
