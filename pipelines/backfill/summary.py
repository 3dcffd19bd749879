"""What a backfill did: counts, days that lack something, and how results are added to it.

Not here: the order of the steps (run.py), what the command line says of it (pipelines/cli).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pipelines.backfill.log_files import LogFiles
from pipelines.backfill.plan import TriedItems
from resources.api.catalog import DATASETS
from resources.api.errors import FixSetup
from resources.capture.capturer import Outcome, Result
from resources.ledger.unlisted import UnlistedDomain
from resources.serving.publish import Published
from resources.warehouse.load import Loaded

Event = Result | Loaded | Published
"""What a backfill reports: the end of a day, of a table, or a new served copy."""


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
    incomplete: list[tuple[str, date, str]] = field(default_factory=list)  # captured, items lack
    loaded: dict[str, int] = field(default_factory=dict)  # rows that were loaded, per table
    published: Path | None = None
    not_made: Sequence[str] = ()  # days of marts that the newest publication lacks, and why
    suspect: dict[str, list[date]] = field(default_factory=dict)
    """Days that are suspect since this run: what was suspect before was told before."""
    doubts: list[str] = field(default_factory=list)
    """For those that are suspect for single domains: dataset, day and domains."""
    ended_by: FixSetup | None = None
    """The error that ended the run early; what was captured before is loaded."""
    log_files: LogFiles = field(default_factory=LogFiles)
    lost_in_part: dict[str, list[date]] = field(default_factory=dict)
    """Captured days that lack items of which a list told in this run, too late to be asked about."""
    unlisted: Sequence[UnlistedDomain] = ()
    """Domains of the settings that the account does not list, by the list as it is after the run."""
    is_complete: bool = False  # all that was asked for is in the archive


@dataclass
class Recorder:
    """Adds up results; the loader's come from a thread of their own."""

    summary: Summary
    listener: Callable[[Event], None] | None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _lacking: TriedItems = field(default_factory=dict)
    _not_loaded: dict[str, tuple[str, date | None, str]] = field(default_factory=dict)  # by table

    def record(self, event: Event) -> None:
        """Count it, and pass it on."""
        with self._lock:
            self._add(event)
        if self.listener is not None:
            self.listener(event)

    def lacking_items(self) -> TriedItems:
        """What the days that were captured in this run lack."""
        with self._lock:
            return {key: {*items} for key, items in self._lacking.items()}

    def _add(self, event: Event) -> None:
        summary = self.summary
        match event:
            case Result():
                self._count(event)
            case Loaded():
                if (before := self._not_loaded.pop(event.table, None)) is not None:
                    summary.failed.remove(before)  # the newest load tells
                named = {name for name, day, _ in summary.failed if day is None}
                if event.problem and event.table not in named:
                    self._not_loaded[event.table] = (event.table, None, event.problem)
                    summary.failed.append(self._not_loaded[event.table])
                if event.rows:
                    rows = summary.loaded.get(event.table, 0) + event.rows
                    summary.loaded[event.table] = rows
            case Published():
                summary.published, summary.not_made = event.path, event.not_made

    def _count(self, result: Result) -> None:
        summary, about = self.summary, DATASETS[result.dataset]
        key = (result.dataset, result.day)
        summary.incomplete = [one for one in summary.incomplete if one[:2] != key]
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
            case Outcome.INCOMPLETE:
                summary.incomplete.append((result.dataset, result.day, result.message))
                self._lacking.setdefault(key, set()).update(result.lacking)
                summary.rows += result.rows if result.requests else 0
            case _:
                day = None if about.is_dimension else result.day
                summary.failed.append((result.dataset, day, result.message))
