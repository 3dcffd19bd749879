"""Makes every table anew, aside, and compares the warehouse and the served copy with it.

From lake and raw alone, by the code that loads. One table is compared at a time, by sums of hashes of
each day; sums of floats may differ in the last digits. Not here: files (raw, lake). Read next: tables.py.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.fs import locks
from resources.home.layout import Home
from resources.serving import masks
from resources.sql import failures, interrupts, quoting
from resources.system_tables import made_under
from resources.verify import relations
from resources.verify.findings import FileFinding, FindingKind, Repair, unverified
from resources.verify.tables import Files
from resources.warehouse import connection as warehouse_connection
from resources.warehouse import identity, load

_NOT_TOLD = "other datasets, or days"
"""Of a database of an earlier version, which does not tell its settings."""

_RESERVE = 64 << 20  # bytes that are left on the disk


@dataclass(frozen=True)
class _Aside(Home):
    """The home, with a warehouse and caches elsewhere."""

    aside: Path = Path()

    @property
    def warehouse(self) -> Path:
        """A warehouse of this process alone."""
        return self.aside / "anew" / "warehouse.duckdb"

    @property
    def locks(self) -> Path:
        """Locks of its own: the home's warehouse may be loaded meanwhile."""
        return self.aside / "locks"

    @property
    def file_index(self) -> Path:
        """No cache: what verify says must rest on the files."""
        return self.aside / "remembered"


@dataclass
class _State:
    """How far a database can be compared with the one made anew."""

    behind: set[tuple[str, date]] = field(default_factory=set)  # newer files are not loaded
    aside: set[tuple[str, date]] = field(default_factory=set)  # a file of it is not as it should be
    unread: set[str] = field(default_factory=set)  # datasets whose folder cannot be listed
    is_unfinished: bool = False  # a load was killed or is at work
    other_settings: str = ""  # how the settings differ from those it was made under, in words
    unproven: dict[str, set[str]] = field(default_factory=dict)  # what differs -> by which datasets
    not_made: set[_MartDay] = field(
        default_factory=set
    )  # that its loads have not made of these files
    not_remade: list[str] = field(default_factory=list)  # what differs, and could not be made here


_MartDay = tuple[str, date]


