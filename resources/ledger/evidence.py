"""What captures in a raw archive state of their rows, read once, and the lines that it makes suspect.

Not here: the rules (suspicion.py, domain_suspicion.py, contradictions.py), the states (states.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from resources.api.catalog import DATASETS
from resources.config import Settings
from resources.fs import access
from resources.lake.activity import MEASURES
from resources.lake.long_events import LISTS
from resources.ledger import acceptance, file_index, suspicion
from resources.ledger.contradictions import contradicted_days
from resources.ledger.derived_days import is_outdated
from resources.ledger.domain_suspicion import DomainCounts, suspect_domains
from resources.ledger.raw_day import RawDayFacts
from resources.ledger.silent_hours import DomainHours, HourIndex, silent_hours
from resources.ledger.silent_lists import (
    LIST_BY_DOMAIN,
    LIST_OF_ALL,
    SHOWN_BY,
    is_silent,
    silent_lists,
)
from resources.ledger.states import Entry
from resources.ledger.unlisted_events import unlisted_events
from resources.raw import captures


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the archive holds at one moment. Made for one look at the ledger, not kept."""

    raw: Path
    cache: Path | None
    zone: ZoneInfo
    limits: Mapping[str, str]
    """Dataset -> the part of the account that the settings limit it to, "" for all of it."""
    _facts: dict[str, Mapping[date, RawDayFacts]] = field(default_factory=dict)
    _indexes: dict[tuple[tuple[str, ...], tuple[date, ...]], HourIndex] = field(
        default_factory=dict
    )

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
        """`lines` of the dataset `name`, with `is_suspect` where siblings or itself contradict."""
        if not any(line.state.is_complete for line in lines):
            return [*lines]
        whole, domains, hours = self._contradicted_by_others(name, [line.day for line in lines])
        own = contradicted_days(self._of(name), lambda day: self._is_settled(name, day))
        lists = [self._silent_lists(name, [line.day for line in lines])]
        lists += [unlisted_events(self._of(name), self.zone)] if name in LISTS else []
        for day, texts in ((day, texts) for found in lists for day, texts in found.items()):
            own[day] = (*own.get(day, ()), *texts)
        for day, text in self._doubted_sources(name, lines).items():
            own[day] = (*own.get(day, ()), text)
        for day, texts in hours.items():
            own[day] = (*texts, *own.get(day, ()))
        suspect = whole | domains.keys() | own.keys()
        return [
            replace(
                line,
                is_suspect=True,
                suspect_domains=() if line.day in whole else domains.get(line.day, ()),
                contradictions=own.get(line.day, ()),
            )
            if line.day in suspect
            and line.state.is_complete
            and not self._is_settled(name, line.day)
            else line
            for line in lines
        ]

    def _contradicted_by_others(
        self, name: str, days: Sequence[date]
    ) -> tuple[set[date], dict[date, tuple[str, ...]], dict[date, tuple[str, ...]]]:
        """Days that siblings contradict: as a whole, for some domains, and for some hours, in words."""
        if name not in self.limits:
            return set(), {}, {}
        limit = self.limits[name]
        comparable = [other for other, its in self.limits.items() if its == limit]
        whole = suspicion.suspect_days(
            name,
            lambda one: self._rows(one, with_erased=one == name),
            comparable,
            lambda: self._has_confirmed_empty(name),
        )
        domains = suspect_domains(
            name, lambda one: self._by_domain(one, with_erased=one == name), comparable
        )
        unasked = self._erased_in_sources(name) if whole or domains else {}
        whole -= unasked.keys()
        for day in unasked.keys() & domains.keys():
            domains[day] = tuple(one for one in domains[day] if one not in unasked[day])
        domains = {day: its for day, its in domains.items() if its}
        index = self._hour_index(comparable, tuple(days))
        silent = silent_hours(name, index, lambda: self._hours(name), self.zone)
        texts = {}
        for day, its in silent.items():
            rows = self._of(name)[day].rows_by_domain
            zeros = [one for one in its.domains if rows.get(one)]
            found = {*domains.get(day, ()), *its.domains}.difference(zeros)
            if found:
                domains[day] = tuple(sorted(found))
            told = (*(f"nothing of {one} in the whole day" for one in zeros), *its.texts)
            if told:
                texts[day] = told
        return whole, domains, texts

    def _silent_lists(self, name: str, days: Sequence[date]) -> Mapping[date, tuple[str, ...]]:
        """Days whose list lacks all pushes of a domain; none if the vendor has confirmed an empty list."""
        limit = self.limits.get(SHOWN_BY)
        if limit is None or not (
            name == LIST_OF_ALL or (name == LIST_BY_DOMAIN and limit == self.limits.get(name))
        ):
            return {}
        found = self._of(name)
        lists = {day: found[day] for day in days if day in found and is_silent(found[day])}
        if not lists or self._has_confirmed_empty(name):
            return {}
        return silent_lists(lists, self._hours(SHOWN_BY, lists.keys()))

    def _doubted_sources(self, name: str, lines: Sequence[Entry]) -> dict[date, str]:
        """Derived days whose source is suspect or has a newer capture, which the day has to follow."""
        found: dict[date, str] = {}
        for source in DATASETS[name].derived_from:
            facts = self._of(name) if lines else {}
            made = [line for line in lines if _facts_of(facts, line.day).derived_from == source]
            for line in self.marked(source, made):
                if self._is_outdated(name, line.day):
                    found[line.day] = f"made of an answer of {source} that a newer one replaces"
                elif line.is_suspect:
                    found[line.day] = f"made of an answer of {source} that is suspect"
        return found

    def _is_outdated(self, name: str, day: date) -> bool:
        own = _facts_of(self._of(name), day)
        return bool(own.derived_from) and is_outdated(
            own, _facts_of(self._of(own.derived_from), day)
        )

    def _of(self, name: str, wanted: Collection[date] | None = None) -> Mapping[date, RawDayFacts]:
        """The facts of all days of a dataset, which are read once, or of the `wanted` ones.

        A dataset whose folders cannot be looked at is no evidence: its own line says so.
        """
        if wanted is None and name in self._facts:
            return self._facts[name]
        try:
            found = file_index.raw_days(self.raw, name, wanted, self.cache)
        except OSError as error:
            if not access.is_of_one_place(error):
                raise
            found = {}
        facts = {day: its.in_zone(self.zone.key) for day, its in found.items()}
        if wanted is None:
            self._facts[name] = facts
        return facts

    # What an erasure took from the captures of the judged dataset counts as if it were there: what others
    # have of it contradicts nothing, and whatever else a day lacks is suspect. Others count as they are.

    def _rows(self, name: str, *, with_erased: bool) -> suspicion.Counts:
        return {
            day: facts.captures[-1].rows + (sum(facts.erased_rows.values()) if with_erased else 0)
            for day, facts in self._of(name).items()
            if facts.captures
        }

    def _by_domain(self, name: str, *, with_erased: bool) -> DomainCounts:
        return {
            day: _with_erased(facts) if with_erased else facts.rows_by_domain
            for day, facts in self._of(name).items()
        }

    def _erased_in_sources(
        self, name: str, wanted: Collection[date] | None = None
    ) -> dict[date, set[str]]:
        """Domains by day whose list of streams lost some to an erasure: what is not asked has no rows."""
        found: dict[date, set[str]] = {}
        for source in DATASETS[name].needs:
            for day, facts in self._of(source, wanted).items():
                if domains := facts.erased_rows.keys() - {""}:
                    found.setdefault(day, set()).update(domains)
        return found

    def _hours(self, name: str, wanted: Collection[date] | None = None) -> DomainHours:
        """Hours by domain, without domains that rows were erased from: theirs are not known."""
        unasked = self._erased_in_sources(name, wanted)
        found: dict[date, Mapping[str, tuple[int, int]]] = {}
        for day, its in self._of(name, wanted).items():
            hours, erased = its.hours_by_domain, {*its.erased_rows, *unasked.get(day, ())}
            found[day] = {k: v for k, v in hours.items() if k not in erased} if erased else hours
        return found

    def _hour_index(self, names: Sequence[str], days: tuple[date, ...]) -> HourIndex:
        """The hours of these datasets on some days; of few days, without reading all others."""
        names = [name for name in names if name in MEASURES]
        key = tuple(names), days if len(days) <= file_index.FEW_DAYS else ()
        if key not in self._indexes:
            wanted = {*key[1]} or None
            self._indexes[key] = HourIndex({name: self._hours(name, wanted) for name in names})
        return self._indexes[key]

    def _is_settled(self, name: str, day: date) -> bool:
        """True if the answer was confirmed by the API over a month, or accepted by a person."""
        facts = self._of(name).get(day)
        if facts is None or not facts.captures:
            return False
        newest = facts.captures[-1]
        is_confirmed = suspicion.is_confirmed(newest.fetched_at, facts.last_seen, self.zone)
        return (is_confirmed and not self._is_outdated(name, day)) or acceptance.is_accepted(
            captures.folder_of(self.raw, name, day), newest.text
        )

    def _has_confirmed_empty(self, name: str) -> bool:
        """True if an empty day of the dataset was confirmed or accepted."""
        return any(
            self._is_settled(name, day)
            for day, facts in self._of(name).items()
            if facts.captures and not facts.captures[-1].rows
        )


def _with_erased(facts: RawDayFacts) -> Mapping[str, int]:
    """Rows by domain, with those that were erased from domains that are still there."""
    rows, erased = facts.rows_by_domain, facts.erased_rows
    return {one: count + erased.get(one, 0) for one, count in rows.items()} if erased else rows


def _facts_of(facts: Mapping[date, RawDayFacts], day: date) -> RawDayFacts:
    return facts.get(day) or RawDayFacts()
