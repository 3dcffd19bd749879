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

_PUSHES = ("batch_push_stream_metrics", "push_stream_metrics", "stream_count")
_CODES = "play_status_code"  # counts pushes as well as plays
_PLAYS = tuple(name for name in MEASURES if name not in _PUSHES)

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


def silent_hours(
    name: str,
    hours: Callable[[str], DomainHours],
    zone: ZoneInfo,
    comparable: Iterable[str] = tuple(MEASURES),
) -> dict[date, Silence]:
    """Days of the dataset `name` with domains or hours that others contradict.

    Two siblings of different actions must have plenty in an hour, or in the day, in which the dataset
    has nothing. Another table of the same action, which splits the same figures otherwise, is enough
    alone. A domain that the dataset never has is not suspect.
    """
    group = _PUSHES if name in _PUSHES else _PLAYS
    if name not in MEASURES:
        return {}
    others = {one: hours(one) for one in comparable if one in MEASURES and one != name}
    siblings = [one for one in others if one in group]
    comparable_bits = ~0 if MEASURES[name].hourly else _DAY_BIT
    own = hours(name)
    found: dict[date, Silence] = {}
    for day, of_day in own.items():
        for domain, (some, _) in of_day.items():
            missing = _contradicted(name, siblings, others, day, domain) & ~some
            missing &= comparable_bits
            if missing and not _is_never(own, day, domain):
                found.setdefault(day, Silence()).hours[domain] = missing
    for day, silence in found.items():
        whole = sorted(d for d, missing in silence.hours.items() if missing & _DAY_BIT)
        in_part = sorted(d for d in silence.hours if d not in whole)
        silence.domains = tuple(whole)
        silence.texts = tuple(_text(d, silence.hours[d], day, zone) for d in in_part)
    return found


def _contradicted(
    name: str, siblings: Iterable[str], others: Mapping[str, DomainHours], day: date, domain: str
) -> int:
    """The bits of which enough siblings have plenty."""
    by_action: dict[str, int] = {}
    for one in siblings:
        plenty = others[one].get(day, _NOTHING).get(domain, (0, 0))[1]
        if plenty and not (one == _CODES and _may_be_pushed(others, day, domain)):
            action = DATASETS[one].endpoint.action
            by_action[action] = by_action.get(action, 0) | plenty
    certain = by_action.pop(DATASETS[name].endpoint.action, 0)
    once, enough = 0, certain
    for plenty in by_action.values():
        enough |= once & plenty
        once |= plenty
    return enough


def _may_be_pushed(others: Mapping[str, DomainHours], day: date, domain: str) -> bool:
    """True if the domain has pushes, or no other dataset tells whether it has."""
    told = [others[one][day] for one in _PUSHES if day in others.get(one, {})]
    return not told or any(its.get(domain, (0, 0))[0] for its in told)


def _is_never(own: DomainHours, day: date, domain: str) -> bool:
    """True if the dataset has nothing of the domain on any of many days."""
    there = [its[domain][0] for one, its in own.items() if one != day and domain in its]
    return len(there) >= _NEVER and not any((own[day].get(domain, (0, 0))[0], *there))


def _text(domain: str, missing: int, day: date, zone: ZoneInfo) -> str:
    """In words: how many hours, and the first of them by the clock of the zone."""
    first = int(day_window(day, zone)[0].timestamp()) // 3600
    at = [hour for hour in range(HOURS) if missing >> (first + hour) % HOURS & 1]
    number = "1 hour" if len(at) == 1 else f"{len(at)} hours"
    return f"nothing of {domain} in {number} from {at[0]:02}:00"
