"""All tombstones of an archive. Not here: those of a day (tombstones.py, read it next)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from resources.raw import captures, tombstones
from resources.raw.tombstones import Tombstone


def every(raw: Path) -> Iterator[tuple[str, str, Tombstone]]:
    """All tombstones of an archive, each with dataset and day. Raises as `tombstones.of_day`."""
    for dataset in sorted(p.name for p in raw.iterdir()) if raw.is_dir() else ():
        for day, folder in captures.days_of(raw, dataset).items():
            for one in tombstones.of_day(folder):
                yield dataset, day.isoformat(), one
