"""Backfill from the command line: what is to be done, and doing it with the same assets in process."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from pipelines import without_pandas
from pipelines.importing import importing
from pipelines.planning import capture_plan as due
from pipelines.planning.capture_plan import Chunk
from resources.api.catalog import DATASETS, DIMENSIONS, dataset
from resources.api.catalog.model import Dataset
from resources.archive import Archive
from resources.capture.capturer import Outcome, Result
from resources.capture.inventory import Account, NotYet, snapshots
from resources.home.layout import REMEMBERED, first_day
from resources.ledger.states import Entry, State
from resources.serving.publish import Published
from resources.warehouse.load import Loaded

_LONG_AGO = timedelta(days=3660)

WORTH_DAYS = 7
"""In a backfill of more days, the first that is complete is loaded and published at once."""

MOST = 3 / 4
"""Of the days of the last chunk, if it has more than WORTH_DAYS: then these are loaded."""


@dataclass(frozen=True, kw_only=True)
class BackfillPlan:
    """Which runs a backfill takes, and which days it cannot bring."""

    datasets: tuple[str, ...]  # all that were asked for
    dimensions: tuple[str, ...]  # to be captured first
    chunks: tuple[Chunk, ...]  # in the order of doing
    lost: Mapping[str, list[date]]  # the API has forgotten them
    settling: Mapping[str, list[date]]  # not complete at the vendor yet
    kept: int  # dataset-days that are complete already

    @property
    def days(self) -> int:
        """Dataset-days to capture."""
        return sum(chunk.days * len(chunk.datasets) for chunk in self.chunks)

    @property
    def length(self) -> int:
        """Calendar days of all runs together."""
        return sum(chunk.days for chunk in self.chunks)

    @property
    def due(self) -> dict[str, int]:
        """Days to capture of each dataset."""
        found: Counter[str] = Counter()
        for chunk in self.chunks:
            found.update(dict.fromkeys(chunk.datasets, chunk.days))
        return dict(found)

    @property
    def ends_of_months(self) -> set[int]:
        """Numbers (from 1) of the chunks after which another month follows."""
        months = [chunk.first.replace(day=1) for chunk in self.chunks]
        return {i for i, (one, following) in enumerate(pairwise(months), 1) if one != following}

    @property
    def again(self) -> bool:
        """True if complete days are asked again."""
        return any(chunk.again for chunk in self.chunks)


@dataclass(kw_only=True)
class Summary:
    """What a backfill did. Counts are of dataset-days."""

    captured: int = 0
    unchanged: int = 0
    kept: int = 0
    rows: int = 0
    requests: int = 0
    bytes: int = 0
    failed: list[tuple[str, date | None, str]] = field(default_factory=list)
    loaded: dict[str, int] = field(default_factory=dict)  # rows that were loaded, per table
    published: Path | None = None
    is_complete: bool = False  # all that was asked for is in the archive


def plan(
    archive: Archive,
    first: date | None,
    last: date | None,
    names: Sequence[str],
    *,
    force: bool = False,
) -> BackfillPlan:
    """What bringing `names` (empty: all that are switched on) from `first` to `last` takes.

    Without a range: all that is missing and can still be had; lost and settling days are then not
    asked for, so they are not named. `force` asks complete days again.

    Raises ValueError for a reversed range, a day in the future or before the archive's first day,
    and an unknown dataset.
    """
    wanted = _wanted(archive, names)
    has_range = first is not None or last is not None
    first, last = _range(archive, first, last)
    fresh: dict[str, Sequence[date]] = {}
    again: dict[str, Sequence[date]] = {}
    lost: dict[str, list[date]] = {}
    settling: dict[str, list[date]] = {}
    urgent: list[Entry] = []
    kept, now = 0, archive.now()
    for one in (d for d in wanted if not d.is_dimension):
        lines = archive.ledger(one, first, last)
        complete = [line for line in lines if line.state.is_complete]
        again[one.name] = [
            line.day
            for line in complete
            if force and (line.askable_until is None or now < line.askable_until)
        ]
        unmade = archive.unmade(complete).difference(again[one.name])
        fresh[one.name] = [
            line.day for line in lines if line.state.can_be_asked or line.day in unmade
        ]
        urgent += [line for line in lines if line.state is State.EXPIRING]
        kept += len(complete) - len(again[one.name])
        for state, found in ((State.LOST, lost), (State.SETTLING, settling)):
            days = [line.day for line in lines if line.state is state]
            if days and has_range:
                found[one.name] = days
    chunks = (*due.chunks(fresh, urgent=urgent), *due.chunks(again, again=True))
    asked = {d.name for d in wanted if d.is_dimension}
    known = {d.name for d in DIMENSIONS if snapshots(archive.home.lake, d.name)}
    on = {d.name for d in DIMENSIONS if d.name in archive.settings.datasets}
    needed = on if chunks else asked if force else asked - known
    return BackfillPlan(
        datasets=tuple(d.name for d in wanted),
        dimensions=tuple(name for name in DATASETS if name in needed),
        chunks=chunks,
        lost=lost,
        settling=settling,
        kept=kept,
    )


def run(archive: Archive, todo: BackfillPlan, tell: Callable[[str], None]) -> Summary:
    """Do it: capture chunk by chunk; load and publish meanwhile, and all of it in the end.

    One dataset's failure holds up only what is asked by its answers. Errors of the set-up (no call
    can succeed) end the run at once: they are raised, and what is captured stays.
    """
    summary = Summary(kept=todo.kept)
    archive.home.prepare(archive.settings, archive.now())
    if todo.chunks or todo.dimensions or archive.behind() or not archive.is_described():
        # Dagster takes a second to import: a run with nothing to do is spared it.
        with importing("pipelines.orchestration.runner"):
            from pipelines.backfill.loader import Loader
            from pipelines.orchestration.runner import Runner

        without_pandas.settle()
        listener = _Listener(summary, archive.heard)
        heard = replace(archive, heard=listener)
        with Runner(heard) as runner, Loader(heard, tell) as loader:
            runner.capture_dimensions(todo.dimensions, again=todo.again)
            _stop_without_domains(archive, todo, summary)
            listener.loads = _Loads(todo.chunks, loader.load)
            for number, chunk in enumerate(todo.chunks, start=1):
                datasets = (
                    "1 dataset" if len(chunk.datasets) == 1 else f"{len(chunk.datasets)} datasets"
                )
                tell(
                    f"[{number}/{len(todo.chunks)}] {chunk.first} to {chunk.last}: {datasets}"
                    f"{', again' if chunk.again else ''}"
                )
                listener.loads.begin(chunk)
                runner.capture(chunk)
                if number in todo.ends_of_months:
                    loader.load(f"{chunk.first:%B %Y}")
            loader.finish()
            tell("Loading and publishing")
            runner.load(loader.loaded)
            runner.tidy()
    else:
        summary.published = archive.home.served
    summary.is_complete = not (summary.failed or todo.lost or todo.settling)
    return summary


def _stop_without_domains(archive: Archive, todo: BackfillPlan, summary: Summary) -> None:
    """Raise NotYet if the domains could not be listed and none is known from before.

    Every day of every dataset would fail for want of them, each with the same words.
    """
    reasons = {name: message for name, _, message in summary.failed}
    if not todo.chunks or "domain" not in reasons:
        return
    try:
        Account(archive.home.lake, archive.settings).domains()
    except NotYet as none:
        raise NotYet(
            f"nothing can be captured before the domains are listed: {reasons['domain']}"
        ) from none


class _Loads:
    """Has days loaded while much is left to do: whoever backfills a year sees a day within seconds.

    Once more when most of the last chunk is in the lake: then little is left for the load at the
    end, which nothing else goes on beside.
    """

    def __init__(self, chunks: Sequence[Chunk], load: Callable[[str], None]) -> None:
        self._chunks, self._load = chunks, load
        self._is_worth_it = sum(chunk.days for chunk in chunks) > WORTH_DAYS
        self._ended: Counter[date] = Counter()  # of the present chunk: datasets that are done
        self._awaited: Chunk | None = None
        self._complete = 0

    def begin(self, chunk: Chunk) -> None:
        """What ends from now on is of this chunk."""
        self._awaited, self._complete = chunk, 0
        self._ended.clear()

    def ended(self, day: date) -> None:
        """A dataset is done with `day`, however."""
        chunk = self._awaited
        if chunk is None:  # a dimension
            return
        self._ended[day] += 1
        if self._ended[day] < len(chunk.datasets):
            return
        self._complete += 1
        if chunk is self._chunks[0] and self._is_worth_it:
            self._is_worth_it = False
            self._load(str(day))
        elif (
            chunk is self._chunks[-1]
            and chunk.days > WORTH_DAYS
            and self._complete == math.ceil(chunk.days * MOST)
        ):
            self._load(f"{self._complete} of the last {chunk.days} days")


@dataclass
class _Listener:
    """Adds up what assets and loader report, each in a thread of its own."""

    summary: Summary
    also: Callable[[object], None] | None = None  # told the same
    loads: _Loads | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, event: object) -> None:
        with self._lock:
            self._hear(event)
        if isinstance(event, Result) and self.loads is not None:
            self.loads.ended(event.day)
        if self.also is not None:
            self.also(event)

    def _hear(self, event: object) -> None:
        summary = self.summary
        match event:
            case Result():
                self._count(event)
            case Loaded():
                if event.rows:
                    before = summary.loaded.get(event.table, 0)
                    summary.loaded[event.table] = before + event.rows
            case Published():
                summary.published = event.path

    def _count(self, result: Result) -> None:
        summary, about = self.summary, DATASETS[result.dataset]
        summary.requests += result.requests
        summary.bytes += result.bytes
        match result.outcome:
            case Outcome.CAPTURED:
                summary.captured += 1
                summary.rows += result.rows
            case Outcome.UNCHANGED:
                summary.unchanged += 1
            case Outcome.KEPT:
                pass
            case _:
                day = None if about.is_dimension else result.day
                summary.failed.append((result.dataset, day, result.message))


def _wanted(archive: Archive, names: Sequence[str]) -> list[Dataset]:
    for name in names:
        dataset(name)
        if name not in archive.settings.datasets:
            raise ValueError(f"{name} is switched off in the settings: take it out of datasets.off")
    wanted = names or archive.settings.datasets
    return [archive.settings.of(d) for d in DATASETS.values() if d.name in wanted]


def _range(archive: Archive, first: date | None, last: date | None) -> tuple[date, date]:
    """The days to look at, checked; yesterday and the archive's first day where none is given.

    The range is empty (its end before its start) if the archive begins today or later.
    """
    today, begin = archive.today, archive.first_day
    for name, day in (("--from", first), ("--to", last)):
        if day is None:
            continue
        if day > today:
            raise ValueError(
                f"{name} {day} lies in the future: today is {today}. Give a day before."
            )
        if today - day > _LONG_AGO:
            raise ValueError(
                f"{name} {day} is more than ten years ago, and the API remembers "
                f"{REMEMBERED.days} days. Give a later day; the archive begins on {begin}."
            )
        # Days before the archive's first are named as lost, unless the API still has them.
        if day < begin and begin > first_day(archive.settings, archive.now()):
            raise ValueError(
                f"{name} {day} is before the archive's first day {begin} (archive.first_day). Give "
                "a later day, or set an earlier first day."
            )
    if first is not None and last is not None and last < first:
        raise ValueError(f"--from {first} is after --to {last}: swap them.")
    if last is not None:
        begin = min(begin, last)
    yesterday = today - timedelta(days=1)
    # Today was asked for by name: it is told as settling, not passed over.
    return first or begin, last or max(yesterday, first or yesterday)
