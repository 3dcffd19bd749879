"""What a backfill will do: which days of which datasets to capture, and which it cannot bring.

Here: decisions from the ledger. Not here: asking the API (run.py) and what it costs (planning/).
Read next: run.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from pipelines.planning import capture_plan
from pipelines.planning.capture_plan import Chunk
from resources.api.catalog import DATASETS, DIMENSIONS, dataset
from resources.api.catalog.datasets import CUT_PREFIX, Dataset
from resources.archive import Archive
from resources.capture import derive
from resources.capture.inventory import InventoryReader, snapshots
from resources.home import folders
from resources.home.layout import API_HISTORY, first_day
from resources.ledger import states, suspicion
from resources.ledger.states import Entry, State

_LONG_AGO = timedelta(days=3660)


@dataclass(frozen=True, kw_only=True)
class BackfillPlan:
    """Which runs a backfill takes, and which days it cannot bring."""

    datasets: tuple[str, ...]  # all that were asked for
    dimensions: tuple[str, ...]  # to be captured first
    chunks: tuple[Chunk, ...]  # in the order of doing
    lost: Mapping[str, list[date]]  # the API has forgotten them
    settling: Mapping[str, list[date]]  # not complete at the vendor yet
    kept: int  # dataset-days that are complete already
    suspect: int = 0  # of these: told before, and not asked again by this run
    first: date
    last: date
    derived: tuple[Chunk, ...] = ()  # made of captured answers, without a request
    not_derived: Sequence[
        tuple[str, date, str]
    ] = ()  # dataset, day, and why captures do not hold it
    supplements: tuple[Chunk, ...] = ()  # captured days that lack items, as far as known before
    lost_in_part: Mapping[str, list[date]] = field(default_factory=dict)
    """Captured days that lack items which the API has forgotten, in a range that was named."""
    known_lost_in_part: frozenset[tuple[str, date]] = frozenset()
    """All such days before the run: dataset and day. Those that the run finds are told once."""
    is_end_asked: bool = True
    """True if a last day was named: then settling days are missing of what was asked for."""
    unusable: Mapping[str, str] = field(default_factory=dict)
    """Datasets whose folders this user cannot use, with the reason; nothing of them is asked."""

    @property
    def lacks_settling(self) -> bool:
        """True if days were asked for by name that the vendor has not completed yet."""
        return self.is_end_asked and bool(self.settling)

    @property
    def days(self) -> int:
        """Dataset-days to capture."""
        return sum(chunk.days * len(chunk.datasets) for chunk in self.chunks)

    @property
    def days_to_derive(self) -> int:
        """Dataset-days to make of captured answers, without a request."""
        return sum(chunk.days * len(chunk.datasets) for chunk in self.derived)

    @property
    def days_to_complete(self) -> int:
        """Captured dataset-days that lack items, as far as known before."""
        return sum(chunk.days * len(chunk.datasets) for chunk in self.supplements)

    @property
    def due(self) -> dict[str, int]:
        """Days to capture of each dataset."""
        found: Counter[str] = Counter()
        for chunk in (*self.derived, *self.chunks):
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


TriedItems = dict[tuple[str, date], set[str]]
"""Dataset and day -> items that a run has asked for."""


def plan(
    archive: Archive,
    first: date | None,
    last: date | None,
    names: Sequence[str],
    *,
    force: bool = False,
    reread: bool = False,
) -> BackfillPlan:
    """What bringing `names` (empty: all that are switched on) from `first` to `last` takes.

    Without a range: all that is missing and can still be had; lost and settling days are then not
    asked for, so they are not named. `force` asks captured days again, `reread` those for which late
    data may exist, as the schedule does; suspect days are asked again when they are due.

    Raises ValueError for a reversed range, a day in the future or too early, an unknown dataset.
    """
    wanted, unusable = _wanted(archive, names)
    has_range = first is not None or last is not None
    is_end_asked = last is not None or (first is not None and first >= archive.today)
    first, last = _range(archive, first, last)
    daily = [d for d in wanted if not d.is_dimension]
    ledgers = archive.ledgers(daily, first, last)
    asked_again = _Again(now=archive.now(), zone=archive.settings.zone, force=force, reread=reread)
    days = {one.name: _sort(archive, one, ledgers[one.name], asked_again) for one in daily}
    urgent = [line for lines in ledgers.values() for line in lines if line.state is State.EXPIRING]
    chunks = (
        *capture_plan.chunks({name: found.fresh for name, found in days.items()}, urgent=urgent),
        *capture_plan.chunks({name: found.again for name, found in days.items()}, again=True),
    )
    on = {d.name for d in DIMENSIONS if d.name in archive.settings.datasets} - {*unusable}
    # New domains make days incomplete, so a backfill of everything looks at the list once a day.
    needed = on if chunks or not names else _wanted_dimensions(archive, wanted, force=force)

    def named(kind: str) -> dict[str, list[date]]:
        found = {name: getattr(one, kind) for name, one in days.items() if has_range}
        return {name: of_kind for name, of_kind in found.items() if of_kind}

    return BackfillPlan(
        datasets=(*(d.name for d in wanted), *unusable),
        dimensions=tuple(name for name in DATASETS if name in needed),
        chunks=chunks,
        derived=tuple(capture_plan.chunks({name: found.derived for name, found in days.items()})),
        not_derived=tuple(
            (name, day, why) for name, one in days.items() for day, why in one.not_derived.items()
        ),
        lost=named("lost"),
        settling=named("settling"),
        is_end_asked=is_end_asked,
        kept=sum(found.kept for found in days.values()),
        suspect=sum(found.suspect for found in days.values()),
        first=first,
        last=last,
        supplements=tuple(
            capture_plan.chunks({name: found.supplements for name, found in days.items()})
        ),
        lost_in_part=named("lost_in_part"),
        known_lost_in_part=_lost_in_part(days),
        unusable=unusable,
    )


def _wanted_dimensions(archive: Archive, wanted: Sequence[Dataset], *, force: bool) -> set[str]:
    """The dimensions of `wanted` that have no snapshot yet; with `force`, all of them."""
    asked = {d.name for d in wanted if d.is_dimension}
    return {name for name in asked if force or not snapshots(archive.home.lake, name)}


@dataclass(frozen=True, kw_only=True)
class _Days:
    """The days of one dataset in the range, by what a backfill does about them."""

    fresh: list[date]
    again: list[date]
    supplements: list[date]
    lost_in_part: list[date]
    lost: list[date]
    settling: list[date]
    kept: int
    suspect: int
    derived: list[date]
    not_derived: Mapping[date, str]


@dataclass(frozen=True, kw_only=True)
class _Again:
    """Which captured days are asked again as a whole."""

    now: datetime
    zone: ZoneInfo
    force: bool
    reread: bool

    def applies(self, dataset: Dataset, line: Entry) -> bool:
        """True if the captured day `line` of `dataset` is asked again."""
        if suspicion.is_due(line, self.now, self.zone):
            return True
        if self.force and (line.askable_until is None or self.now < line.askable_until):
            return True
        return self.reread and states.is_due_again(dataset, line, self.now, self.zone)


def _sort(archive: Archive, one: Dataset, lines: Sequence[Entry], asked_again: _Again) -> _Days:
    """Sort the days of one dataset by its ledger `lines`."""
    derived, not_derived = _derivable(archive, one, lines)
    lines = [line for line in lines if line.day not in derived]
    captured = [line for line in lines if line.state.is_complete or line.can_be_completed]
    again = [line.day for line in captured if asked_again.applies(one, line)]
    complete = [line for line in lines if line.state.is_complete]
    without_file = archive.days_without_lake_file(complete).difference(again)
    in_part = [line for line in lines if line.state is State.INCOMPLETE]
    return _Days(
        fresh=[
            line.day
            for line in lines
            if (line.can_be_asked and line.state is not State.INCOMPLETE)
            or line.day in without_file
        ],
        again=again,
        # What is asked again as a whole needs no supplement.
        supplements=[
            line.day for line in in_part if line.can_be_completed and line.day not in again
        ],
        lost_in_part=[line.day for line in in_part if not line.can_be_asked],
        lost=[line.day for line in lines if line.state is State.LOST],
        settling=[line.day for line in lines if line.state is State.SETTLING],
        kept=sum(line.day not in again for line in complete),
        suspect=sum(line.is_suspect and line.day not in again for line in complete),
        derived=derived,
        not_derived=not_derived,
    )


def _derivable(
    archive: Archive, one: Dataset, lines: Sequence[Entry]
) -> tuple[list[date], dict[date, str]]:
    """The days that can be made of what other datasets have captured; why others cannot."""
    if not one.derived_from:
        return [], {}
    inventory = InventoryReader(archive.home.lake, archive.settings)
    sources = derive.Sources(
        archive.home, archive.settings, archive.coverage(), inventory, archive.now()
    )
    days: list[date] = []
    reasons: dict[date, str] = {}
    for line in lines:
        if line.state is State.SETTLING:
            continue
        if line.state.is_captured and not (line.is_suspect and sources.is_outdated(one, line.day)):
            continue
        source, reason = sources.of(one, line.day)
        if source is not None:
            days.append(line.day)
        elif reason:
            reasons[line.day] = reason
    return days, reasons


def _lost_in_part(days: Mapping[str, _Days]) -> frozenset[tuple[str, date]]:
    return frozenset((name, day) for name, found in days.items() for day in found.lost_in_part)


def newly_lost_in_part(archive: Archive, todo: BackfillPlan) -> dict[str, list[date]]:
    """Captured days of a plan's range that lack items which the API has forgotten, and did not before.

    Lists of the account that were captured since the plan was made may tell of such items.
    """
    found = {
        name: [
            line.day
            for line in lines
            if line.is_lost_in_part and (name, line.day) not in todo.known_lost_in_part
        ]
        for name, lines in _ledgers(archive, todo).items()
    }
    return {name: days for name, days in found.items() if days}


def _ledgers(archive: Archive, todo: BackfillPlan) -> Mapping[str, Sequence[Entry]]:
    """The ledgers of a plan's daily datasets, as they are now."""
    usable = [name for name in todo.datasets if name not in todo.unusable]
    daily = [archive.settings.of(DATASETS[name]) for name in usable]
    return archive.ledgers([d for d in daily if not d.is_dimension], todo.first, todo.last)


