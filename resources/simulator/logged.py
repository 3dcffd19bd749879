"""Answers about log files: one for each domain and hour with something to log, more for busy hours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from resources.simulator.log_files import LINES, LogFile
from resources.simulator.noise import Ints, uniform
from resources.simulator.pushes import day_of, day_start
from resources.simulator.query import Query
from resources.simulator.relayed import RELAYED
from resources.simulator.render import Result, echo, page_of, times
from resources.simulator.settings import AnswerOptions
from resources.simulator.world import Site, World

_HOUR_S = 3600
_LINES_IN_A_FILE = 1_500_000
_LOGGED: Mapping[str, tuple[bool, str]] = {
    "pull": (False, "requests"),
    "source": (False, "origin_requests"),
    "push": (True, "push"),
    "relay": (True, "relay"),
}
"""Type -> whether it is of push domains, and what makes its lines."""


def files(world: World, query: Query) -> Result:
    """DescribeLiveLogData: files of the hours that lie inside the window."""
    kind = str(query.text("Type"))
    rows = [row for hour in _hours(query) for row in _of_hour(world, query, kind, hour)]
    return {**echo(query), **page_of(query, rows)}


def _hours(query: Query) -> list[int]:
    return [int(at) for at in query.grid(_HOUR_S) if at + _HOUR_S <= query.end]


def _of_hour(world: World, query: Query, kind: str, hour: int) -> Iterator[Result]:
    if kind == "relay":  # of the account, whatever domains are named
        lines = sum(_lines(world, query, site, kind, hour) for site in world.sites.values())
        yield from _files(query, kind, "", hour, lines)
        return
    for site in world.sites_of(query):
        yield from _files(query, kind, site.name, hour, _lines(world, query, site, kind, hour))


def _lines(world: World, query: Query, site: Site, kind: str, hour: int) -> int:
    """How much is logged: a line for each request, and for each minute of a push or relay."""
    is_push, quantity = _LOGGED[kind]
    if site.is_push != is_push:
        return 0
    day = day_of(hour)
    first = (hour - day_start(day)) // 60
    if quantity in ("push", "relay"):
        live = world.audience.day(site.space, day)["live"]
        on = np.array(
            [kind == "push" or uniform(s.key, "relay") < RELAYED for s in site.space.streams]
        )
        minutes: Ints = live * on[:, None]
    else:
        minutes = world.day(site, day, query.now)[quantity]
    return int(minutes[:, first : first + 60].sum())


def _files(query: Query, kind: str, domain: str, hour: int, lines: int) -> Iterator[Result]:
    (stamp,) = times(np.array([hour]), query.options)
    start, end = times(np.array([hour, hour + _HOUR_S]), AnswerOptions())  # of names: Shanghai's
    begins, ends = (text[11:19].replace(":", "") for text in (start, end))
    prefix = f"{domain}_" if domain else ""
    for number in range(-(-lines // _LINES_IN_A_FILE)):
        name = f"{prefix}{start[:10].replace('-', '_')}_{begins}_{ends}_{number}.gz"
        inside = min(lines - number * _LINES_IN_A_FILE, _LINES_IN_A_FILE)
        file = LogFile(kind, domain, name, hour, min(inside, LINES))
        yield {
            "Domain": domain,
            "LogName": name,
            "LogSize": file.size,
            "DateTime": stamp,
            "DownloadUrl": file.link(query.options.files_at, query.now),
        }
