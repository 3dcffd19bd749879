"""Runs a verification: raw archive, lake, tables and ledger, each against its source.

Changes nothing. Reads every byte below raw/ and lake/ once or twice, with at most one response, one
row group or a gigabyte of DuckDB in memory; waits for days that are being captured. Next: raw.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from pathlib import Path

import duckdb

from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.archive import Archive
from resources.errors import LivestatsError
from resources.fs import locks, scratch, sealed
from resources.home import day_lock
from resources.home.unreadable import RESTORE, UnreadableIdentity
from resources.logs import states
from resources.raw import owner
from resources.serving import publish
from resources.sql import failures
from resources.verify import erased, log_files
from resources.verify.cold import ColdFiles
from resources.verify.findings import (
    FileFinding,
    FindingKind,
    OnRead,
    Place,
    Repair,
    remove,
    unverified,
)
from resources.verify.lake import LakeDay
from resources.verify.raw import RawDay
from resources.verify.remade import Remade
from resources.verify.tables import Files, Tables


def _ignore(_path: Path, _size: int) -> None:
    """The default: no progress is shown."""


@dataclass
class Verification:
    """A verification of an archive or a range of it. The counts are complete after `findings`."""

    archive: Archive
    datasets: Sequence[Dataset] = field(default_factory=lambda: tuple(DATASETS.values()))
    first: date | None = None  # skip days before it
    last: date | None = None  # skip days after it
    deep: bool = False  # also normalise every newest capture again
    on_read: OnRead = _ignore
    captures: int = 0
    answers: int = 0
    lake_files: int = 0
    rows: int = 0
    bytes: int = 0  # below raw/ and lake/
    tables: int = 0
    cold: ColdFiles = field(default_factory=ColdFiles)
    _seen: dict[str, Files] = field(default_factory=dict)
    _is_served_told: bool = False  # that the served copy cannot be opened

    def __post_init__(self) -> None:
        """Raise SettingsError if the settings do not fit the home: its days would look damaged.

        An identity file that cannot be read is a finding instead.
        """
        home = self.archive.home
        with suppress(UnreadableIdentity):
            if home.identity is not None:
                home.check(self.archive.settings)

    @property
    def _has_all_days(self) -> bool:
        return self.first is None and self.last is None

    @property
    def is_whole(self) -> bool:
        """True if the whole archive is verified."""
        return self._has_all_days and len(self.datasets) == len(DATASETS)

    def size(self) -> int:
        """Approximate sum of the bytes that `on_read` will receive."""
        home = self.archive.home
        found = 0
        if any(dataset.name == states.DATASET for dataset in self.datasets):
            with suppress(OSError):  # `findings` names it
                found += log_files.size(self.archive, self.is_chosen)
        for dataset in self.datasets:
            for root, times in (
                (home.raw, 1),
                (home.lake, 2),
            ):  # lake files are read a second time for the tables
                with suppress(OSError):  # `findings` names it
                    for folder, day in self._days(root, dataset.name):
                        if day is not None and self.is_chosen(day):
                            found += times * sum(
                                p.lstat().st_size for p in folder.rglob("*") if p.is_file()
                            )
        return found

    def findings(self) -> Iterator[FileFinding]:
        """All findings, one after the other."""
        self.cold.is_deep = self.deep
        yield from self._identity()
        yield from erased.findings(self.archive.home)
        yield from self._roots()
        for dataset in self.datasets:
            self._seen[dataset.name] = Files()
            yield from self._dataset(dataset)
            if dataset.name == states.DATASET:
                yield from log_files.findings(self.archive, self.is_chosen, self._read)
        yield from self._tables()
        if self.is_whole:
            yield from self._remade()

    @property
    def not_looked_at(self) -> list[str]:
        """What this verification left out, and why; for people."""
        left = []
        if self.cold.files:
            left.append(
                f"The bytes of {self.cold.files:,} cold files: the store has them in the right size. "
                "`livestats verify --deep` reads them back."
            )
        if not self.is_whole:
            left.append(
                "The warehouse, marts and the tables reconciliation and revisions: they are proven by "
                "a verification of all days and datasets only."
            )
        return left

    def _remade(self) -> Iterator[FileFinding]:
        """The warehouse and the served copy against all tables made anew."""
        home = self.archive.home
        try:
            with scratch.folder(home.state) as spill:
                remade = Remade(self.archive, self._seen, spill)
                for finding in remade.findings():
                    if not (self._is_served_told and finding.subject == home.served):
                        yield finding
        except (OSError, MemoryError, LivestatsError, duckdb.Error) as error:
            yield unverified(home.warehouse, error)

    def is_chosen(self, day: date | None) -> bool:
        """True if the day is in the range; None only if no day is excluded."""
        if day is None:
            return self._has_all_days
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)

    def _read(self, path: Path, size: int) -> None:
        self.bytes += size
        self.on_read(path, size)

    # Files -------------------------------------------------------------------------------------

    def _identity(self) -> Iterator[FileFinding]:
        path, problem = self.archive.home.identity_file, ""
        kind = FindingKind.DAMAGED
        try:
            sealed.unseal(path.read_bytes())
            self.archive.home.check(self.archive.settings)
        except FileNotFoundError:
            if not any(self._days(self.archive.home.raw, name) for name in DATASETS):
                return  # there is no archive yet
            kind, problem = FindingKind.MISSING, "gone from an archive that holds days"
        except OSError as error:
            yield unverified(path, error)
        except ValueError as error:
            problem = f"not as it was written: {error.__cause__ or error}"
        if problem:
            yield FileFinding(
                kind=kind,
                subject=path,
                text=problem,
                repair=Repair.RESTORE,
                remedy=RESTORE,
            )

    def _roots(self) -> Iterator[FileFinding]:
        """Files and folders that belong to no dataset."""
        if len(self.datasets) < len(DATASETS):
            return
        for root in (self.archive.home.raw, self.archive.home.lake):
            try:
                for path in sorted(root.iterdir()) if root.is_dir() else ():
                    if path.name not in DATASETS or not path.is_dir():
                        yield _foreign(path, "no dataset of this livestats")
            except OSError as error:
                yield unverified(root, error)

    def _dataset(self, dataset: Dataset) -> Iterator[FileFinding]:
        home = self.archive.home
        found: set[date] = set()
        for root in (home.raw, home.lake):
            try:
                days = self._days(root, dataset.name)
            except OSError as error:
                self._seen[dataset.name].is_unread = True
                yield unverified(root / dataset.name, error, dataset)
                continue
            for folder, day in days:
                if day is None:
                    yield _foreign(folder, "no day of a dataset", dataset)
                elif self.is_chosen(day):
                    found.add(day)
        for day in sorted(found):
            yield from self._day(Place(self.archive, dataset, day))

    def _days(self, root: Path, name: str) -> list[tuple[Path, date | None]]:
        """The entries of a dataset's folder below `root`, each with its day or None."""
        folder, prefix = root / name, "day=" if root == self.archive.home.lake else ""
        found: list[tuple[Path, date | None]] = []
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            try:
                day = date.fromisoformat(path.name.removeprefix(prefix))
            except ValueError:
                day = None
            is_day = day is not None and path.name == f"{prefix}{day}" and path.is_dir()
            found.append((path, day if is_day else None))
        return found

    def _day(self, place: Place) -> Iterator[FileFinding]:
        with ExitStack() as stack:
            try:
                if place.raw.is_dir():
                    stack.enter_context(self._day_lock(place))
                yield from self._locked(place)
            except (OSError, locks.LockTimeout) as error:
                self._seen[place.dataset.name].unread.add(place.day)
                yield place.unverified(place.raw, error)

    def _day_lock(self, place: Place) -> AbstractContextManager[None]:
        """The lock of a day; none where the home cannot be written, so nobody writes meanwhile."""
        file = day_lock.file_of(self.archive.home, place.dataset, place.day)
        if not os.access(file.parent if file.parent.exists() else file.parent.parent, os.W_OK):
            return nullcontext()
        return locks.lock(file)

    def _locked(self, place: Place) -> Iterator[FileFinding]:
        seen = self._seen[place.dataset.name]
        raw_day = RawDay(place, self._read, self.cold)
        lake_day = LakeDay(place, raw_day, self._read, deep=self.deep)
        for finding in chain(raw_day.findings(), lake_day.findings()):
            if not (finding.is_harmless or finding.kind is FindingKind.EXTRA):
                seen.faulty.add(place.day)
            yield finding
        if raw_day.in_place:
            seen.captures[place.day] = [c.name for c in raw_day.in_place]
        if lake_day.is_unread or lake_day.path.is_file():
            seen.lake.add(place.day)
            self.lake_files += 1
        if raw_day.unread or raw_day.has_unread_note or lake_day.is_unread:
            seen.unread.add(place.day)
        if lake_day.is_good:
            seen.good[place.day] = lake_day.path
        self.captures += len(raw_day.captures)
        self.answers += raw_day.answers
        self.rows += lake_day.rows

    # Tables ------------------------------------------------------------------------------------

    def _tables(self) -> Iterator[FileFinding]:
        home = self.archive.home
        try:
            with self.archive.reading() as connection, scratch.folder(home.state) as spill:
                tables = Tables(self.archive, connection, spill, self.on_read)
                for dataset in self.datasets:
                    seen = self._seen[dataset.name]
                    yield from tables.table(dataset, seen, whole=self._has_all_days)
                    self.tables += 1
                yield from tables.ledger(self._seen, whole=self._has_all_days)
                if self.is_whole:
                    yield from tables.marts()
        except (publish.UnreadableCopy, scratch.NoScratch, MemoryError) as error:
            self._is_served_told = True
            yield unverified(home.served, error)
        except (publish.DamagedCopy, duckdb.Error, OSError) as error:
            self._is_served_told = True
            if failures.is_local(error):
                yield unverified(home.served, error)
                return
            yield FileFinding(
                kind=FindingKind.DAMAGED,
                subject=home.served.resolve(),
                text=f"cannot be read: {error}",
                repair=Repair.PUBLISH,
                remedy=(
                    f"Move {home.served.resolve()} out of the home and run `livestats publish`: it is "
                    "made again from the warehouse."
                ),
            )
        except publish.NothingServed:
            is_backup = (home.root / owner.BACKUP_MARKER).exists()
            if any(seen.lake for seen in self._seen.values()) and not is_backup:
                yield FileFinding(
                    kind=FindingKind.BEHIND,
                    subject=home.served,
                    text="the lake has rows, and nothing is served",
                    repair=Repair.PUBLISH,
                    remedy="Run `livestats publish`: it is made from the lake.",
                )


def _foreign(path: Path, what: str, dataset: Dataset | None = None) -> FileFinding:
    repair, remedy = remove(path)
    return FileFinding(
        kind=FindingKind.EXTRA, subject=path, text=what, repair=repair, remedy=remedy,
        dataset=dataset.name if dataset else None,
    )  # fmt: skip
