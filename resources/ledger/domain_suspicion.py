"""Which domains lack in a captured day although siblings have plenty of them: one domain falsely empty.

Row counts come from the manifests of captures; older ones state none, and nothing is suspect there.
Not here: days that are empty as a whole (suspicion.py, read it first).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median
from types import MappingProxyType

from resources.api.catalog import DATASETS
from resources.ledger.suspicion import ACTIVE, NEEDED, SIBLINGS, Usual

DomainCounts = Mapping[date, Mapping[str, int]]
"""Rows of each domain that the newest capture of a day has an answer for, 0 included."""

PLENTY = 100
"""Rows of a domain from which it is no quiet one."""

PEERS = 2
"""Domains like it, with rows in the same dataset, that are needed where nothing is usual yet."""

# A push that goes on is not listed on each of its days, and a ranking ends at rank 1000.
_NOT_OF_EACH_DAY = frozenset({"push_stream_info", "top_play"})
DATASETS_JUDGED = frozenset(SIBLINGS) - _NOT_OF_EACH_DAY


def suspect_domains(
    name: str,
    rows: Callable[[str], DomainCounts],
    comparable: Iterable[str] = tuple(SIBLINGS),
) -> dict[date, tuple[str, ...]]:
    """Days of the dataset `name` with domains that its siblings contradict, in order of names.

    A domain must have no row at all. Two siblings of different actions must have about as many of it
    as usual. The dataset must usually have rows of it, or, where fewer than three other days tell
    what is usual, have rows of most domains of the same kind: those that the same siblings have. A domain that a dataset never
    has, and one with few rows, is not suspect.
    """
    if name not in DATASETS_JUDGED:
        return {}
    own = rows(name)
    silent = [
        (day, domain)
        for day, counts in own.items()
        if 0 in counts.values()
        for domain, count in counts.items()
        if not count
    ]
    if not silent:
        return {}
    others = {other: rows(other) for other in comparable if other in ACTIVE and other != name}
    judge = _Judge(name, own, others)
    found: dict[date, list[str]] = defaultdict(list)
    for day, domain in silent:
        if judge.is_suspect(day, domain):
            found[day].append(domain)
    return {day: tuple(sorted(domains)) for day, domains in found.items()}


@dataclass(frozen=True)
class _Judge:
    """The counts of one dataset and its siblings; what is usual of a domain is found out once."""

    name: str
    own: DomainCounts
    others: Mapping[str, DomainCounts]
    _usual: dict[tuple[str, str], Usual] = field(default_factory=dict)

    def is_suspect(self, day: date, domain: str) -> bool:
        """True if the domain has no row in the day, and its siblings contradict that."""
        against = self._against(day, domain)
        if not self._is_enough(against):
            return False
        usual = self._usual_of(self.name, domain).usual(day)
        if usual is None:
            return self._is_plenty(day, domain, against, self._rows_of_peers(day, against))
        normal = [other for other in against if self._usual_of(other, domain).is_normal(day)]
        return self._is_enough(normal) and self._is_plenty(day, domain, normal, usual)

    def _is_plenty(self, day: date, domain: str, against: Sequence[str], expected: float) -> bool:
        """True if so many rows are not there by chance.

        Of slots that is what is expected of the dataset. A list has a row for each stream, however
        busy: then it is what a sibling with slots has.
        """
        if expected > 0 and DATASETS[self.name].bucket_s is None:
            expected = max(self.others[other][day][domain] for other in against)
        return expected >= PLENTY

    def _against(self, day: date, domain: str) -> Sequence[str]:
        """Siblings with rows of the domain."""
        return [one for one, its in self.others.items() if its.get(day, _NOTHING).get(domain)]

    def _is_enough(self, against: Sequence[str]) -> bool:
        """True for siblings of different actions, one of which proves rows."""
        siblings = SIBLINGS[self.name]
        actions = {DATASETS[other].endpoint.action for other in against}
        return len(actions) >= NEEDED and not {*siblings.proof, *siblings.usual}.isdisjoint(against)

    def _rows_of_peers(self, day: date, against: Sequence[str]) -> float:
        """Median rows of the domains that the same siblings have; 0 if few of them have rows."""
        its = self.own[day]
        peers = [count for one, count in its.items() if self._against(day, one) == against]
        there = [count for count in peers if count]
        return median(there) if len(there) >= PEERS and 2 * len(there) > len(peers) else 0

    def _usual_of(self, name: str, domain: str) -> Usual:
        if (name, domain) not in self._usual:
            counts = self.own if name == self.name else self.others[name]
            of_domain = {day: its[domain] for day, its in counts.items() if domain in its}
            self._usual[name, domain] = Usual(of_domain)
        return self._usual[name, domain]


_NOTHING: Mapping[str, int] = MappingProxyType({})
