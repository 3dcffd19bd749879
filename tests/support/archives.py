"""A simulated account and an archive of it on the disk: what tests of several layers start from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.archive import Archive
from resources.capture.capturer import Capturer, Result
from resources.capture.session import capturer
from resources.fs import atomic
from resources.home.layout import Home
from resources.lake import parquet
from resources.simulator import Account, Simulator

NOW = datetime.fromisoformat("2026-11-22T12:00:00+08:00")  # a Sunday; the day before has settled
DAYS = (date(2026, 11, 20), date(2026, 11, 21))
SMALL = Account(domains=1, streams_per_domain=2, deleted=0)
IN_ORDER: tuple[Dataset, ...] = tuple(
    sorted(
        (d for d in DATASETS.values() if not d.is_cut),
        key=lambda d: (not d.is_dimension, bool(d.needs)),
    )
)
"""Every dataset of the catalog, those first whose answers others need."""


def moving(start: datetime) -> Callable[[], datetime]:
    """A clock that shows `start` now and goes on at normal speed."""
    ahead = start - datetime.now(UTC)
    return lambda: datetime.now(UTC) + ahead


def no_wait(_seconds: float) -> None:
    """Stands in for sleeping, so that retries and the call budget cost no time."""


@dataclass(frozen=True)
class Lab:
    """A simulated account, and an archive that is pointed at it."""

    simulator: Simulator
    archive: Archive

    @property
    def root(self) -> Path:
        return self.archive.home.root

    @property
    def requests(self) -> int:
        """All requests that came in by now."""
        return self.simulator.calls.total()

    def with_(self, **environ: str) -> Lab:
        """The same account with another environment: another home, another moment."""
        changed = {**self.archive.environ, **environ}
        return Lab(self.simulator, Archive.open(changed, self.root.parent))

    def beside(self, name: str) -> Lab:
        """The same account with a new home of that name."""
        return self.with_(LIVESTATS_HOME=str(self.root.parent / name))

    @contextmanager
    def capturing(
        self, sleep: Callable[[float], None] | None = no_wait, **options: object
    ) -> Iterator[Capturer]:
        """A capturer that never waits; `options` are those of `connection.capturer`."""
        with capturer(self.archive.settings, self.archive.environ, sleep=sleep, **options) as one:
            yield one

    def capture(
        self,
        days: Iterable[date] = DAYS,
        names: Iterable[str] | None = None,
        *,
        again: bool = False,
        **options: object,
    ) -> list[Result]:
        """Capture datasets (default: all), without Dagster; a result for each day of each."""
        names, days = set(names or self.archive.settings.datasets), sorted(days)
        cuts = [d for d in DATASETS.values() if d.is_cut]
        wanted = [d for d in (*IN_ORDER, *cuts) if d.name in names]
        found: list[Result] = []
        with self.capturing(**options) as one:
            dimensions = [dataset for dataset in wanted if dataset.is_dimension]
            found += [one.capture_dimension(dataset, again=again) for dataset in dimensions]
            due = {dataset: days for dataset in wanted if not dataset.is_dimension}
            found += one.capture_all(due, again=again)
        order = [d.name for d in wanted]
        return sorted(found, key=lambda result: order.index(result.dataset))

    def only(self, *names: str) -> Lab:
        """The same archive with all other datasets switched off."""
        return self.set(datasets_off=tuple(name for name in DATASETS if name not in names))

    def set(self, **settings: object) -> Lab:
        """The same archive with other settings, by the names of their fields."""
        archive = self.archive
        changed = replace(archive, settings=replace(archive.settings, **settings))
        return replace(self, archive=changed)

    def load(self) -> None:
        """Bring the warehouse level with the lake, and make the served copy, as a backfill does."""
        switched_on = self.archive.settings.datasets
        with self.archive.keeping_warehouse_open() as opened:
            for _ in opened.sync_tables(DATASETS[name] for name in switched_on):
                pass
            opened.publish()

    def backfill(self, days: Iterable[date] = DAYS, **options: object) -> list[Result]:
        """Capture all datasets and load them: a whole run."""
        results = self.capture(days, **options)
        assert failures(results) == []
        self.load()
        return results

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """What a query of the served copy gives."""
        with self.archive.reading() as connection:
            return connection.execute(sql, [*values]).fetchall()


@contextmanager
def lab(
    home: Path,
    account: Account = SMALL,
    *,
    now: datetime = NOW,
    environ: Mapping[str, str] | None = None,
    names: Iterable[str] | None = None,
    **options: object,
) -> Iterator[Lab]:
    """A simulated account, served, and an archive in `home` (not made yet) that asks it.

    `names` are the datasets that are on, by a settings file beside the home, so that what `with_`
    gives has the same; None: all. Every table that is on is made by a load, with its marts.
    `options` are those of `Simulator`; no rate is kept, and the archive's clock starts at `now`.
    """
    environ = {**(environ or {})}
    if names is not None:
        off = [name for name in DATASETS if name not in {*names}]
        file = home.parent / "livestats.toml"
        file.write_text(f"[datasets]\noff = {off}\n")
        environ["LIVESTATS_SETTINGS"] = str(file)
    with Simulator(account, **{"rate": None, "clock": moving(now), **options}) as simulator:
        yield Lab(
            simulator,
            Archive.open(
                {**environment(simulator, home, now), **environ},
                home.parent,
            ),
        )


def environment(simulator: Simulator, home: Path, now: datetime = NOW) -> dict[str, str]:
    """All that a process needs to work on `home` with that account, and nothing else."""
    return {
        "LIVESTATS_API_URL": simulator.url,
        "LIVESTATS_HOME": str(home),
        "LIVESTATS_NOW": now.isoformat(),
        "LIVESTATS_FIRST_DAY": "2026-11-18",
        "LIVESTATS_CALLS_PER_SECOND": "none",
        "LIVESTATS_WORKERS": "4",
        "VOLC_ACCESSKEY": simulator.credentials.access_key,
        "VOLC_SECRETKEY": simulator.credentials.secret_key,
        "HOME": str(home.parent),
        "PATH": os.environ.get("PATH", ""),
    }


def failures(results: Iterable[Result]) -> list[str]:
    """What became of the days that are not in the archive after the run."""
    return [
        f"{r.dataset} {r.day}: {r.outcome}: {r.message}"
        for r in results
        if not r.outcome.is_complete
    ]


def lake_rows(home: Home) -> dict[str, pa.Table]:
    """The rows of every lake file, in one order and without where they come from."""
    found = {}
    for path in sorted(home.lake.glob(f"*/day=*/{parquet.FILE}")):
        table = pq.read_table(path).replace_schema_metadata()
        order = [(name, "ascending") for name in table.column_names]
        found[str(path.relative_to(home.lake))] = table.sort_by(order)
    return found


def leftovers(root: Path) -> list[Path]:
    """Half-made files and folders: none may be there when nobody is at work."""
    return [*root.rglob(f"{atomic.TEMP_PREFIX}*")]


def contents(*folders: Path) -> dict[str, str]:
    """Every file and link below, with a checksum: two equal ones, nothing changed."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_symlink():
                found[str(path)] = str(path.readlink())
            elif path.is_file():
                found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