class Remade:
    """Every table, made anew from the files, and the comparison with it."""

    def __init__(self, archive: Archive, seen: Mapping[str, Files], spill: Path) -> None:
        """`spill` is an empty folder for a database as large as the warehouse."""
        self._archive, self._seen, self._spill = archive, seen, spill
        self._home = _Aside(archive.home.root, spill)
        self._impossible: set[_MartDay] = set()  # to make anew

    def findings(self) -> Iterator[FileFinding]:
        """What differs in the served copy, then in the warehouse."""
        home = self._archive.home
        paths = [p for p in (home.served, home.warehouse) if p.exists()]
        if not paths:
            return
        needed = 2 * max(path.stat().st_size for path in paths) + _RESERVE
        if shutil.disk_usage(self._spill).free < needed:
            why = OSError(f"{needed:,} bytes are needed to make the tables anew in {self._spill}")
            yield from (unverified(path, why) for path in paths)
            return
        before = [identity.read(path.resolve()) for path in paths]
        self._make()
        for path, seal in zip(paths, before, strict=True):
            found = [*self._guarded(path, is_served=path == home.served)]
            if found and identity.read(path.resolve()) != seal:
                yield unverified(path, OSError("it was loaded or published meanwhile"))
            else:
                yield from found

    def _make(self) -> None:
        archive, lake = self._archive, self._home.lake
        zone = archive.settings.time_zone
        with warehouse_connection.writing(self._home, zone, archive.threads) as connection:
            for dataset in DATASETS.values():
                if dataset.name in archive.settings.datasets or (lake / dataset.name).is_dir():
                    load.sync_table(connection, self._home, dataset)
            results = archive.sync_derived(connection, self._home)
        self._impossible = {(one.mart.name, day) for one in results for day in one.impossible}

    def _guarded(self, path: Path, *, is_served: bool) -> Iterator[FileFinding]:
        """The findings of one database; a load is not disturbed."""
        lock = None
        try:
            if not is_served:
                lock = locks.try_lock(self._archive.home.lock_file("warehouse"))
                if lock is None:
                    yield unverified(path, OSError("a load has it open"))
                    return
            yield from self._database(path, is_served=is_served)
        except (duckdb.Error, OSError, MemoryError) as error:
            if failures.is_local(error):
                yield unverified(path, error)
            else:
                yield self._finding(path, FindingKind.DAMAGED, f"cannot be read: {error}")
        finally:
            if lock is not None:
                lock.release()

    def _database(self, path: Path, *, is_served: bool) -> Iterator[FileFinding]:
        with interrupts.prepared(duckdb.connect()) as connection:
            connection.execute(f"SET memory_limit = '{warehouse_connection.MEMORY_LIMIT}'")
            connection.execute("SET temp_directory = ?", [str(self._spill / "sorting")])
            connection.execute("SET TimeZone = ?", [self._archive.settings.time_zone])
            for name, file in (("anew", self._home.warehouse), ("held", path.resolve())):
                source = quoting.literal(str(file))
                connection.execute(f"ATTACH {source} AS {name} (READ_ONLY)")
            anew, held = relations.declared(connection)
            if not is_served and not held:
                what = "holds nothing: its first load was broken off"
                yield self._finding(path, FindingKind.BEHIND, what)
                return
            seal = identity.read(path.resolve())
            if not is_served and not identity.is_as_closed(path):
                what = "was written to by another program, or put back"
                yield self._finding(path, FindingKind.MISMATCH, what)
            state = self._state(connection)
            state.is_unfinished = seal is not None and not seal.header
            if state.behind and not is_served:
                text = f"{len(state.behind):,} days of the lake are not loaded"
                yield self._finding(path, FindingKind.BEHIND, text)
            yield from self._schema(anew, held, path, state)
            for table in relations.common(connection, anew, held):
                yield from self._table(connection, path, table, state, is_served=is_served)
        if state.unproven:
            names = ", ".join(sorted(set().union(*state.unproven.values())))
            why = f"it rests on files of {names} that cannot be used as they are"
            remedy = "Repair those files as each says, then run `livestats verify` again."
            yield _not_proven(path, [*state.unproven], why, remedy)
        if state.not_remade:
            limit = warehouse_connection.MEMORY_LIMIT
            why = f"{limit} of memory were too little to make it anew, or a sum overflows"
            remedy = "Run `livestats verify` again while nothing else is at work."
            yield _not_proven(path, state.not_remade, why, remedy)

    def _state(self, connection: duckdb.DuckDBPyConnection) -> _State:
        made, held = (
            {
                (name, day): rest
                for name, day, *rest in connection.execute(
                    f"SELECT dataset, day, capture, rows, schema_version, size, modified_ns "
                    f"FROM {database}.meta.loaded"
                ).fetchall()
            }
            for database in ("anew", "held")
        )
        noted = {one: relations.mart_days(connection, one) for one in ("anew", "held")}
        faulty = {(name, day) for name, seen in self._seen.items() for day in seen.faulty}
        return _State(
            behind={key for key, rest in made.items() if held.get(key) != rest},
            aside=({*held} - {*made}) | faulty,
            unread={name for name, seen in self._seen.items() if seen.is_unread},
            not_made={key for key, of in noted["anew"].items() if noted["held"].get(key) != of},
            other_settings=made_under.difference(connection, "anew", "held")
            or _NOT_TOLD * relations.has_other_range(connection),
        )

    # Comparing ---------------------------------------------------------------------------------

    def _schema(
        self, anew: Mapping[str, str], held: Mapping[str, str], path: Path, state: _State
    ) -> Iterator[FileFinding]:
        for name, text in relations.differences(anew, held):
            sources = {one for one, _ in state.aside} | state.unread
            is_rest = any(name in (f"main.{one}", f"meta.{one}_listed") for one in sources)
            if not is_rest:
                yield from self._differs(path, f"{name}: {text}", state)

    def _table(
        self,
        connection: duckdb.DuckDBPyConnection,
        path: Path,
        table: relations.Table,
        state: _State,
        *,
        is_served: bool,
    ) -> Iterator[FileFinding]:
        source = table.name.removeprefix("main.").removeprefix("meta.").removesuffix("_listed")
        if source in DATASETS:
            if not is_served:  # tables.py has compared those
                yield from self._dataset(connection, path, table, source, state)
            return
        if table.name == "main.ledger":
            for day, text in relations.ledger_differences(connection):
                yield from self._differs(path, f"table ledger: {text}", state, day)
            return
        skipped = {"note"} if table.name == "main.reconciliation" else set()
        noted = identity.read(path.resolve())
        if is_served and noted is not None and noted.masks:
            skipped |= masks.PERSONAL
        for one in relations.differing_days(connection, table, skipped):
            where = f" of {one}" if one else ""
            text = (
                f"{table.name.removeprefix('main.')} holds other rows{where} than its sources give"
            )
            if _is_of(source, one, self._impossible):
                state.not_remade.append(text)
            else:
                is_not_made = _is_of(source, one, state.not_made)
                yield from self._differs(path, text, state, one, is_not_made=is_not_made)

    def _dataset(
        self,
        connection: duckdb.DuckDBPyConnection,
        path: Path,
        table: relations.Table,
        name: str,
        state: _State,
    ) -> Iterator[FileFinding]:
        """Rows of days whose file is loaded as it is; deduplicated tables if all are."""
        other = {day for one, day in state.behind | state.aside if one == name}
        dataset = DATASETS[name]
        is_whole = dataset.is_dimension or (
            dataset.dedup_keep is not None and table.name.startswith("main.")
        )
        if name in state.unread or (is_whole and other):
            return  # what of it can be compared, tables.py has compared in the served copy
        for day in relations.differing_days(connection, table, set(), is_exact=True):
            if day not in other:
                where = f" of {day}" if day else ""
                text = f"table {name} holds other rows{where} than the lake"
                yield self._finding(path, FindingKind.MISMATCH, text, day, name)

    def _differs(
        self,
        path: Path,
        text: str,
        state: _State,
        day: date | None = None,
        *,
        is_not_made: bool = False,
    ) -> Iterator[FileFinding]:
        """A difference of what is derived: damage, unless its sources are older or faulty."""
        if state.behind or state.is_unfinished or state.other_settings:
            why = f" (made under other settings: {state.other_settings})"
            text += why if state.other_settings else ""
            yield self._finding(path, FindingKind.BEHIND, text, day)
            return
        whole = {name for name, _ in state.aside if _moves_days(name)} | state.unread
        on_day = {name for name, one in state.aside if day is None or one == day}
        if whole or on_day:
            state.unproven[text] = whole | on_day
        elif is_not_made:
            yield self._finding(path, FindingKind.BEHIND, f"{text}; it was not made of these", day)
        else:
            yield self._finding(path, FindingKind.MISMATCH, text, day)

    def _finding(
        self,
        path: Path,
        kind: FindingKind,
        text: str,
        day: date | None = None,
        dataset: str | None = None,
    ) -> FileFinding:
        return FileFinding(
            kind=kind, subject=path, text=text, repair=Repair.PUBLISH, day=day, dataset=dataset,
            remedy=remedy(self._archive.home, path, kind),
        )  # fmt: skip


