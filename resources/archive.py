"""The archive of one account: the facade that assets, commands and tests use.

Not here: how a step works (capture, warehouse, system_tables, marts, serving). Read next:
capture/capturer.py, warehouse/load.py.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from resources.api.catalog import DAILY, DATASETS
from resources.api.catalog.datasets import Dataset
from resources.api.errors import FixSetup
from resources.api.windows import day_of
from resources.clock import Clock, clock
from resources.config import Settings, load
from resources.fs import access
from resources.home import presence
from resources.home.layout import Home
from resources.ledger.coverage import Coverage
from resources.ledger.reader import LedgerReader
from resources.ledger.states import Entry

log = logging.getLogger("livestats.archive")

# What asks the API or opens a database is imported where it is used: `livestats status` does
# neither, and is there in half of the time.
if TYPE_CHECKING:
    import duckdb

    from resources.capture.capturer import Capturer, Progress
    from resources.marts.build import MartResult
    from resources.serving.masks import Masks
    from resources.serving.publish import Published
    from resources.warehouse.load import Loaded


@dataclass(kw_only=True)
class OpenWarehouse:
    """A writing connection that several steps share. It is opened by the first of them."""

    stack: ExitStack
    connection: duckdb.DuckDBPyConnection | None = None
    synced_version: str | None = None
    """Content version of the warehouse after ledger, revisions and marts were last synced."""


@dataclass(frozen=True)
class Archive:
    """Settings, home and clock of one account. Opening it reads no secret and makes no call."""

    settings: Settings
    environ: Mapping[str, str] = field(repr=False)  # the key is in it
    progress: Progress | None = None  # told after each answer of the API
    threads: int | None = None  # of DuckDB, where it writes; None: one for each core
    open_warehouse: OpenWarehouse | None = None
    """Set by `keeping_warehouse_open`. None: the warehouse is closed after each step."""

    def __post_init__(self) -> None:
        """Make the cuts known that the home has captured and the settings no longer define."""
        self.home.know_removed_cuts()

    @classmethod
    def open(
        cls,
        environ: Mapping[str, str],
        folder: Path | None = None,
        *,
        leave_out_broken_cuts: bool = False,
    ) -> Archive:
        """The archive that the settings in `folder` and the environment describe.

        Raises SettingsError; with `leave_out_broken_cuts` not for a cut, which is left out instead.
        """
        settings = load(environ, folder or Path.cwd(), leave_out_broken_cuts=leave_out_broken_cuts)
        if leave_out_broken_cuts:
            settings = settings.without_cuts(Home(settings.home).changed_cuts(settings))
        return cls(settings, environ)

    @cached_property
    def home(self) -> Home:
        """Its folders."""
        return Home(self.settings.home)

    @cached_property
    def clock(self) -> Clock:
        """What time it is taken to be."""
        return clock(self.environ)

    def now(self) -> datetime:
        """The present moment, UTC."""
        return self.clock()

    @property
    def today(self) -> date:
        """The present day in the business zone."""
        return day_of(self.now(), self.settings.zone)

    @property
    def first_day(self) -> date:
        """The first day that the archive is about."""
        return self.home.first_day(self.settings, self.now())

    @property
    def daily(self) -> tuple[Dataset, ...]:
        """The datasets with days that are switched on."""
        return tuple(self.settings.of(d) for d in DAILY if d.name in self.settings.datasets)

    @cached_property
    def _reader(self) -> LedgerReader:
        return LedgerReader(self.settings, self.home, self.now)

    def ledger(self, dataset: Dataset, first: date, last: date) -> list[Entry]:
        """The ledger's lines of a dataset from `first` to `last`, both included."""
        return self._reader.lines([dataset], first, last)[dataset.name]

    def ledgers(
        self, datasets: Iterable[Dataset], first: date, last: date
    ) -> dict[str, list[Entry]]:
        """The same of several datasets, by name; what they have in common is read once."""
        return self._reader.lines(datasets, first, last)

    def coverage(self) -> Coverage:
        """Compares captures with the domains, carriers, streams and addresses that are known now."""
        return self._reader.coverage()

    def whole_ledger(self, name: str) -> list[Entry]:
        """The ledger's lines of a daily dataset, for all days of the archive that are over."""
        return self.ledger(DATASETS[name], self.first_day, self.today - timedelta(days=1))

    def days_without_lake_file(self, lines: Iterable[Entry]) -> set[date]:
        """See `LedgerReader`."""
        return self._reader.days_without_lake_file(lines)

    def in_request_order(self, dataset: Dataset, days: Iterable[date]) -> list[date]:
        """See `LedgerReader`."""
        return self._reader.in_request_order(dataset, days)

    @contextmanager
    def leased(self) -> Iterator[None]:
        """The lease of the account, and its home if a store has that, where they are set up.

        See `home.lease` and `shared.session` for what they raise.
        """
        if self.settings.scale_home:
            from resources.shared import session

            with session.held(self.home, self.settings, self.now):
                self.home.know_removed_cuts()
                yield
            return
        if not self.settings.scale_lease:
            yield
            return
        from resources.home import lease

        self.home.prepare(self.settings, self.now())
        with lease.held(self.home, self.settings):
            yield

    @contextmanager
    def changing(self) -> Iterator[None]:
        """The same for what asks nobody, and only changes files of a home that a store has."""
        with self.leased() if self.settings.scale_home else nullcontext():
            yield

    @contextmanager
    def capturing(self) -> Iterator[Capturer]:
        """The connection to the API; see `connection.capturer` for what it raises."""
        from resources.capture.session import capturer

        presence.check(self.home)
        with self.leased(), capturer(self.settings, self.environ) as opened:
            try:
                yield opened
            except (FixSetup, OSError):
                presence.check(self.home)
                raise

    @contextmanager
    def keeping_warehouse_open(self) -> Iterator[Archive]:
        """The same archive, whose steps share one writing connection until the block ends.

        Ledger, revisions and marts are synced once, not again while the tables stay unchanged.
        """
        with ExitStack() as stack:
            yield replace(self, open_warehouse=OpenWarehouse(stack=stack))

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The warehouse's one writing connection; see `warehouse.writing` for what it raises."""
        from resources.warehouse import connection as warehouse_connection

        with ExitStack() as stack:
            shared = self.open_warehouse or OpenWarehouse(stack=stack)
            if shared.connection is None:
                presence.check(self.home)
                shared.stack.enter_context(self.leased())
                self.home.prepare(self.settings, self.now())
                opened = warehouse_connection.writing(
                    self.home, self.settings.time_zone, self.threads
                )
                shared.connection = shared.stack.enter_context(opened)
            yield shared.connection

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-only connection to the served copy."""
        from resources.serving import publish as serving_publish

        with serving_publish.reading(self.home, self.settings.time_zone) as connection:
            yield connection

    def sync_tables(self, datasets: Iterable[Dataset]) -> Iterator[Loaded]:
        """Load what is new in the lake, after rebuilding lake files that captures lack.

        What killed processes left half-made goes first. Yields what was loaded into each table. A table whose files the system does not let be read or
        written is yielded with the problem, and the others are loaded.
        """
        from resources.capture import repair
        from resources.home import day_lock
        from resources.warehouse import connection as warehouse_connection
        from resources.warehouse import load as warehouse_load
        from resources.warehouse.load_state import LoadState

        not_loaded = warehouse_load.not_loaded
        with self.writing() as connection:
            day_lock.tidy_after_kills(self.home)
            load_state = LoadState.of(connection)
            for dataset in datasets:
                try:
                    repair.rebuild_missing(self.home, dataset, self._reader.stale_days(dataset))
                    loaded = warehouse_load.sync_table(connection, self.home, dataset, load_state)
                except OSError as error:
                    if not access.is_of_one_place(error):
                        raise
                    loaded = not_loaded(dataset, f"not loaded: {access.reason(error)}")
                except warehouse_connection.WarehouseError as error:
                    loaded = not_loaded(dataset, str(error))
                yield loaded

    def sync_marts(self) -> list[MartResult]:
        """Update ledger, revisions, reconciliation and marts; what was done to each mart."""
        with self.writing() as connection:
            return self._sync_derived(connection)

    def behind(self) -> list[str]:
        """Tables and marts of the served copy that do not hold what is captured.

        Opens nothing for writing.
        """
        from resources.marts import build
        from resources.serving import publish as serving_publish
        from resources.warehouse import load_state

        names = self.settings.datasets
        try:
            with self.reading() as connection:
                if not serving_publish.may_be_level(self.home, self.masks):  # nothing is proven
                    return [*names, *sorted(build.present(connection))]
                loaded = load_state.LoadState.of(connection)
                lacking = load_state.behind(
                    connection, self.home, names, loaded, self._has_stale_days
                )
                return [*lacking, *build.marts_behind(connection, names)]
        except serving_publish.NothingServed:
            return [*names]

    def _has_stale_days(self, dataset: Dataset) -> bool:
        from resources.capture import repair

        return any(repair.days_free_to_repair(self.home, dataset, self._reader.stale_days(dataset)))

    @property
    def masks(self) -> Masks:
        """How the settings want personal data to be served."""
        from resources.serving import masks

        return masks.of(self.home, self.settings.personal_data)

    def is_described(self) -> bool:
        """True if comments of tables and columns in the served copy are up to date.

        Opens nothing for writing.
        """
        from resources.marts import table_comments
        from resources.serving import publish as serving_publish

        try:
            with self.reading() as connection:
                return table_comments.are_in_sync(connection, self.settings.language)
        except serving_publish.NothingServed:
            return False

    def publish(self) -> Published:
        """Update ledger, revisions, reconciliation and marts, then publish a new copy if needed."""
        from resources.serving import masks
        from resources.serving import publish as serving_publish
        from resources.warehouse.connection import content_version

        with self.writing() as connection:
            self._load_what_lacks(connection)
            shared = self.open_warehouse
            is_level = shared is not None and shared.synced_version == content_version(connection)
            results = [] if is_level else self._sync_derived(connection)
            wanted = masks.drawn(self.home, self.settings.personal_data)
            done = serving_publish.publish(connection, self.home, wanted)
            return replace(done, not_made=[told for one in results for told in one.not_made])

    def _load_what_lacks(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Load the tables that the warehouse lacks: a new one must not be served half empty."""
        from resources.warehouse import load_state

        if lacking := load_state.lacking(connection, self.home, self.settings.datasets):
            shared = OpenWarehouse(stack=ExitStack(), connection=connection)
            for loaded in replace(self, open_warehouse=shared).sync_tables(lacking):
                if loaded.problem:
                    log.error("%s: %s", loaded.table, loaded.problem)

    def _sync_derived(self, connection: duckdb.DuckDBPyConnection) -> list[MartResult]:
        """Bring all that is made of the dataset tables up to date, and comments."""
        from resources.marts import table_comments
        from resources.warehouse import connection as warehouse_connection

        results = self.sync_derived(connection, self.home)
        table_comments.sync_comments(connection, self.settings.language)
        if self.open_warehouse is not None:
            self.open_warehouse.synced_version = warehouse_connection.content_version(connection)
        return results

    def sync_derived(self, connection: duckdb.DuckDBPyConnection, home: Home) -> list[MartResult]:
        """Write ledger, revisions, reconciliation and marts into the open warehouse of `home`."""
        from resources.marts import build
        from resources.system_tables import ledger as ledger_table
        from resources.system_tables import revisions
        from resources.system_tables.reconciliation import run

        ledger_table.refresh(connection, home, self.settings, self.now())
        revisions.refresh(connection, home)
        names = self.settings.datasets
        narrowed = {name: self.settings.narrowed(name) for name in names}
        run.sync_reconciliation(connection, home, names, narrowed)
        return build.sync_marts(connection, self.settings.time_zone, names)
