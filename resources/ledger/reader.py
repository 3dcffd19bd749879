"""The ledger of one account, by its settings and clock: states of days, and days to make anew or ask.

Not here: how a state comes about (states.py, read it next), the table `ledger` (system_tables).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from resources.api.catalog.datasets import Dataset
from resources.config import Settings
from resources.home.layout import Home
from resources.lake.parquet import states_of
from resources.ledger import states
from resources.ledger.coverage import Coverage
from resources.ledger.evidence import Evidence
from resources.ledger.states import Entry
from resources.raw import erasures

_LISTS = ("domain", "isp", "region")
"""Datasets that list what other datasets are asked about."""


@dataclass(frozen=True)
class LedgerReader:
    """Reads the ledger off the files of a home; nothing is asked and nothing written."""

    settings: Settings
    home: Home
    now: Callable[[], datetime]  # UTC

    def lines(self, datasets: Iterable[Dataset], first: date, last: date) -> dict[str, list[Entry]]:
        """Dataset -> its lines from `first` to `last`, both included."""
        evidence = Evidence.of(self.settings, self.home.raw, self.home.file_index)
        days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        return {
            one.name: evidence.marked(one.name, self._without_evidence(one, days))
            for one in datasets
        }

    def _without_evidence(self, dataset: Dataset, days: list[date]) -> list[Entry]:
        return states.entries(
            self.settings.of(dataset),
            days,
            self.home.raw,
            self.now(),
            self.settings.zone,
            self._warning,
            self.home.file_index,
            coverage=self.coverage(),
        )

    @property
    def _warning(self) -> timedelta:
        """How long before the API forgets a day that is urgent."""
        return timedelta(days=self.settings.expiry_warning_days)

    def coverage(self) -> Coverage:
        """Compares captures with the domains, carriers, streams and addresses that are known now."""
        home, key = self.home, self._state_of_inputs()
        known = self._coverages.get(key)
        if known is None:
            known = Coverage(home.raw, home.lake, self.settings, home.file_index)
            self._coverages.clear()
            self._coverages[key] = known
        return known

    def _state_of_inputs(self) -> tuple[object, ...]:
        """Of the files that a coverage reads once: lists of the account, what is gone or erased."""
        lists = [states_of(self.home.lake, name).values() for name in _LISTS]
        files = [(path, s) for one in lists for path, s in one]
        for path in (self.home.identity_file, self.home.raw.parent / erasures.FILE):
            with suppress(OSError):
                files.append((str(path), path.stat()))
        return tuple((path, s.st_mtime_ns, s.st_ino) for path, s in files)

    @cached_property
    def _coverages(self) -> dict[tuple[object, ...], Coverage]:
        """The last one, by the state of its inputs."""
        return {}

    def days_without_lake_file(self, lines: Iterable[Entry]) -> set[date]:
        """Captured days of `lines`, of one dataset, whose lake file is missing or of another capture.

        A crash between committing the capture and the lake file leaves such a day. Capturing it
        again rebuilds the file from the capture, without a request.
        """
        return {*states.days_without_lake_file(lines, self.home.lake, self.home.file_index)}

    def stale_days(self, dataset: Dataset) -> set[date]:
        """Captured days whose lake file is missing, of another capture or of another version."""
        home = self.home
        return states.all_stale_days(
            dataset.name, home.raw, home.lake, home.file_index, self.settings.zone
        )

    def in_request_order(self, dataset: Dataset, days: Iterable[date]) -> list[date]:
        """Days that soon leave the API's history, oldest first; then the other days, newest first."""
        soon = self.now() + self._warning

        def order(day: date) -> tuple[bool, int]:
            expires = states.expires_at(dataset, day, self.settings.zone)
            is_urgent = expires is not None and expires <= soon
            return not is_urgent, day.toordinal() if is_urgent else -day.toordinal()

        return sorted(days, key=order)
