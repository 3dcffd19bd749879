"""Erases an item from an archive: what holds it, day by day, then lake, databases and notes.

Whatever step it is broken off at, the same again finishes it. Not here: the command (cli/erase.py),
captures (resources/erasure). Read next: pending.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from pipelines.erase import leftovers, pending
from pipelines.erase.pending import CannotErase, Pending
from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.archive import Archive
from resources.capture import repair
from resources.erasure import databases, days
from resources.erasure.answers import PERSONAL, is_mention, is_of
from resources.fs import atomic, locks
from resources.fs.object_store import StoreError
from resources.home import day_lock
from resources.home.layout import Home
from resources.lake import parquet
from resources.logs import erase as log_erase
from resources.logs import notes as log_notes
from resources.raw import all_tombstones, captures, cold, cold_move, erasures, tombstones
from resources.raw.captures import UnusableCapture
from resources.raw.erasures import Erasure, Erasures, PlainItem

Tell = Callable[[str], None]
LOCK = "erase"
LOG_FILES = "log files"
"""Stands for a dataset where days of log files are told."""


@dataclass(frozen=True)
class DayFound:
    """A day of a dataset that names the item."""

    dataset: str
    day: date
    captures: int  # with those of rejected answers
    rows: int  # of the newest capture


@dataclass
class Plan:
    """What an erasure would take."""

    item: PlainItem
    days: list[DayFound] = field(default_factory=list)
    exports: list[Path] = field(default_factory=list)
    strays: list[Path] = field(default_factory=list)
    """Captures that are not there any more, whose answers lie in the object store."""
    problems: list[str] = field(default_factory=list)
    is_to_be_noted: bool = (
        False  # the file of erasures is gone: the item may have been erased before
    )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be done."""
        found = self.days or self.exports or self.strays
        return not (found or self.problems or self.is_to_be_noted)

    @property
    def rows(self) -> int:
        """Rows of the newest captures."""
        return sum(one.rows for one in self.days)


@dataclass
class Erased:
    """What an erasure did."""

    item: PlainItem
    erasure: Erasure
    log_files: int = 0  # of the vendor, that lost lines or are deleted
    log_lines: int = 0
    named: list[Path] = field(default_factory=list)  # files that still name the item
    not_searched: list[Path] = field(default_factory=list)
    not_made: list[str] = field(
        default_factory=list
    )  # days of tables and marts made anew without rows
    problems: list[str] = field(default_factory=list)


def _all_days(home: Home) -> Iterator[tuple[Dataset, date, Path]]:
    # Derived ones last: a capture that is being made of another's answers has its folder by then.
    for dataset in sorted(DATASETS.values(), key=lambda one: bool(one.derived_from)):
        for day, folder in captures.days_of(home.raw, dataset.name).items():
            yield dataset, day, folder


def _await_captures(home: Home) -> None:
    """Wait for the captures under way: those that began before the erasure do not know of it."""
    for path in sorted(home.locks.iterdir()):
        if path.name.partition(".")[0] in DATASETS:
            with locks.lock(path):
                pass


def _foreign(home: Home) -> list[str]:
    """Folders of datasets that this livestats does not know, which it cannot read."""
    names = [p.name for p in home.raw.iterdir() if p.is_dir()] if home.raw.is_dir() else []
    return [
        f"{home.raw / name} is no dataset of this livestats: move it out of the home"
        for name in sorted(names)
        if name not in DATASETS
    ]


def _reach_cold_answers(home: Home) -> None:
    """Raise CannotErase if the home has cold answers and their store does not take orders."""
    if not cold.any_in(home.raw):
        return
    try:
        cold_move.check_writable(cold.store_of(home.raw), home.id)
    except StoreError as error:
        raise CannotErase(
            f"Answers of this archive are cold, and could not be erased there: {error} Nothing was "
            "changed now. See to that, then run `livestats erase` again."
        ) from error


