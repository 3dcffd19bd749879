"""The account that is backfilled: its size, one template day of it, and what a day asks.

The simulator computes every value when somebody asks, which takes longer than to answer. So the
benchmark computes one day, and every other day is that day with other dates (`stamps.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.backfill.days import TEMPLATE
from benchmarks.offered import DAILY, DATASETS, SETTINGS
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import SPLITS, DomainRole, RowLayout
from resources.api.pagination import listable, page_payload
from resources.api.request_plan import Domain, Inventory, Request, Stream, requests_for
from resources.simulator.api import Api
from resources.simulator.noise import uniform
from resources.simulator.places import ISPS
from resources.simulator.pushes import day_of, day_start
from resources.simulator.roster import Space
from resources.simulator.settings import Account, AnswerOptions
from resources.simulator.world import Site, World

ZONE = ZoneInfo("Asia/Shanghai")
LEFT_OUT = tuple(
    one.name
    for one in DAILY
    if one.is_month_to_date or one.endpoint.method != "POST" or one.endpoint.asked_beyond
)
"""Datasets whose requests are not about the day alone, or not sent as the others are: an answer of the
template day is none of another."""

_SETTLED = datetime(2026, 6, 20, tzinfo=UTC)  # by then every push of the template day has ended
_DAY_S = 86_400
_LONGEST_SHOW = 1.2  # of the hours asked for: the roster draws 0.8 to 1.2 of them
_LAST_MINUTE_S = 85_000  # no show runs past midnight, so each day holds the same


@dataclass(frozen=True, kw_only=True)
class Load:
    """An account as the benchmark has it: every stream is live some hours of the evening."""

    domains: int
    streams: int  # of each domain
    hours: float = 2.0  # that a stream is live on a day, on average

    def __post_init__(self) -> None:
        if not 0 < self.hours <= 18:
            raise ValueError(f"{self.hours} hours live a day: more than 0, and 18 at most.")

    def world(self) -> World:
        """The simulator's world of it: everything but the times of the shows is the simulator's."""
        account = Account(domains=self.domains, streams_per_domain=self.streams, deleted=0)
        world = World(account)
        world.spaces = tuple(self._evening(space) for space in world.spaces)
        world.sites = {
            site.name: site
            for space in world.spaces
            for site in (Site(space.pull, space, False), Site(space.push, space, True))
        }
        return world

    def _evening(self, space: Space) -> Space:
        latest = _LAST_MINUTE_S / 3600 - self.hours * _LONGEST_SHOW - 0.2  # 10 minutes of jitter
        streams = tuple(
            replace(
                stream,
                round_the_clock=False,
                start_hour=latest - min(2.0, latest - 0.2) * uniform(stream.key, "evening"),
                show_hours=self.hours,
            )
            for stream in space.streams
        )
        return replace(space, streams=streams)


def api_of(load: Load) -> Api:
    """Answers for the template day. Slots in which nothing happened are left out, as the API may."""
    return Api(load.world(), AnswerOptions(zeros="omit"))


def answer(api: Api, action: str, body: bytes) -> dict[str, object]:
    """The Result for one request about the template day; raises `Refused` as the simulator does."""
    return api.answer(action, json.loads(body or b"{}"), _SETTLED)


def table_of(action: str, body: Mapping[str, object]) -> Dataset:
    """The dataset that a request belongs to: several share an action, differing in filters or split.

    Of one domain, the whole account and the domain are asked for in the same words.
    """
    found = [
        dataset
        for dataset in DATASETS.values()
        if dataset.endpoint.action == action and _filters(dataset) == _SPLIT_FILTERS & body.keys()
    ]
    details = body.get("DetailField", [])
    return next((one for one in found if [*one.split] == details), found[0])


_SPLIT_FILTERS = {"ISPList", "ProtocolList"}


def _filters(dataset: Dataset) -> set[str]:
    return {f for name in dataset.split if (f := SPLITS[name].filter)} & _SPLIT_FILTERS


def count_rows(dataset: Dataset, result: Mapping[str, object]) -> int:
    """How many rows an answer holds: items of the innermost list."""
    layout = dataset.endpoint.rows
    split = dataset.endpoint.split_rows
    if split is not None and split.levels[0].name in result:
        layout = split
    return _leaves(layout, 0, result)


def _leaves(layout: RowLayout, depth: int, above: Mapping[str, object]) -> int:
    items = above.get(layout.levels[depth].name) or []
    assert isinstance(items, list)
    if not items and layout.outer and depth:
        return 1
    if depth + 1 == len(layout.levels):
        return len(items)
    return sum(_leaves(layout, depth + 1, item) for item in items)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request of the template day."""

    dataset: Dataset
    walk: Request
    payload: Mapping[str, object]

    @property
    def body(self) -> bytes:
        """As livestats sends it."""
        return json.dumps(self.payload, separators=(",", ":")).encode("ascii")


