"""Which domains and streams a report has a page and series of, so that its file stays small.

Totals are of the whole account all the same. Read next: entities.py.
"""

from __future__ import annotations

from collections.abc import Collection

from pipelines.reports.usage import health, pushes, streams, traffic
from pipelines.reports.usage.entities import Key, Store

_VALUES_OF_DOMAINS = 130_000
_VALUES_OF_STREAMS = 120_000
"""Daily values in the page, each about 5 bytes."""
_SERIES_OF_ONE = 11
_MOST_DOMAINS, _MOST_STREAMS = 100, 100


def most_domains(days: int) -> int:
    """How many domains a page about so many days has: 100, of a year 32, of ten years 3."""
    return min(_MOST_DOMAINS, max(2, _VALUES_OF_DOMAINS // (_SERIES_OF_ONE * days)))


def most_streams(days: int) -> int:
    """How many streams it takes from each table of streams: 100, of a year 9, of ten years 1."""
    return min(_MOST_STREAMS, max(1, _VALUES_OF_STREAMS // (3 * _SERIES_OF_ONE * days)))


def choose(store: Store, shown: Collection[str]) -> None:
    """Give the store its domains and streams; `shown` are the ids of sections that there are."""
    source = store.source
    if source.domain is None:
        _choose_domains(store, shown)
    domain, push = source.domain and source.domain.name, source.domain and source.domain.push
    keys: list[Key] = []
    for section, sql in (
        (streams.SECTION.id, streams.MOST),
        (health.SECTION.id, health.WORST),
        (pushes.SECTION.id, pushes.MOST),
    ):
        if section in shown:
            most = most_streams(source.range.length)
            keys += source.rows(sql, domain=domain, push=push, most=most)
    for name, app, stream in keys:
        pushed = source.push_domains.get(name, name)
        for where in dict.fromkeys((name, pushed)):
            found = store.entity("stream", (where, app, stream), f"{app}/{stream}")
            found.facts |= {"domain": where, "app": app, "stream": stream}


def _choose_domains(store: Store, shown: Collection[str]) -> None:
    """Those with most traffic, and where they are pushed; without traffic the first by name."""
    source = store.source
    most = most_domains(source.range.length)
    sql = "SELECT domain FROM domain ORDER BY domain LIMIT $most"
    names = source.rows(traffic.MOST, most=most) if traffic.SECTION.id in shown else []
    if not names and source.has("domain"):
        names = source.rows(sql, most=most)
    for (name,) in names:
        for where in dict.fromkeys((name, source.push_domains.get(name, name))):
            store.entity("domain", (where,)).facts["domain"] = where


def link(store: Store) -> None:
    """Let domains and streams have the series of where they are pushed, and drop what has none."""
    pushed = store.source.push_domains
    for group in ("domain", "stream"):
        known = store.groups.get(group, {})
        for key in [key for key, entity in known.items() if not entity.series]:
            del known[key]
        for (name, *rest), entity in known.items():
            if name in pushed:
                entity.facts["push"] = pushed[name]
                entity.via = known.get((pushed[name], *rest))