def plan(archive: Archive, item: PlainItem, tell: Tell = lambda _: None) -> Plan:
    """What an erasure would take. Reads every answer; changes nothing. Raises CannotErase."""
    _reach_cold_answers(archive.home)
    home, made = archive.home, Plan(item, problems=_foreign(archive.home))
    told = ""
    for dataset, day, folder in _all_days(home):
        if dataset.name != told:
            tell(told := dataset.name)
        try:
            strays = cold.strays(folder, cold.noted(folder))
            made.strays += sorted({(folder / name).parent for name in strays})
            found = days.find(folder, dataset, item)
        except (UnusableCapture, ValueError, OSError) as error:
            made.problems.append(str(error))
            continue
        if found:
            rows = _rows_of(home, dataset, day, item)
            made.days.append(DayFound(dataset.name, day, len(found.captures), rows))
    made.days += _in_log_files(home, item, made.problems, tell)
    made.exports = leftovers.exports(home, item)
    made.is_to_be_noted = erasures.is_gone(home.raw)
    return made


def _in_log_files(home: Home, item: PlainItem, problems: list[str], tell: Tell) -> list[DayFound]:
    """The days whose log files name the item."""
    found: list[DayFound] = []
    for day in log_notes.days_of(home):
        tell(f"log files of {day}")
        named = log_erase.find(home, day, item)
        problems += named.problems
        if named.files:
            found.append(DayFound(LOG_FILES, day, named.files, named.lines))
    return found


def _rows_of(home: Home, dataset: Dataset, day: date, item: PlainItem) -> int:
    """The rows of a lake file that are about the item."""
    path = parquet.path_of(home.lake, dataset.name, day)
    personal = [c.name for c in dataset.columns if c.field in PERSONAL]
    names = [n for n in ("domain", "app", "stream") if n in dataset.column]
    wanted = [*names, *personal]
    if not path.is_file() or not wanted:
        return 0
    with pq.ParquetFile(path) as file:
        counts = file.read(wanted).group_by(wanted).aggregate([([], "count_all")]).to_pylist()
    return sum(
        int(one["count_all"])
        for one in counts
        if is_of(item, {n.capitalize(): one[n] for n in names if one[n] is not None})
        or any(is_mention(one[n], item) for n in personal)
    )


def begin(archive: Archive, item: PlainItem, tell: Tell = lambda _: None) -> Erased:
    """Erase an item from all days up to today. Raises CannotErase while another is not finished."""
    home = archive.home
    with locks.lock(home.lock_file(LOCK)):
        before = pending.read(home)
        if before is not None and before.item != item:
            raise CannotErase(
                "An erasure was broken off. Run `livestats erase` without an item: that finishes it."
            )
        if before is None:
            at = archive.now().isoformat(timespec="seconds")
            before = Pending(item, Erasure.begin(item, at, archive.today))
        _reach_cold_answers(home)
        pending.begin(home, before)
        return _finish(archive, before, tell)


def finish_pending(archive: Archive, tell: Tell = lambda _: None) -> Erased | None:
    """Finish an erasure that was broken off; None if there is none."""
    home = archive.home
    if not pending.path_of(home).exists():
        return None
    with locks.lock(home.lock_file(LOCK)):
        before = pending.read(home)
        if before is None:
            return None
        _reach_cold_answers(home)
        pending.begin(home, before)  # the second of its files may not have been written
        return _finish(archive, before, tell)


@dataclass
class Removed:
    """What was deleted that an erasure had taken, and that was back."""

    captures: int = 0
    not_made: list[str] = field(default_factory=list)  # as in Erased
    problems: list[str] = field(default_factory=list)


def remove_erased(archive: Archive, tell: Tell = lambda _: None) -> Removed:
    """Delete captures that an erasure took and that somebody copied back.

    The databases go first: where it is broken off, the captures that are left tell of it.
    """
    home, done = archive.home, Removed()
    with locks.lock(home.lock_file(LOCK)):
        found = [one for one in _all_days(home) if captures.erased_in(one[2])]
        if not found:
            return done
        databases.remove(home)
        for dataset, day, folder in found:
            try:
                with day_lock.locked(home, dataset, day):
                    done.captures += days.remove_erased(folder)
                    _renew_lake_file(home, dataset, day, folder)
            except (UnusableCapture, ValueError, locks.LockTimeout) as error:
                done.problems.append(str(error))
        tell("tables")
        done.not_made = _make_databases(archive)
    return done


