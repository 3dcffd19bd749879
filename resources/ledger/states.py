"""What is known of every dataset and day: one state, decided from names of files and the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.api.errors import printable
from resources.api.windows import day_of, day_window
from resources.fs import sealed
from resources.lake import parquet
from resources.ledger import file_index

PARTIAL = file_index.PARTIAL
"""Beside the captures of a day: what was missing when it was last tried."""

LONGEST_RUN_DAYS = 31
"""How many days one run takes on: what fails or is killed costs a month at most."""


class State(StrEnum):
    """Where a day stands. Only `captured` and `empty` are complete."""

    CAPTURED = "captured"
    EMPTY = "empty"  # asked, proven, and there was nothing
    PARTIAL = "partial"  # asked, and something of it could not be had yet
    MISSING = "missing"  # never asked
    SETTLING = "settling"  # not over, or younger than the documented delay
    EXPIRING = "expiring"  # missing or partial, and soon out of the API's reach
    LOST = "lost"  # never captured, and the API no longer answers for it

    @property
    def is_complete(self) -> bool:
        """True if the day is proven."""
        return self in (State.CAPTURED, State.EMPTY)

    @property
    def can_be_asked(self) -> bool:
        """True if a capture now would complete it."""
        return self in (State.PARTIAL, State.MISSING, State.EXPIRING)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the ledger."""

    dataset: str
    day: date
    state: State
    rows: int | None = None  # of the newest capture
    captures: int = 0  # differing ones: 2 means one revision
    captured_at: datetime | None = None
    last_seen_at: datetime | None = None
    capture: str | None = None
    askable_from: datetime | None = None  # when the day settles
    askable_until: datetime | None = None  # when the API forgets it


@lru_cache(maxsize=4096)
def _window(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The same for all datasets, and asked for each."""
    return day_window(day, zone)


def settles_at(dataset: Dataset, day: date, zone: ZoneInfo) -> datetime:
    """When the day is over and its documented delay has passed, and that of what it asks from."""
    delays = (dataset.delay, *(DATASETS[name].delay for name in dataset.needs))
    return _window(day, zone)[1] + max(delays)


def expires_at(dataset: Dataset, day: date, zone: ZoneInfo) -> datetime | None:
    """When the API stops answering for the whole day; None if it never does."""
    history = dataset.history
    return None if history is None else _window(day, zone)[0] + history


def entry(
    dataset: Dataset,
    day: date,
    folder: Path | None,
    now: datetime,
    zone: ZoneInfo,
    expiry_warning: timedelta,
) -> Entry:
    """The ledger's line for one day; `folder` is its place in the raw archive, if there is one."""
    found = file_index.RawDayFacts() if folder is None else file_index.day(folder)
    return _line(dataset, day, found, now, zone, expiry_warning)


def _line(
    dataset: Dataset,
    day: date,
    found: file_index.RawDayFacts,
    now: datetime,
    zone: ZoneInfo,
    expiry_warning: timedelta,
) -> Entry:
    settled, forgotten = settles_at(dataset, day, zone), expires_at(dataset, day, zone)
    if found.captures:
        name = found.captures[-1]
        return Entry(
            dataset=dataset.name,
            day=day,
            state=State.CAPTURED if name.rows else State.EMPTY,
            rows=name.rows,
            captures=len(found.captures),
            captured_at=name.fetched_at,
            last_seen_at=found.last_seen,
            capture=name.text,
            askable_from=settled,
            askable_until=forgotten,
        )
    return Entry(
        dataset=dataset.name,
        day=day,
        state=_incomplete(found.is_partial, now, settled, forgotten, expiry_warning),
        askable_from=settled,
        askable_until=forgotten,
    )


def _incomplete(
    is_partial: bool,
    now: datetime,
    settled: datetime,
    forgotten: datetime | None,
    expiry_warning: timedelta,
) -> State:
    if forgotten is not None and now >= forgotten:
        return State.LOST
    if now < settled:
        return State.SETTLING
    if forgotten is not None and now >= forgotten - expiry_warning:
        return State.EXPIRING
    return State.PARTIAL if is_partial else State.MISSING


def entries(
    dataset: Dataset,
    days: Sequence[date],
    root: Path,
    now: datetime,
    zone: ZoneInfo,
    expiry_warning: timedelta,
    memory: Path | None = None,
    *,
    and_others: bool = False,
) -> list[Entry]:
    """The ledger's lines of one daily dataset for `days`; `root` is the raw archive.

    `memory` is where facts of earlier looks are: see `facts.days`. `and_others`: also days that
    were worked on all the same.
    """
    found = file_index.days(root, dataset.name, None if and_others else {*days}, memory)
    if and_others:
        days = sorted({*found, *days})
    nothing = file_index.RawDayFacts()
    return [_line(dataset, day, found.get(day, nothing), now, zone, expiry_warning) for day in days]


def is_due_again(dataset: Dataset, line: Entry, now: datetime, zone: ZoneInfo) -> bool:
    """True for a complete young day that was not yet asked again today: late data may have come."""
    if not line.state.is_complete or line.last_seen_at is None:
        return False
    today = day_of(now, zone)
    is_young = (today - line.day).days <= dataset.reread_days
    return is_young and day_of(line.last_seen_at, zone) < today


def stale_days(lines: Iterable[Entry], root: Path, memory: Path | None = None) -> list[date]:
    """Captured days whose lake file is not what the present code makes of their newest capture.

    Made by another version of the normaliser, from an earlier capture, missing or unreadable: a
    replay mends all of it, offline. Unlike the rest of the ledger this reads the footers of files in
    the lake `root`, about 0.2 ms a day for those that `memory` does not know.
    """
    return _not_made(
        lines, root, memory, lambda made: made.schema_version == parquet.SCHEMA_VERSION
    )


def days_without_lake_file(
    lines: Iterable[Entry], root: Path, memory: Path | None = None
) -> list[date]:
    """Captured days whose lake file is missing, unreadable or of another capture.

    A crash between the two steps leaves such a day. Files of an older normaliser are not among
    them: they hold what the newest capture says, as it was understood then.
    """
    return _not_made(lines, root, memory, lambda _: True)


def all_days_without_lake_file(
    dataset: str, root: Path, lake_root: Path, memory: Path | None = None
) -> set[date]:
    """The same for all days of a dataset in the raw archive `root`; no line is made for any."""
    made = file_index.made(lake_root, dataset, memory=memory)
    return {
        day
        for day, found in file_index.days(root, dataset, memory=memory).items()
        if found.captures
        and ((file := made.get(day)) is None or file.capture != found.captures[-1].text)
    }


def _not_made(
    lines: Iterable[Entry],
    root: Path,
    memory: Path | None,
    is_good: Callable[[file_index.LakeFileFacts], bool],
) -> list[date]:
    captured: dict[str, list[Entry]] = {}
    for line in lines:
        if line.capture is not None:
            captured.setdefault(line.dataset, []).append(line)
    found: list[date] = []
    for name, of_one in captured.items():
        made = file_index.made(root, name, {line.day for line in of_one}, memory)
        found += [
            line.day
            for line in of_one
            if (file := made.get(line.day)) is None
            or file.capture != line.capture
            or not is_good(file)
        ]
    return found


def why_not_yet(folder: Path) -> str:
    """What the run that last tried a day lacked, from its folder in the raw archive; "" if unsaid."""
    try:
        note = sealed.unseal((folder / PARTIAL).read_bytes())
    except (OSError, ValueError):
        return ""  # `livestats verify` tells of a note that is damaged
    return printable(str(note.get("error") or ""))
