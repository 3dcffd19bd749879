"""How much room the disk of the home has, and how much will be wanted soon."""

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
    load: int  # a load makes one more copy of the warehouse, and more beside it
    month: int  # what a month of captures takes, by the last week

    @property
    def is_tight(self) -> bool:
        """True if a month from now a load may fail, unless room is made."""
        return self.free < self.load + self.month

    @property
    def is_too_little(self) -> bool:
        """True if the next load may fail."""
        return self.free < self.load


def look(archive: Archive) -> DiskSpace:
    """The room on the disk of the home, which may not be there yet. Lists a week of folders."""
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
    """The nearest folder above `path` that is there."""
    return next(parent for parent in path.absolute().parents if parent.exists())


def disk_usage(folder: Path) -> int:
    """Bytes on the disk of the files below a folder; 0 if it is not there."""
    held = 0
    for inside, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # a run at work has renamed it meanwhile
                held += (Path(inside) / name).lstat().st_blocks * 512
    return held