def remedy(home: Home, path: Path, kind: FindingKind) -> str:
    """How a database is made again; nothing is deleted, for rows may be nowhere else."""
    if kind is FindingKind.BEHIND:
        return "Run `livestats publish`: it is loaded from the lake."
    source = "the lake" if path == home.warehouse else "the warehouse"
    return (
        f"Move {path.resolve()} out of the home and run `livestats publish`: it is made again from "
        f"{source}."
    )


def _not_proven(path: Path, texts: Sequence[str], why: str, remedy: str) -> FileFinding:
    """One finding of all that differs and cannot be compared, with the reason."""
    more = f"; and {len(texts) - 1} more" if len(texts) > 1 else ""
    return FileFinding(
        kind=FindingKind.UNVERIFIED, subject=path, repair=Repair.VERIFY,
        text=f"not proven, since {why}: {texts[0]}{more}",
        remedy=f"{remedy} Nothing says that it is damaged: leave it where it is.",
    )  # fmt: skip


def _is_of(table: str, day: date | None, days: set[_MartDay]) -> bool:
    """True for rows of such a day in a mart, and for the note about it."""
    names = {name for name, one in days if one == day}
    return table in names or (table == "mart_day" and bool(names))


def _moves_days(name: str) -> bool:
    """True if a file of the dataset decides rows of other days too."""
    dataset = DATASETS.get(name)
    return dataset is None or dataset.is_dimension or dataset.dedup_keep is not None
