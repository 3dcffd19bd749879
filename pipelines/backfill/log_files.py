"""The log files of a backfill: downloaded after all days are captured and loaded.

Not here: the downloads (resources/logs). Read next: resources/logs/keep.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from pipelines.backfill.plan import BackfillPlan
from resources.archive import Archive
from resources.config.log_settings import PARSE
from resources.logs import keep, notes, parse, states
from resources.logs.parse import Parsed
from resources.logs.states import LogDay, LogState


@dataclass
class LogFiles:
    """What became of the log files of the range, where the settings ask for them."""

    files: int = 0  # that were downloaded
    bytes: int = 0
    requests: int = 0  # of the API
    lines: int = 0  # that were written to Parquet
    unreadable: list[str] = field(default_factory=list)  # files without all of their lines there
    lacking: Mapping[date, str] = field(default_factory=dict)  # day -> why
    growing: tuple[date, ...] = ()


def days(archive: Archive, todo: BackfillPlan) -> list[LogDay]:
    """The state of the range's days; [] if files or their list are not asked for."""
    if states.DATASET not in todo.datasets:
        return []
    now = archive.now()
    return states.of_young_days(archive.home, archive.settings, now, todo.first, todo.last)


def are_due(archive: Archive, todo: BackfillPlan) -> bool:
    """Whether any file can be downloaded, as far as known now."""
    return bool(states.due(days(archive, todo)))


def download(archive: Archive, todo: BackfillPlan, tell: Callable[[str], None]) -> LogFiles:
    """Download what lacks in the range, and say what still does.

    Raises FixSetup if no call of the API can succeed.
    """
    result, faults = LogFiles(), dict[date, str]()
    due = states.due(days(archive, todo))
    if due:
        with archive.capturing() as capturer:
            for number, done in enumerate(keep.keep(capturer, due), start=1):
                tell(f"[{number}/{len(due)}] log files of {done.day}: {done.files:,} downloaded")
                result.files += done.files
                result.bytes += done.bytes
                result.requests += done.requests
                if done.error:
                    faults[done.day] = done.error
    after = days(archive, todo)
    for parsed in _parsed(archive, todo):
        tell(f"log files of {parsed.day}: {parsed.lines:,} lines")
        result.lines += parsed.lines
        result.unreadable += parsed.unreadable
    result.lacking = {one.day: faults.get(one.day, one.reason) for one in after if one.can_be_asked}
    result.growing = tuple(one.day for one in after if one.state is LogState.GROWING and one.files)
    return result


def _parsed(archive: Archive, todo: BackfillPlan) -> Iterator[Parsed]:
    """Bring the lines of the range's days up to date, if the settings ask for lines."""
    if archive.settings.log_files != PARSE or states.DATASET not in todo.datasets:
        return iter(())
    found = notes.days_of(archive.home)
    return parse.sync(archive.home, [day for day in found if todo.first <= day <= todo.last])
