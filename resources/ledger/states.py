"""The state of each dataset and day, derived from captures, coverage and the clock.

Not here: reading and caching the names (file_index.py), the table `ledger` (system_tables).
Read next: file_index.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.api.errors import printable
from resources.api.windows import day_of, day_window, slots_end
from resources.fs import sealed
from resources.home import folders
from resources.lake import parquet
from resources.ledger import file_index, raw_day
from resources.ledger.coverage import Coverage
from resources.ledger.raw_day import RawDayFacts

PARTIAL = raw_day.PARTIAL
"""Note beside the captures of a day: what was missing at the last attempt."""

LONGEST_RUN_DAYS = 31
"""Days of one run at most. A run that fails or is killed then loses at most a month of work."""


class State(StrEnum):
    """State of a day of a dataset. Only `captured` and `empty` are complete."""

    CAPTURED = "captured"
    EMPTY = "empty"  # captured and proven, with no rows
    INCOMPLETE = "incomplete"  # captured, and some domains, streams or addresses lack
    PARTIAL = "partial"  # tried, and not captured: requests that every day needs have failed
    MISSING = "missing"  # never requested
    SETTLING = "settling"  # not over, or younger than the documented delay
    EXPIRING = "expiring"  # missing or partial, and past the API's history soon
    LOST = "lost"  # never captured, and past the API's history

    @property
    def is_complete(self) -> bool:
        """True if the day is captured, and nothing of it is known to lack."""
        return self in (State.CAPTURED, State.EMPTY)

    @property
    def is_captured(self) -> bool:
        """True if the day has a capture, complete or not: its rows are in the tables."""
        return self.is_complete or self is State.INCOMPLETE


MAX_NAMED = 3  # domains or contradictions in a message


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the ledger: the state of one dataset and day."""

    dataset: str
    day: date
    state: State
    rows: int | None = None  # of the newest capture
    captures: int = 0  # with different content: 2 means one revision
    captured_at: datetime | None = None
    last_seen_at: datetime | None = None  # when the API last returned the newest capture's content
    capture: str | None = None  # name of the newest one
    lacking: tuple[str, ...] = ()  # of an incomplete day: items without an answer
    misplaced: tuple[str, ...] = ()  # captures in its folder that do not count, with what they hold
    erased: tuple[str, ...] = ()  # captures in its folder that an erasure took: they do not count
    askable_from: datetime | None = None  # when the day settles
    askable_until: datetime | None = None  # when the API's history no longer holds it
    can_be_completed: bool = False  # an incomplete day that the API's history still holds
    is_suspect: bool = False  # its siblings contradict its rows: see suspicion.py
    suspect_domains: tuple[str, ...] = ()  # of a suspect day: it lacks these alone, else ()
    contradictions: tuple[str, ...] = ()  # of a suspect day: what in its answers contradicts them

    @property
    def doubt(self) -> str:
        """What is suspect of a day, for messages; "" if it is empty as a whole, or not suspect."""
        names, more = self.suspect_domains[:MAX_NAMED], len(self.suspect_domains) - MAX_NAMED
        rest = f" and {more} more" if more > 0 else ""
        lacking = [f"no rows for {printable(', '.join(names))}{rest}"] if names else []
        told, more = self.contradictions[:MAX_NAMED], len(self.contradictions) - MAX_NAMED
        rest = f" and {more} more contradictions" if more > 0 else ""
        return "; ".join([*lacking, *map(printable, told)]) + rest

    @property
    def is_lost_in_part(self) -> bool:
        """True if a captured day lacks items that the API's history no longer holds."""
        return self.state is State.INCOMPLETE and bool(self.lacking) and not self.can_be_completed

    @property
    def can_be_asked(self) -> bool:
        """True if a request can bring something that is missing."""
        missing = (State.PARTIAL, State.MISSING, State.EXPIRING)
        return self.state in missing or self.can_be_completed


def settles_at(dataset: Dataset, day: date, zone: ZoneInfo) -> datetime:
    """End of the day's last slot plus the longest documented delay of the dataset and its needs."""
    delays = (dataset.delay, *(DATASETS[name].delay for name in dataset.needs))
    return slots_end(day_window(day, zone)[1], dataset.asked_width_s) + max(delays)


def expires_at(dataset: Dataset, day: date, zone: ZoneInfo) -> datetime | None:
    """When what a day is asked about leaves the API's history; None if that has no limit."""
    history = dataset.history
    if history is None:
        return None
    return day_window(dataset.first_asked(day), zone)[0] + history


def entry(
    dataset: Dataset,
    day: date,
    folder: Path | None,
    now: datetime,
    zone: ZoneInfo,
    expiry_warning: timedelta,
    coverage: Coverage | None = None,
) -> Entry:
    """The ledger's line for one day. `folder` is its folder in the raw archive; None: no capture.

    Without `coverage` a captured day counts as complete.
    """
    facts = RawDayFacts() if folder is None else raw_day.raw_day(folder)
    return _entry(dataset, day, facts, now, zone, expiry_warning, coverage)