def day_of_requests(api: Api) -> Iterator[Asked]:
    """All that one day of every dataset asks, dimensions left out; page by page where there are pages."""
    known = _known(api.world)
    for dataset in DATASETS.values():
        if not dataset.is_dimension and dataset.name not in LEFT_OUT:
            yield from _requests(api, dataset, known)


def dimension_requests(api: Api) -> Iterator[Asked]:
    """What is asked once, about the account as it is now."""
    for dataset in DATASETS.values():
        if dataset.is_dimension:
            yield from _requests(api, dataset, Inventory(absent=SETTINGS.absent_parameters))


def _requests(api: Api, dataset: Dataset, known: Inventory) -> Iterator[Asked]:
    paging = dataset.endpoint.paging
    for walk in requests_for(dataset, TEMPLATE, ZONE, known):
        if paging is None:
            yield Asked(dataset=dataset, walk=walk, payload=walk.payload)
            continue
        number, pages = 1, 1
        while number <= pages:
            asked = Asked(
                dataset=dataset, walk=walk, payload={**walk.payload, **page_payload(paging, number)}
            )
            yield asked
            if number == 1:
                result = answer(api, dataset.endpoint.action, asked.body)
                block = result if paging.block is None else result[paging.block]
                assert isinstance(block, dict)
                rows = listable(paging, int(block[paging.total]))
                pages = -(-rows // paging.size)
            number += 1


def _known(world: World) -> Inventory:
    """What livestats knows once it has captured the datasets that name streams and addresses."""
    start = day_start(day_of(int(datetime(*TEMPLATE.timetuple()[:3], tzinfo=ZONE).timestamp())))
    streams: set[Stream] = set()
    addresses: set[str] = set()
    for space in world.spaces:
        for push in world.pushes.between(space, start, start + _DAY_S):
            stream = space.streams[push.stream]
            streams.add(Stream(space.push, stream.app, stream.name))
            streams.add(Stream(space.pull, stream.app, stream.name))
            addresses |= {push.address, push.server}
    return Inventory(
        domains=tuple(
            Domain(site.name, DomainRole.PUSH if site.is_push else DomainRole.PULL)
            for site in world.sites.values()
        ),
        isps=tuple(ISPS),
        streams=tuple(streams),
        addresses=tuple(addresses),
        absent=SETTINGS.absent_parameters,
    )


def plan(load: Load) -> dict[str, Any]:
    """All requests of the template day, for programs that know nothing of the catalog.

    `levels` are the lists from Result down to the rows; `constants` are columns that the rows lack.
    """
    api = api_of(load)
    asked = [*dimension_requests(api), *day_of_requests(api)]
    return {
        "template": TEMPLATE.isoformat(),
        "requests": [
            {
                "action": one.dataset.endpoint.action,
                "table": one.dataset.name,
                "body": one.body.decode("ascii"),
                "daily": not one.dataset.is_dimension,
                "rate_per_s": one.dataset.endpoint.rate_per_s,
                "history_days": (one.dataset.history or timedelta(0)).days,
                "levels": [level.name for level in _layout(one).levels],
                "constants": dict(one.walk.constants),
            }
            for one in asked
        ],
    }


def _layout(asked: Asked) -> RowLayout:
    endpoint = asked.dataset.endpoint
    split = endpoint.split_rows if asked.walk.is_split else None
    return split or endpoint.rows
