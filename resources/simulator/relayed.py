"""Answers about what is billed of the account as a whole: relays, time shift, its 95th percentile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from resources.simulator.audience import BYTES_PER_KBPS_MINUTE
from resources.simulator.billed import counted, highest_point
from resources.simulator.measured import MBPS_PER_KBPS
from resources.simulator.noise import Floats, Ints, uniform
from resources.simulator.pushes import DAY_S, day_of, day_start
from resources.simulator.query import Query
from resources.simulator.render import Result, echo, number, put_list, series, times
from resources.simulator.usage import GroupedUsage, dimension_filters
from resources.simulator.world import Site, World

RELAYED = 0.3
_DAYS_KEPT = 3
_GIB = 2**30
_POINTS, _POINT_S = 288, 300
_WAYS = ("billed_up_kbps", "billed_down_kbps")


def minutes(world: World, query: Query) -> Result:
    """DescribeLivePullToPushData: some streams are relayed while they are pushed."""
    return counted(world, query, "Value", "sum", "relay", share=RELAYED, each=1)


def bandwidth(world: World, query: Query) -> Result:
    """DescribeLivePullToPushBandwidthData."""

    def of_day(site: Site, day: int) -> GroupedUsage:
        is_on = np.array(
            [site.is_push and uniform(s.key, "relay") < RELAYED for s in site.space.streams]
        )
        kbps = (world.day(site, day, query.now)["billed_up_kbps"] * is_on[:, None]).sum(axis=0)
        return GroupedUsage({"kbps": kbps}, [()], {"kbps": kbps[None, :]})

    found = world.cut(query, of_day)

    def fields(values: Mapping[str, Ints]) -> dict[str, Any]:
        return {"UpBandwidth": highest_point(query, found, values["kbps"])}

    return series(query, fields(found.whole), found.labels, fields(found.groups))


def time_shift(world: World, query: Query) -> Result:
    """DescribeLiveTimeShiftData: what was pushed in some days, measured in the day's last second."""
    rows = []
    for slot in query.slots.tolist():
        day, kbps = day_of(slot), 0
        for site in world.sites_of(query):
            if site.is_push:
                days = range(day + 1 - _DAYS_KEPT, day + 1)
                kbps += sum(int(world.day(site, d, query.now)["up_kbps"].sum()) for d in days)
        (stamp,) = times(np.array([slot + DAY_S - 1]), query.options)
        rows.append({"TimeStamp": stamp, "Storage": number(kbps * BYTES_PER_KBPS_MINUTE / _GIB)})
    result = echo(query)
    put_list(result, query.endpoint.rows.levels[0], rows, query.options)
    return result


def p95(world: World, query: Query) -> Result:
    """DescribeLiveP95PeakBandwidthData: the highest 5 % of the window's points are dropped."""
    mbps, slots = _points(world, query), query.slots
    figure, at = 0.0, query.start
    if len(slots):
        order = np.argsort(-mbps, kind="stable")
        place = int(order[len(slots) * 5 // 100])
        figure, at = float(mbps[place]), int(slots[place])
    (stamp,) = times(np.array([at]), query.options)
    return {**echo(query), "P95PeakBandwidth": number(figure), "P95PeakTimestamp": stamp}


def _points(world: World, query: Query) -> Floats:
    """Upstream plus downstream Mbps of each slot of the window."""
    slots = query.slots
    if not len(slots):
        return np.zeros(0)
    choices, quic = dimension_filters(query)
    if choices or quic != 1.0:
        found = world.series(query, _WAYS)
        return np.asarray(sum(highest_point(query, found, found.whole[way]) for way in _WAYS))
    days = range(day_of(int(slots[0])), day_of(int(slots[-1])) + 1)
    kbps = np.concatenate(
        [
            sum(_day_of_points(world, site, d, query.now) for site in world.sites_of(query))
            for d in days
        ]
    )
    first = int(slots[0] - day_start(days[0])) // _POINT_S
    return np.asarray(kbps[first : first + len(slots)] / 5 / MBPS_PER_KBPS)


def _day_of_points(world: World, site: Site, day: int, now: int) -> Ints:
    """Sums of five minutes of kbps, both ways: kept, because each day is asked for all month."""
    key = (site.name, day, world.known_share(day, now))
    if key not in world.points:
        values = world.day(site, day, now)
        minutes_of_day = sum(values[way].sum(axis=0) for way in _WAYS)
        world.points[key] = np.asarray(minutes_of_day).reshape(_POINTS, -1).sum(axis=1)
    return world.points[key]