def _entry(
    dataset: Dataset,
    day: date,
    facts: RawDayFacts,
    now: datetime,
    zone: ZoneInfo,
    expiry_warning: timedelta,
    coverage: Coverage | None,
) -> Entry:
    settles, expires = settles_at(dataset, day, zone), expires_at(dataset, day, zone)
    facts = facts.in_zone(zone.key)
    if facts.captures:
        name = facts.captures[-1]
        lacking = coverage.lacking(dataset, day, name) if coverage else ()
        state = State.CAPTURED if name.rows else State.EMPTY
        return Entry(
            dataset=dataset.name,
            day=day,
            state=State.INCOMPLETE if lacking else state,
            lacking=lacking,
            misplaced=facts.misplaced,
            erased=facts.erased,
            can_be_completed=bool(lacking) and (expires is None or now < expires),
            rows=name.rows,
            captures=len(facts.restatements),
            captured_at=name.fetched_at,
            last_seen_at=facts.last_seen,
            capture=name.text,
            askable_from=settles,
            askable_until=expires,
        )
    state = _missing_state(facts.is_partial, now, settles, expires, expiry_warning)
    return Entry(
        dataset=dataset.name,
        day=day,
        state=state,
        misplaced=facts.misplaced,
        erased=facts.erased,
        askable_from=settles,
        askable_until=expires,
    )


def _missing_state(
    is_partial: bool,
    now: datetime,
    settles: datetime,
    expires: datetime | None,
    expiry_warning: timedelta,
) -> State:
    if expires is not None and now >= expires:
        return State.LOST
    if now < settles:
        return State.SETTLING
    if expires is not None and now >= expires - expiry_warning:
        return State.EXPIRING
    return State.PARTIAL if is_partial else State.MISSING


def entries(
    dataset: Dataset,
    days: Sequence[date],
    raw_root: Path,
    now: datetime,
    zone: ZoneInfo,
    expiry_warning: timedelta,
    cache: Path | None = None,
    *,
    coverage: Coverage | None = None,
    include_other_days: bool = False,
) -> list[Entry]:
    """The ledger's lines of one daily dataset for `days`; `raw_root` is the raw archive.

    `cache` is the folder of cached facts, see `file_index.raw_days`; without `coverage` captured days
    count as complete. `include_other_days`: also the
    days outside of `days` that have a folder in the raw archive. Empty if this user may not look into
    the dataset's folder: what cannot be seen is neither missing nor lost.
    """
    if folders.is_closed(raw_root / dataset.name):
        return []
    facts = file_index.raw_days(
        raw_root, dataset.name, None if include_other_days else {*days}, cache
    )
    if include_other_days:
        days = sorted({*facts, *days})
    nothing = RawDayFacts()
    found = [
        _entry(dataset, day, facts.get(day, nothing), now, zone, expiry_warning, coverage)
        for day in days
    ]
    if coverage is not None:
        coverage.save()
    return found


def is_due_again(dataset: Dataset, line: Entry, now: datetime, zone: ZoneInfo) -> bool:
    """True for a captured day within `reread_days` that was not seen today: late data may exist."""
    if not line.state.is_captured or line.last_seen_at is None:
        return False
    today = day_of(now, zone)
    is_young = (today - line.day).days <= dataset.reread_days
    return is_young and day_of(line.last_seen_at, zone) < today


def stale_days(lines: Iterable[Entry], lake_root: Path, cache: Path | None = None) -> list[date]:
    """Captured days whose lake file is not what the present code makes of their newest capture.

    The file is missing or unreadable, or was made from an earlier capture, or by another version of
    the normaliser or of the declared schema. The next load or replay makes it anew, without a
    request. Unlike the rest of the ledger,
    this reads the footers of files in the lake: about 0.2 ms for each day that is not cached.
    """
    return _days_to_rebuild(
        lines,
        lake_root,
        cache,
        lambda name, file: file.version == parquet.version_of(DATASETS[name]),
    )


def days_without_lake_file(
    lines: Iterable[Entry], lake_root: Path, cache: Path | None = None
) -> list[date]:
    """Captured days whose lake file is missing, unreadable or of another capture.

    A crash between committing the capture and the lake file leaves such a day. Files of an older
    version do not count: they hold the rows of the newest capture, and the next load rebuilds them.
    """
    return _days_to_rebuild(lines, lake_root, cache, lambda *_: True)


def all_stale_days(
    dataset: str,
    raw_root: Path,
    lake_root: Path,
    cache: Path | None = None,
    zone: ZoneInfo | None = None,
) -> set[date]:
    """`stale_days` for all days of `dataset` in the raw archive `raw_root`, without ledger lines."""
    files = file_index.lake_files(lake_root, dataset, cache=cache)
    version = parquet.version_of(DATASETS[dataset])
    found = file_index.raw_days(raw_root, dataset, cache=cache)
    if zone is not None:
        found = {day: facts.in_zone(zone.key) for day, facts in found.items()}
    return {
        day
        for day, facts in found.items()
        if facts.captures
        and (
            (file := files.get(day)) is None
            or (file.capture, file.version) != (facts.captures[-1].text, version)
        )
    }


def _days_to_rebuild(
    lines: Iterable[Entry],
    lake_root: Path,
    cache: Path | None,
    is_current: Callable[[str, file_index.LakeFileFacts], bool],
) -> list[date]:
    captured: dict[str, list[Entry]] = {}
    for line in lines:
        if line.capture is not None:
            captured.setdefault(line.dataset, []).append(line)
    days: list[date] = []
    for name, lines_of_dataset in captured.items():
        files = file_index.lake_files(
            lake_root, name, {line.day for line in lines_of_dataset}, cache
        )
        days += [
            line.day
            for line in lines_of_dataset
            if (file := files.get(line.day)) is None
            or file.capture != line.capture
            or not is_current(name, file)
        ]
    return days


def partial_reason(folder: Path) -> str:
    """Error of the last attempt at a partial day, from the note in its folder; "" if there is none."""
    try:
        note = sealed.unseal((folder / PARTIAL).read_bytes())
    except (OSError, ValueError):
        return ""  # `livestats verify` reports a damaged note
    return printable(str(note.get("error") or ""))
