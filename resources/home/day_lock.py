"""The lock of one dataset and day: whoever writes there holds it, and tidies first.

Not here: how a lock works (resources/fs/locks.py). Read next: capture/partition.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.fs import access, atomic, locks
from resources.home.layout import Home
from resources.lake import parquet
from resources.raw import captures


def file_of(home: Home, dataset: Dataset, day: date) -> Path:
    """The file whose lock guards the day. A dimension has one for all days: they are one history."""
    return home.lock_file(dataset.name if dataset.is_dimension else f"{dataset.name}.{day}")


def try_lock(
    home: Home, dataset: Dataset, day: date, *, whole_history: bool = False
) -> locks.Held | None:
    """Lock the day for writing without waiting; None if it is locked.

    Temporary files that killed processes left there are removed; with `whole_history` from all days
    of a dimension, whose lock it is.
    """
    held = locks.try_lock(file_of(home, dataset, day))
    if held is not None:
        try:
            every = _history(home, dataset) if whole_history and dataset.is_dimension else ()
            _tidy(home, dataset, {day, *every})
        except BaseException:
            held.release()
            raise
    return held


@contextmanager
def locked(home: Home, dataset: Dataset, day: date) -> Iterator[None]:
    """The same for the block; waits until the day is free. Raises LockTimeout."""
    with locks.lock(file_of(home, dataset, day)):
        _tidy(home, dataset, [day])
        yield


def tidy_after_kills(home: Home) -> None:
    """Remove what killed processes left of days that nobody works on now.

    Their lock files tell which these are: who releases a lock removes its file. Without this, a kill
    while complete days are asked again would leave files that stay until they are asked once more.
    """
    if not home.locks.is_dir():
        return
    for path in sorted(home.locks.iterdir()):
        name, _, text = path.name.partition(".")
        day = captures.day_named(text)
        is_of_days = name in DATASETS and (day is not None or DATASETS[name].is_dimension)
        if not is_of_days or (held := locks.try_lock(path)) is None:
            continue
        with held:
            try:
                _tidy(home, DATASETS[name], [day] if day else _history(home, DATASETS[name]))
            except OSError as error:
                if not access.is_of_one_place(error):  # else the ledger's line says it
                    raise


def _history(home: Home, dataset: Dataset) -> set[date]:
    return {
        *captures.days_of(home.raw, dataset.name),
        *parquet.days_of(home.lake, dataset.name),
    }


def _tidy(home: Home, dataset: Dataset, days: Iterable[date]) -> None:
    """Remove temporary files of killed processes; the caller holds the lock."""
    for day in days:
        atomic.remove_stale_temps(captures.folder_of(home.raw, dataset.name, day))
        atomic.remove_stale_temps(parquet.path_of(home.lake, dataset.name, day).parent)