def supplements(archive: Archive, todo: BackfillPlan, tried: TriedItems) -> tuple[Chunk, ...]:
    """The captured days of a plan's range that lack items now which were not `tried`.

    Adds what they lack to `tried`: it is asked for next.
    """
    due: dict[str, Sequence[date]] = {}
    for name, lines in _ledgers(archive, todo).items():
        lacking = [line for line in lines if line.can_be_completed]
        fresh = [line for line in lacking if {*line.lacking} - tried.get((name, line.day), set())]
        for line in fresh:
            tried.setdefault((name, line.day), set()).update(line.lacking)
        due[name] = [line.day for line in fresh]
    return tuple(capture_plan.chunks(due))


def _wanted(archive: Archive, names: Sequence[str]) -> tuple[list[Dataset], dict[str, str]]:
    """The datasets to capture, and those whose folders cannot be used, with the reason."""
    for name in names:
        dataset(name)
        if name not in archive.settings.datasets and DATASETS[name].is_cut:
            raise ValueError(
                f"{name} is no cut of the settings any more; its captured days stay. Write "
                f"[cut.{name.removeprefix(CUT_PREFIX)}] again to go on with it"
            )
        if name not in archive.settings.datasets:
            raise ValueError(f"{name} is switched off in the settings: take it out of datasets.off")
    wanted = names or archive.settings.datasets
    found = [archive.settings.of(d) for d in DATASETS.values() if d.name in wanted]
    faults = folders.unusable(archive.home, [one.name for one in found])
    usable = [one for one in found if one.name not in faults]
    return usable, {name: str(fault) for name, fault in faults.items()}


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
                f"{API_HISTORY.days} days. Give a later day; the archive begins on {begin}."
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