def _finish(archive: Archive, pending_: Pending, tell: Tell) -> Erased:
    home, item = archive.home, pending_.item
    _await_captures(home)
    done = Erased(item, pending_.erasure, problems=_foreign(home))
    told = ""
    for dataset, day, folder in _all_days(home):
        if dataset.name != told:
            tell(told := dataset.name)
        try:
            with day_lock.locked(home, dataset, day):
                days.erase(folder, dataset, day, item, pending_.erasure)
                _renew_lake_file(home, dataset, day, folder, pending_.erasure.id)
        except (UnusableCapture, ValueError, StoreError, locks.LockTimeout) as error:
            done.problems.append(str(error))
    for day in log_notes.days_of(home):
        tell(f"log files of {day}")
        try:
            named = log_erase.erase(home, day, item, pending_.erasure.id)
            done.log_files, done.log_lines = (
                done.log_files + named.files,
                done.log_lines + named.lines,
            )
            done.problems += named.problems
        except (log_notes.UnreadableNote, locks.LockTimeout) as error:
            done.problems.append(str(error))
    for path in (*leftovers.exports(home, item), *leftovers.notes_of_state(home, item)):
        path.unlink()
    leftovers.forget_caches(home)
    tell("tables")
    databases.remove(home)
    done.not_made = _make_databases(archive)
    if done.problems:
        return done
    days_of, rows = _sizes(home, pending_.erasure)
    done.erasure = replace(pending_.erasure, is_finished=True, dataset_days=days_of, rows=rows)
    Erasures.of(home.raw).with_(done.erasure).write(home.raw)
    pending.path_of(home).unlink()
    atomic.fsync(home.root)
    done.named = leftovers.not_erased(home, item)
    done.not_searched = leftovers.not_searched(home)
    return done


def _renew_lake_file(
    home: Home, dataset: Dataset, day: date, folder: Path, erasure: str = ""
) -> None:
    """Make the lake file of a day that an erasure is about, or that is of what any erasure took.

    Where this version refuses the answers, the old rows go all the same. Raises UnusableCapture then.
    """
    erased = tombstones.of_day(folder)
    if not erased:
        return
    path = parquet.path_of(home.lake, dataset.name, day)
    origin = parquet.provenance_of(path)
    is_of_erased = origin is not None and origin.capture in {one.capture for one in erased}
    if not is_of_erased and all(one.erasure != erasure for one in erased):
        return
    newest = captures.newest(folder, home.time_zone)
    try:
        if newest is not None:
            repair.ensure_lake_file(home, dataset, day, newest)
        elif is_of_erased:
            path.unlink(missing_ok=True)
    except UnusableCapture:
        path.unlink(missing_ok=True)
        raise


def _sizes(home: Home, erasure: Erasure) -> tuple[int, int]:
    """Dataset-days and rows that an erasure took, by its tombstones."""
    found = [
        (dataset, day, one)
        for dataset, day, one in all_tombstones.every(home.raw)
        if one.erasure == erasure.id
    ]
    return len({(dataset, day) for dataset, day, _ in found}), sum(one.rows for *_, one in found)


def _make_databases(archive: Archive) -> list[str]:
    """Load and publish again, as `livestats publish` does; what could not be made."""
    on, home = archive.settings.datasets, archive.home
    wanted = [d for d in DATASETS.values() if d.name in on or (home.lake / d.name).is_dir()]
    with archive.keeping_warehouse_open() as kept:
        loaded = [*kept.sync_tables(wanted)]
        published = kept.publish()
    return [one.problem for one in loaded if one.problem] + [*published.not_made]
