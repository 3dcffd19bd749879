"""Row counts of all siblings in a raw archive, read once, and the lines that they make suspect.

Not here: the rules (suspicion.py, domain_suspicion.py), the states (states.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from resources.config import Settings
from resources.ledger import acceptance, file_index, suspicion
from resources.ledger.domain_suspicion import DomainCounts, suspect_domains
from resources.ledger.states import Entry
from resources.raw import captures


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the archive holds at one moment. Made for one look at the ledger, not kept."""

    raw: Path
    cache: Path | None
    zone: ZoneInfo
    limits: Mapping[str, str]
    """Dataset -> the part of the account that the settings limit it to, "" for all of it."""
    _facts: dict[str, Mapping[date, file_index.RawDayFacts]] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings, raw: Path, cache: Path | None) -> Evidence:
        """The evidence in the raw archive `raw`; reads nothing yet."""
        limits = {
            name: settings.narrowed(name)
            for name in suspicion.SIBLINGS
            if name in settings.datasets
        }
        return cls(raw=raw, cache=cache, zone=settings.zone, limits=limits)

    def marked(self, name: str, lines: Sequence[Entry]) -> list[Entry]:
        """`lines` of the dataset `name`, with `is_suspect` where its siblings contradict."""
        if name not in self.limits or not any(line.state.is_complete for line in lines):
            return [*lines]
        limit = self.limits[name]
        comparable = [other for other, its in self.limits.items() if its == limit]
        suspect = suspicion.suspect_days(
            name, self._rows, comparable, lambda: self._has_confirmed_empty(name)
        )
        found: dict[date, tuple[str, ...]] = suspect_domains(name, self._by_domain, comparable)
        found |= dict.fromkeys(suspect, ())
        return [
            replace(line, is_suspect=True, suspect_domains=found[line.day])
            if line.day in found and line.state.is_complete and not self._is_settled(line)
            else line
            for line in lines
        ]

    def _of(self, name: str) -> Mapping[date, file_index.RawDayFacts]:
        if name not in self._facts:
            found = file_index.raw_days(self.raw, name, cache=self.cache)
            zone = self.zone.key
            self._facts[name] = {day: facts.in_zone(zone) for day, facts in found.items()}
        return self._facts[name]

    def _rows(self, name: str) -> suspicion.Counts:
        return {
            day: facts.captures[-1].rows for day, facts in self._of(name).items() if facts.captures
        }

    def _by_domain(self, name: str) -> DomainCounts:
        return {day: facts.rows_by_domain for day, facts in self._of(name).items()}

    def _is_settled(self, line: Entry) -> bool:
        """True if the answer was confirmed by the API over a month, or accepted by a person."""
        if line.captured_at is None or line.capture is None:
            return False
        return suspicion.is_confirmed(
            line.captured_at, line.last_seen_at, self.zone
        ) or acceptance.is_accepted(
            captures.folder_of(self.raw, line.dataset, line.day), line.capture
        )

    def _has_confirmed_empty(self, name: str) -> bool:
        """True if an empty day of the dataset was confirmed or accepted."""
        return any(
            suspicion.is_confirmed(newest.fetched_at, facts.last_seen, self.zone)
            or acceptance.is_accepted(captures.folder_of(self.raw, name, day), newest.text)
            for day, facts in self._of(name).items()
            if facts.captures and not (newest := facts.captures[-1]).rows
        )
