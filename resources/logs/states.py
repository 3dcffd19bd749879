"""What of a day's log files is kept, growing, lacking or lost.

The files that the captured list of the day (dataset `log_file`) and the list asked for before the
last download name, by whichever is newer. Not here: downloading (keep.py). Read next: keep.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from pathlib import Path

import pyarrow.parquet as pq

from resources.api.catalog import DATASETS
from resources.api.catalog.datasets import Dataset
from resources.api.windows import day_of, day_window
from resources.config import Settings
from resources.config.log_settings import LIST
from resources.home.layout import Home
from resources.lake import parquet
from resources.ledger import states as ledger
from resources.logs import notes
from resources.logs.notes import DayNote, Listed, LogFile

DATASET = "log_file"
GROWS = timedelta(hours=24)
"""For so long after its hour a file may grow: it is downloaded once that is over."""

_DROPPED = timedelta(days=7)


class LogState(StrEnum):
    """State of a day's log files."""

    KEPT = "kept"  # the final list was asked for, and every file of it is kept
    GROWING = "growing"  # not final yet
    LACKING = "lacking"  # final, and not all is kept, or the final list is not known
    EXPIRING = "expiring"  # the same, and the vendor drops the files soon
    LOST = "lost"  # the same, and the vendor has dropped them


@dataclass(frozen=True, kw_only=True)
class LogDay:
    """What is kept of a day."""

    day: date
    state: LogState
    files: int  # that are listed
    bytes: int  # that are kept, of all versions
    lacking: tuple[LogFile, ...]
    faults: dict[LogFile, str]
    final_at: datetime
    expires_at: datetime
    problem: str = ""  # of the note

    @property
    def can_be_asked(self) -> bool:
        """Whether a download can bring what lacks."""
        return self.state in (LogState.LACKING, LogState.EXPIRING)

    @cached_property
    def reason(self) -> str:
        """Why it is not kept, in words: how many files lack, one of them and its fault."""
        if self.problem:
            return self.problem
        if not self.lacking:
            return "its final list was not asked for yet"
        first = min(self.lacking, key=lambda one: (one not in self.faults, one))
        more = f": {self.faults[first]}" if first in self.faults else ""
        return f"{len(self.lacking)} of {self.files} files lack, such as {first}{more}"


def is_wanted(settings: Settings) -> bool:
    """Whether the settings ask for more than the list."""
    return settings.log_files != LIST and DATASET in settings.datasets


def dataset(settings: Settings) -> Dataset:
    """The list's dataset with its settings."""
    return settings.of(DATASETS[DATASET])


def final_at(settings: Settings, day: date) -> datetime:
    """When no file of the day grows any more and the list tells it."""
    end = day_window(day, settings.zone)[1]
    return end + GROWS + dataset(settings).delay


def expires_at(settings: Settings, day: date) -> datetime:
    """When the vendor does not list the whole day any more."""
    found = ledger.expires_at(dataset(settings), day, settings.zone)
    return found or datetime.max.replace(tzinfo=UTC)


def capture_of(home: Home, day: date) -> str:
    """The capture of the day's list that the lake has; "" if there is none."""
    origin = parquet.provenance_of(parquet.path_of(home.lake, DATASET, day))
    return "" if origin is None else origin.capture


def captured_list(home: Home, day: date) -> dict[LogFile, Listed]:
    """What the captured list of the day names."""
    path = parquet.path_of(home.lake, DATASET, day)
    if not capture_of(home, day):
        return {}
    columns = ["log_type", "domain", "file_name", "hour_start_at", "file_bytes"]
    with pq.ParquetFile(path) as file:
        rows = file.read(columns).to_pylist()
    return {
        LogFile(row["log_type"], row["domain"] or "", row["file_name"]): Listed(
            row["hour_start_at"].isoformat(), int(row["file_bytes"] or 0)
        )
        for row in rows
    }


def required(home: Home, day: date, note: DayNote) -> dict[LogFile, Listed]:
    """All files that the vendor ever listed for the day, each with the size that was told last."""
    captured = captured_list(home, day)
    if capture_of(home, day) != note.capture:  # captured anew since the files were asked for
        return {**note.listed, **captured}
    return {**captured, **note.listed}


def lacking(home: Home, day: date, note: DayNote, files: dict[LogFile, Listed]) -> list[LogFile]:
    """The files that are not kept in the size that is listed; or not there any more."""
    folder, found = notes.folder_of(home, day), []
    for file, listed in sorted(files.items()):
        version = note.newest(file)
        is_kept = version is not None and version.is_whole and version.listed_bytes == listed.bytes
        if not (is_kept and version is not None and _is_there(folder, file, version)):
            found.append(file)
    return found


def _is_there(folder: Path, file: LogFile, version: notes.Version) -> bool:
    try:
        return file.path(folder, version.sha256).stat().st_size == version.bytes
    except OSError:
        return False


def of_day(home: Home, settings: Settings, day: date, now: datetime) -> LogDay:
    """The state of one day."""
    problem, final, expires = "", final_at(settings, day), expires_at(settings, day)
    try:
        note = notes.read(notes.folder_of(home, day))
    except notes.UnreadableNote as error:
        note, problem = DayNote(), str(error)
    files = required(home, day, note)
    lacks = lacking(home, day, note, files)
    is_known = note.listed_at is not None and note.listed_at >= final
    state = LogState.KEPT
    if now < final:
        state = LogState.GROWING
    elif problem or lacks or not is_known:
        warning = timedelta(days=settings.expiry_warning_days)
        state = LogState.LACKING
        if now >= expires:
            state = LogState.LOST
        elif now >= expires - warning:
            state = LogState.EXPIRING
    return LogDay(
        day=day,
        state=state,
        files=len(files),
        bytes=sum(one.bytes for versions in note.versions.values() for one in versions),
        lacking=tuple(lacks),
        faults=note.faults,
        final_at=final,
        expires_at=expires,
        problem=problem,
    )


def of_days(home: Home, settings: Settings, now: datetime, first: date, last: date) -> list[LogDay]:
    """The state of every day of a range whose list is captured or that has files; [] if not wanted."""
    if not is_wanted(settings):
        return []
    days = {*parquet.days_of(home.lake, DATASET), *notes.days_of(home)}
    return [of_day(home, settings, day, now) for day in sorted(days) if first <= day <= last]


def of_young_days(
    home: Home, settings: Settings, now: datetime, first: date, last: date
) -> list[LogDay]:
    """The same without days that the vendor has dropped for more than a week: these are many."""
    kept_for = expires_at(settings, first) - day_window(first, settings.zone)[0]
    youngest = day_of(now - kept_for - _DROPPED, settings.zone)
    return of_days(home, settings, now, max(first, youngest), last)


def due(days: Iterable[LogDay]) -> list[date]:
    """The days whose files can be downloaded, those that expire soon first, then the newest."""
    asked = [one for one in days if one.can_be_asked]
    urgent = sorted(one.day for one in asked if one.state is LogState.EXPIRING)
    return [*urgent, *sorted((o.day for o in asked if o.day not in urgent), reverse=True)]
