"""Domains and hours for which a captured day has nothing, while siblings have plenty of activity.

Compared are the hours that manifests of captures state; older ones state none, and nothing is suspect
there. Not here: days and domains without rows, by what is usual (suspicion.py, domain_suspicion.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from zoneinfo import ZoneInfo

from resources.api.catalog import DATASETS
from resources.api.windows import day_window
from resources.lake.activity import DAY, HOURS, MEASURES

DomainHours = Mapping[date, Mapping[str, tuple[int, int]]]
"""Hours of each domain that the newest capture of a day has an answer for: with some, with plenty."""

_PUSHES = ("batch_push_stream_metrics", "push_stream_metrics", "stream_count", "push_stream_count")
_CODES = ("play_status_code", "play_status_code_by_domain")  # count pushes as well as plays
_PLAYS = tuple(name for name in MEASURES if name not in _PUSHES)
_BYTES = tuple(
    name
    for name in _PLAYS
    if MEASURES[name].column in ("down_traffic_bytes", "down_bandwidth_mbps")
)

_NEVER = 7
"""Other days without any activity of a domain, from which a dataset never has it."""

_DAY_BIT = 1 << DAY
_NOTHING: Mapping[str, tuple[int, int]] = MappingProxyType({})


@dataclass
class Silence:
    """What a day lacks."""

    domains: tuple[str, ...] = ()  # with nothing in the whole day
    texts: tuple[str, ...] = ()  # hours of others, in words
    hours: dict[str, int] = field(default_factory=dict)  # domain -> bits


class HourIndex:
    """The hours of all datasets about the same part of the account, on some days."""

    def __init__(self, hours: Mapping[str, DomainHours]) -> None:
        """`hours` by dataset; those without a measure do not count."""
        self.hours = {name: its for name, its in hours.items() if name in MEASURES}
        self._plenty: dict[tuple[str, ...], dict[date, dict[str, int]]] = {}

    def plenty(self, group: tuple[str, ...]) -> dict[date, dict[str, int]]:
        """Day -> domain -> bits of which any dataset of the group has plenty."""
        if group not in self._plenty:
            found: dict[date, dict[str, int]] = {}
            for name in group:
                for day, of_day in self.hours.get(name, {}).items():
                    its = found.setdefault(day, {})
                    for domain, (_, plenty) in of_day.items():
                        its[domain] = its.get(domain, 0) | plenty
            self._plenty[group] = found
        return self._plenty[group]


def silent_hours(
    name: str, index: HourIndex, history: Callable[[], DomainHours], zone: ZoneInfo
) -> dict[date, Silence]:
    """Days of the dataset `name` with domains or hours that others contradict.

    Two siblings of different actions must have plenty in an hour, or in the day, in which the dataset
    has nothing. Against a count of requests, bytes are one sibling, whatever action tells them: a few
    viewers that go on watching make traffic and no request. Another table of the same action, which
    splits the same figures otherwise, is enough alone. A domain that the dataset never has is not
    suspect: `history` gives all of its days.
    """
    if name not in index.hours:
        return {}
    group = _PUSHES if name in _PUSHES else _PLAYS
    bits = ~0 if MEASURES[name].hourly else _DAY_BIT
    any_plenty = index.plenty(group)
    found: dict[date, Silence] = {}
    for day, of_day in index.hours[name].items():
        plenty = any_plenty.get(day, {})
        for domain, (some, _) in of_day.items():
            silent = plenty.get(domain, 0) & ~some & bits
            if not silent:
                continue  # nearly always
            missing = silent & _contradicted(name, group, index.hours, day, domain)
            if missing and not _is_never(history(), day, domain, some):
                found.setdefault(day, Silence()).hours[domain] = missing
    for day, silence in found.items():
        whole = sorted(d for d, missing in silence.hours.items() if missing & _DAY_BIT)
        in_part = sorted(d for d in silence.hours if d not in whole)
        silence.domains = tuple(whole)
        silence.texts = tuple(_text(d, silence.hours[d], day, zone) for d in in_part)
    return found


def _contradicted(
    name: str, group: Iterable[str], hours: Mapping[str, DomainHours], day: date, domain: str
) -> int:
    """The bits of which enough siblings have plenty."""
    by_sibling: dict[str, int] = {}
    for one in group:
        plenty = hours.get(one, {}).get(day, _NOTHING).get(domain, (0, 0))[1] if one != name else 0
        if plenty and not (one in _CODES and _may_be_pushed(hours, day, domain)):
            are_bytes = one in _BYTES and name not in _BYTES
            sibling = "bytes" if are_bytes else DATASETS[one].endpoint.action
            by_sibling[sibling] = by_sibling.get(sibling, 0) | plenty
    certain = by_sibling.pop(DATASETS[name].endpoint.action, 0)
    once, enough = 0, certain
    for plenty in by_sibling.values():
        enough |= once & plenty
        once |= plenty
    return enough


def _may_be_pushed(others: Mapping[str, DomainHours], day: date, domain: str) -> bool:
    """True if the domain has pushes, or no other dataset tells whether it has."""
    told = [others[one][day] for one in _PUSHES if day in others.get(one, {})]
    return not told or any(its.get(domain, (0, 0))[0] for its in told)


def _is_never(own: DomainHours, day: date, domain: str, some: int) -> bool:
    """True if the dataset has nothing of the domain, on this day and on any of many others."""
    there = [its[domain][0] for one, its in own.items() if one != day and domain in its]
    return not some and len(there) >= _NEVER and not any(there)


def _text(domain: str, missing: int, day: date, zone: ZoneInfo) -> str:
    """In words: how many hours, and the first of them by the clock of the zone."""
    first = int(day_window(day, zone)[0].timestamp()) // 3600
    at = [hour for hour in range(HOURS) if missing >> (first + hour) % HOURS & 1]
    number = "1 hour" if len(at) == 1 else f"{len(at)} hours"
    return f"nothing of {domain} in {number} from {at[0]:02}:00"
