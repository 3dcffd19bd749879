"""Verifies the served copy: tables against the lake, the table `ledger` against the raw archive.

The files themselves are verified in raw and lake, which must have run before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

import duckdb

from resources.api.catalog import DATASETS
from resources.api.catalog.columns import BUSINESS_DATE
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import DedupKeep
from resources.archive import Archive
from resources.capture.inventory import snapshots
from resources.config.model import OMIT
from resources.marts import build as level
from resources.raw import captures as raw_captures
from resources.raw import seen_notes
from resources.raw.manifest_facts import manifest_facts
from resources.serving import masks
from resources.serving.masks import Masks
from resources.verify.findings import FileFinding, FindingKind, OnRead, Place, Repair
from resources.warehouse import connection as warehouse_connection
from resources.warehouse import identity
from resources.warehouse.load_state import LoadState
from resources.warehouse.newest_rows import newest_rows

_BATCH = warehouse_connection.DAYS_PER_TRANSACTION


def _restatements(folder: Path, captures: Sequence[raw_captures.CaptureName]) -> int:
    """How many captures of a day are no supplements: what `captures` in the table `ledger` says."""
    supplements = 0
    for name in captures:
        with suppress(raw_captures.UnusableCapture):  # a finding of the raw archive
            found = manifest_facts(raw_captures.Capture(folder / name.text, name))
            supplements += found.is_supplement
    return len(captures) - supplements


@dataclass
class Files:
    """The days of one dataset for which files were found."""

    good: dict[date, Path] = field(default_factory=dict)  # intact lake files
    lake: set[date] = field(default_factory=set)  # days that have a lake file, intact or not
    captures: dict[date, Sequence[raw_captures.CaptureName]] = field(default_factory=dict)
    unread: set[date] = field(default_factory=set)  # days of which a file could not be looked at
    is_unread: bool = False  # its folder could not be looked at: there may be further days
    faulty: set[date] = field(default_factory=set)  # days with a fault in raw/ or lake/


class Tables:
    """Verifies the tables of an open served copy."""

    def __init__(
        self, archive: Archive, connection: duckdb.DuckDBPyConnection, spill: Path, on_read: OnRead
    ) -> None:
        """Limit the memory; DuckDB spills to `spill`."""
        self._archive, self._connection, self._on_read = archive, connection, on_read
        connection.execute(f"SET memory_limit = '{warehouse_connection.MEMORY_LIMIT}'")
        connection.execute("SET temp_directory = ?", [str(spill)])

    @cached_property
    def _load_state(self) -> LoadState:
        """Read once for all tables: the connection only reads."""
        return LoadState.of(self._connection)

    @cached_property
    def _masks(self) -> Masks:
        return masks.of(self._archive.home, self._archive.settings.personal_data)

    @cached_property
    def _is_masked_as_set(self) -> bool:
        noted = identity.read(self._archive.home.served.resolve())
        return (noted.masks if noted else "") == self._masks.signature

    def table(self, dataset: Dataset, seen: Files, *, whole: bool) -> Iterator[FileFinding]:
        """Compare a table with the lake files; `whole`: no day was left out."""
        load_state = self._load_state
        if not load_state.is_declared(dataset):
            if seen.lake:
                what = "is not there, or has other columns or another key than are declared now"
                yield self._finding(dataset, None, FindingKind.BEHIND, what, _PUBLISH)
            return
        loaded = load_state.loaded.get(dataset.name, {})
        level = {
            day: path
            for day, path in sorted(seen.good.items())
            if loaded.get(day) == (path.stat().st_size, path.stat().st_mtime_ns)
        }
        for day in sorted(set(seen.good) - set(level)):
            what = "does not hold the lake file of the day as it is"
            yield self._finding(dataset, day, FindingKind.BEHIND, what, _PUBLISH)
        if whole and not seen.is_unread:
            yield from self._gone(dataset, seen, loaded)
        if masks.PERSONAL & {c.name for c in dataset.columns}:
            if not self._is_masked_as_set:
                what = "was published under another setting archive.personal_data"
                yield self._finding(dataset, None, FindingKind.BEHIND, what, _PUBLISH)
                return
            if self._masks.how == OMIT and masks.PERSONAL & {*dataset.key}:
                whole = False  # rows that only a person tells apart look alike
        if dataset.is_dimension:
            if whole and set(level) == seen.lake and not (seen.unread or seen.is_unread):
                yield from self._dimension(dataset)
        elif not self._masks.leaves_out(dataset.name):
            yield from self._days(dataset, level)
        if whole and dataset.dedup_keep:
            yield from self._once(dataset)

    def _days(self, dataset: Dataset, level: Mapping[date, Path]) -> Iterator[FileFinding]:
        """Days whose rows differ from the file that they were loaded from."""
        table = _held(dataset)
        days = [*level]
        for start in range(0, len(days), _BATCH):
            batch = days[start : start + _BATCH]
            paths = [str(level[day]) for day in batch]
            in_lake = self._prints(
                dataset, "read_parquet($1, hive_partitioning = false)", [paths], self._masks
            )
            in_table = self._prints(
                dataset, f"{table} WHERE {BUSINESS_DATE} IN (FROM unnest($1))", [batch]
            )
            for day in batch:
                theirs, ours = in_table.get(day, (0, None)), in_lake.get(day, (0, None))
                if theirs != ours:
                    what = f"holds {theirs[0]:,} rows of the day, {_differing(theirs[0], ours[0])}"
                    yield self._finding(dataset, day, FindingKind.MISMATCH, what, self._anew())
                self._on_read(level[day], level[day].stat().st_size)

    def _prints(
        self,
        dataset: Dataset,
        source: str,
        values: Sequence[object],
        masked: Masks | None = None,
    ) -> dict[date, tuple[int, int | None]]:
        """Row count and sum of row hashes of each day; independent of the order of rows.

        `masked` are the masks of the table that is compared with it.
        """
        found = self._connection.execute(
            f"SELECT {BUSINESS_DATE}, {_print(dataset, masked)} FROM {source} GROUP BY 1", values
        ).fetchall()
        return {day: (rows, hashes) for day, rows, hashes in found}

    def _gone(self, dataset: Dataset, seen: Files, loaded: Iterable[date]) -> Iterator[FileFinding]:
        """Days that the table holds and that have no file."""
        known = set(loaded)
        for day in sorted(known - seen.lake - set(seen.captures) - seen.unread):
            place = Place(self._archive, dataset, day)
            what = "holds rows of a day that is neither in raw/ nor in lake/"
            yield self._finding(dataset, day, FindingKind.MISSING, what, place.capture_again(None))
        if not dataset.is_dimension:
            held = self._connection.execute(
                f"SELECT DISTINCT {BUSINESS_DATE} FROM {_held(dataset)}"
            ).fetchall()
            for day in sorted({day for (day,) in held} - known):
                what = "holds rows of a day that was never loaded"
                yield self._finding(dataset, day, FindingKind.MISMATCH, what, self._anew())

    def _once(self, dataset: Dataset) -> Iterator[FileFinding]:
        """Compare a table deduplicated over days with the rows of all days."""
        order = "DESC" if dataset.dedup_keep is DedupKeep.LAST_DAY else "ASC"
        key = ", ".join(dataset.key)
        expected = (
            f"(FROM {_held(dataset)} QUALIFY row_number() OVER "
            f"(PARTITION BY {key} ORDER BY {BUSINESS_DATE} {order}) = 1)"
        )
        yield from self._whole(dataset, expected, [])

    def _dimension(self, dataset: Dataset) -> Iterator[FileFinding]:
        """Compare a dimension with the newest row of each key over all snapshots."""
        paths = [str(path) for path in snapshots(self._archive.home.lake, dataset.name)]
        if paths:
            sql, values = newest_rows(self._connection, dataset, paths)
            yield from self._whole(dataset, f"({sql})", values)

    def _whole(
        self, dataset: Dataset, expected: str, values: Sequence[object]
    ) -> Iterator[FileFinding]:
        ours, theirs = (
            self._connection.execute(f"SELECT {_print(dataset)} FROM {source}", given).fetchall()[0]
            for source, given in ((expected, values), (dataset.name, []))
        )
        if ours != theirs:
            what = f"holds {theirs[0]:,} rows, {_differing(theirs[0], ours[0])}"
            yield self._finding(dataset, None, FindingKind.MISMATCH, what, self._anew())

    # The ledger --------------------------------------------------------------------------------

    def ledger(self, seen: Mapping[str, Files], *, whole: bool) -> Iterator[FileFinding]:
        """Compare the captures in the table `ledger` with the files."""
        try:
            lines = self._connection.execute(
                "SELECT dataset, business_date, capture, captures, rows, captured_at, last_seen_at "
                "FROM ledger WHERE capture IS NOT NULL ORDER BY 1, 2"
            ).fetchall()
        except duckdb.CatalogException:
            lines = []
        listed = set()
        for name, day, *line in lines:
            if name in seen and (seen[name].is_unread or day in seen[name].unread):
                continue
            if name in seen and (whole or day in seen[name].captures):
                listed.add((name, day))
                place = Place(self._archive, DATASETS[name], day)
                yield from self._line(place, seen[name].captures.get(day, ()), *line)
        for name, found in seen.items():
            dataset = DATASETS[name]
            switched_on = name in self._archive.settings.datasets
            if switched_on and not dataset.is_dimension:
                for day, captures in sorted(found.captures.items()):
                    if captures and (name, day) not in listed and day not in found.unread:
                        what = "the table ledger does not know that the day is captured"
                        yield self._finding(dataset, day, FindingKind.BEHIND, what, _PUBLISH)

    def _line(
        self,
        place: Place,
        captures: Sequence[raw_captures.CaptureName],
        name: str,
        count: int,
        rows: int,
        captured_at: datetime,
        last_seen_at: datetime,
    ) -> Iterator[FileFinding]:
        by_name = {c.text: c for c in captures}
        if name not in by_name:
            what = "a capture that the table ledger names is gone"
            mend = place.capture_again(None)
            yield place.finding(FindingKind.MISSING, place.raw / name, what, mend)
            return
        seen_at = seen_notes.last_seen(place.raw)
        there = len(captures) if len(captures) == 1 else _restatements(place.raw, captures)
        if name != captures[-1].text or count < there:
            what = "the table ledger does not know of the newest capture"
            yield self._finding(place.dataset, place.day, FindingKind.BEHIND, what, _PUBLISH)
        elif count > there:
            what = f"the table ledger knows of {count} captures, and {there} are there"
            yield place.finding(FindingKind.MISSING, place.raw, what, place.restore_revision())
        elif (rows, captured_at) != (by_name[name].rows, by_name[name].fetched_at):
            what = "the table ledger tells other rows or another time than the capture's name"
            yield self._finding(place.dataset, place.day, FindingKind.MISMATCH, what, _PUBLISH)
        elif seen_at is None or last_seen_at > seen_at:
            what = f"its note that the day was last seen at {last_seen_at} is gone"
            mend = (
                Repair.PUBLISH,
                "Only a note: restore it, or accept it with `livestats publish`.",
            )
            yield place.finding(FindingKind.MISSING, place.raw / seen_notes.SEEN, what, mend)
        elif last_seen_at < seen_at:
            what = f"the table ledger says last seen at {last_seen_at}, the files {seen_at}"
            yield self._finding(place.dataset, place.day, FindingKind.BEHIND, what, _PUBLISH)

    # Marts -------------------------------------------------------------------------------------

    def marts(self) -> Iterator[FileFinding]:
        """Marts that are older than their tables or their SELECT."""
        for name in level.marts_behind(self._connection, self._archive.settings.datasets):
            yield FileFinding(
                kind=FindingKind.BEHIND,
                subject=self._archive.home.served,
                text=f"mart {name}: is not made of the tables as they are, or by another SELECT",
                repair=Repair.PUBLISH,
                remedy="Run `livestats publish`: it is made from the tables.",
            )

    def _finding(
        self,
        dataset: Dataset,
        day: date | None,
        kind: FindingKind,
        what: str,
        mend: tuple[Repair, str],
    ) -> FileFinding:
        repair, remedy = mend
        return FileFinding(
            kind=kind, subject=self._archive.home.served, text=f"table {dataset.name}: {what}",
            repair=repair, remedy=remedy, dataset=dataset.name, day=day,
        )  # fmt: skip

    def _anew(self) -> tuple[Repair, str]:
        """Rebuild the warehouse: a day that is marked as loaded would not be loaded again."""
        return Repair.PUBLISH, (
            f"Move {self._archive.home.warehouse} out of the home and run `livestats publish`: it is "
            "loaded again from the lake."
        )


_PUBLISH = (Repair.PUBLISH, "Run `livestats publish`: it is loaded from the lake.")


def _held(dataset: Dataset) -> str:
    """The table that holds every row of the lake."""
    return f"meta.{dataset.name}_listed" if dataset.dedup_keep else dataset.name


def _print(dataset: Dataset, masked: Masks | None = None) -> str:
    columns = ", ".join(
        masked.expression(c.name, is_nullable=c.nullable) if masked else c.name
        for c in dataset.columns
    )
    return f"count(*), sum(hash({columns})::HUGEINT)"


def _differing(theirs: int, ours: int) -> str:
    return f"the lake {ours:,}" if theirs != ours else "and not those of the lake"
