"""Disk space of the home: what is free, and what the next load and the next month need.

What follows from it is in checks (the alarm) and pipelines/doctor.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from resources.archive import Archive
from resources.lake import parquet
from resources.raw import captures

_WEEK = 7
_MONTH = 30
_SPARE = 10**9


@dataclass(frozen=True, kw_only=True)
class DiskSpace:
    """In bytes."""

    free: int
    total: int  # of the disk
    load: int  # a load copies the warehouse once, and needs a spare gigabyte
    month: int  # captures of a month, extrapolated from the last week

    @property
    def is_tight(self) -> bool:
        """True if a load may fail within a month unless space is freed."""
        return self.free < self.load + self.month

    @property
    def is_too_little(self) -> bool:
        """True if the next load may fail."""
        return self.free < self.load


def look(archive: Archive) -> DiskSpace:
    """The space on the disk of the home, which need not exist yet. Lists the folders of a week."""
    home = archive.home
    there = home.root if home.root.is_dir() else nearest(home.root)
    usage = shutil.disk_usage(there)
    warehouse = home.warehouse.stat().st_size if home.warehouse.is_file() else 0
    return DiskSpace(
        free=usage.free,
        total=usage.total,
        load=warehouse + _SPARE,
        month=_captured_in_a_week(archive) * _MONTH // _WEEK,
    )


def _captured_in_a_week(archive: Archive) -> int:
    """Bytes of captures and lake files of the last seven days."""
    days = [archive.today - timedelta(days=back) for back in range(1, _WEEK + 1)]
    return sum(
        disk_usage(captures.folder_of(archive.home.raw, dataset.name, day))
        + disk_usage(parquet.path_of(archive.home.lake, dataset.name, day).parent)
        for dataset in archive.daily
        for day in days
    )


def nearest(path: Path) -> Path:
    """The nearest existing folder above `path`."""
    return next(parent for parent in path.absolute().parents if parent.exists())


def disk_usage(folder: Path) -> int:
    """Allocated bytes of the files below a folder; 0 if it does not exist."""
    total = 0
    for inside, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # renamed by a run in the meantime
                total += (Path(inside) / name).lstat().st_blocks * 512
    return total
