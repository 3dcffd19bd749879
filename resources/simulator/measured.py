"""Answers about usage: sessions, traffic, status codes, stream counts, rankings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from resources.api.catalog.model import ColumnType
from resources.simulator.audience import BYTES_PER_KBPS_MINUTE
from resources.simulator.noise import Floats, Ints
from resources.simulator.places import region_of
from resources.simulator.pushes import DAY_S, day_start
from resources.simulator.query import Query
from resources.simulator.render import Result, echo, json_values, page_of, put_list, series, times
from resources.simulator.usage import GroupedUsage, Labels, dimension_filters, status_counts
from resources.simulator.world import Series, Site, World

GB = 1e9
MBPS_PER_KBPS = 1e3

_VIEWERS = {
    "Online": ("online",),
    "ClientIP": ("online", "addresses"),
    "Viewer": ("online", "addresses", "sightings"),
}
"""OnlineUserType -> what is added up; so Online <= ClientIP <= Viewer, everywhere."""


def session(world: World, query: Query) -> Result:
    """DescribeLiveStreamSessionData."""
    names = _VIEWERS[str(query.values.get("OnlineUserType", "Online"))]
    has_rate = any(field.name == "HitRate" for field in query.endpoint.rows.levels[-1].fields)
    found = world.series(query, (*names, "plays", *(["origin_requests"] if has_rate else [])))

    def fields(values: Mapping[str, Ints]) -> dict[str, Any]:
        viewers = np.sum([values[name] for name in names], axis=0)
        return {
            "OnlineUser": _fold(query, found, viewers, "max"),
            "Request": _fold(query, found, values["plays"], "sum"),
            **({"HitRate": _hit_rate(query, found, values)} if has_rate else {}),
        }

    return series(query, fields(found.whole), found.labels, fields(found.groups))


def _hit_rate(query: Query, found: Series, values: Mapping[str, Ints]) -> Floats:
    """The share of requests that the edge answers without asking the origin."""
    plays = _fold(query, found, values["plays"], "sum")
    asked = np.minimum(_fold(query, found, values["origin_requests"], "sum"), plays)
    return np.asarray(np.where(plays > 0, np.round(1.0 - asked / np.maximum(plays, 1), 4), 0.0))


def source_traffic(world: World, query: Query) -> Result:
    """DescribeLiveSourceTrafficData."""
    found = world.series(query, ("origin_kbps",))

    def fields(values: Mapping[str, Ints]) -> dict[str, Any]:
        kbps = values["origin_kbps"]
        return {
            "Bandwidth": _fold(query, found, kbps, "max") / MBPS_PER_KBPS,
            "Traffic": _fold(query, found, kbps, "sum") * BYTES_PER_KBPS_MINUTE / GB,
        }

    return series(query, fields(found.whole), found.labels, fields(found.groups))


def edge(world: World, query: Query) -> Result:
    """DescribeLiveEdgeStatData."""
    found = world.series(query, ("up_kbps", "down_kbps", "requests"))

    def fields(values: Mapping[str, Ints]) -> dict[str, Any]:
        up, down = values["up_kbps"], values["down_kbps"]
        return {
            "UpBandwidth": _fold(query, found, up, "max") / MBPS_PER_KBPS,
            "DownBandwidth": _fold(query, found, down, "max") / MBPS_PER_KBPS,
            "UpTraffic": _fold(query, found, up, "sum") * BYTES_PER_KBPS_MINUTE / GB,
            "DownTraffic": _fold(query, found, down, "sum") * BYTES_PER_KBPS_MINUTE / GB,
            "Request": _fold(query, found, values["requests"], "sum"),
        }

    return series(query, fields(found.whole), found.labels, fields(found.groups))


def _fold(query: Query, found: Series, values: Ints, how: str) -> Ints:
    return found.fold(values, query.slots, query.bucket, how)


def stream_count(world: World, query: Query) -> Result:
    """DescribeLiveStreamCountData: a split by carrier is accepted and has no effect."""
    types = query.texts("StreamType") or ["push", "relay-source", "transcode"]

    def of_day(site: Site, day: int) -> GroupedUsage:
        counts = live_streams(world, query, site, day, types)
        return GroupedUsage({"count": counts}, [()], {"count": counts[None, :]})

    found = world.cut(query, of_day)

    def fields(values: Mapping[str, Ints]) -> dict[str, Ints]:
        return {"PeakCount": _fold(query, found, values["count"], "max")}

    return series(query, fields(found.whole), found.labels, fields(found.groups))


def live_streams(world: World, query: Query, site: Site, day: int, types: list[str]) -> Ints:
    """Streams of the wanted types in each minute: pushes on push domains, pulls on pull domains."""
    live = world.audience.day(site.space, day)["live"]
    if not site.is_push:
        relayed: Ints = live.sum(axis=0) * ("relay-source" in types)
        return relayed
    presets = np.array([stream.transcodes for stream in site.space.streams])
    counts: Ints = (live * presets[:, None]).sum(axis=0) * ("transcode" in types)
    if "push" not in types:
        return counts
    isps, regions = query.texts("ISPList"), query.values.get("UserRegionList") or ()
    if not isps and not regions:
        pushed: Ints = counts + live.sum(axis=0)
        return pushed
    bounds = [(r["Area"], r.get("Country", ""), r.get("Province", "")) for r in regions]
    on_air = np.zeros_like(live)
    start = day_start(day)
    for push in world.pushes.between(site.space, start, start + DAY_S):
        here = region_of(push.address)
        if (not isps or push.isp in isps) and (
            not bounds or any(here.inside(*bound) for bound in bounds)
        ):
            first, last = max(0, (push.start - start) // 60), -((start - push.end) // 60)
            on_air[push.stream, first:last] = 1
    filtered: Ints = counts + on_air.sum(axis=0)
    return filtered


def status(world: World, query: Query) -> Result:
    """DescribeLivePlayStatusCodeData."""
    kind = str(query.values["Type"])
    quantity = "requests" if kind == "Access" else "origin_requests"
    choices, _ = dimension_filters(query)
    codes: tuple[int, ...] = ()

    def of_day(site: Site, day: int) -> GroupedUsage:
        nonlocal codes
        requests = world.day(site, day, query.now)[quantity].sum(axis=0)
        codes, whole, labels, groups = status_counts(site.space, day, requests, choices, kind)
        return GroupedUsage(
            {str(code): whole[i] for i, code in enumerate(codes)},
            labels,
            {str(code): groups[:, i] for i, code in enumerate(codes)},
        )

    found = world.cut(query, of_day)

    def folded(values: Mapping[str, Ints]) -> Ints:
        return np.stack([_fold(query, found, values[str(c)], "sum") for c in codes], axis=-1)

    return _coded(query, codes, folded(found.whole), found.labels, folded(found.groups))


def _coded(
    query: Query,
    codes: tuple[int, ...],
    whole: Ints,
    labels: Sequence[Labels],
    groups: Ints,
) -> Result:
    """`whole` is (slots, codes), `groups` is (groups, slots, codes)."""
    slot_level, code_level = query.endpoint.rows.levels
    stamps = times(query.slots, query.options)

    def slots(counts: Ints) -> list[Result]:
        every = _distributions(codes, counts)
        return [
            {"TimeStamp": stamp, code_level.name: items}
            for stamp, items in zip(stamps, every, strict=True)
            if items or query.options.zeros == "send"
        ]

    result = echo(query)
    result[code_level.name] = _distributions(codes, whole.sum(axis=0)[None, :])[0]
    put_list(result, slot_level, slots(whole), query.options)
    if query.splits and query.endpoint.split_rows is not None:
        detail, inner, _ = query.endpoint.split_rows.levels
        items = []
        for row, label in enumerate(labels):
            part = slots(groups[row])
            if part:
                items.append({**dict(label), inner.name: part})
        put_list(result, detail, items, query.options)
    return result


def _distributions(codes: tuple[int, ...], counts: Ints) -> list[list[Result]]:
    """For each slot the codes that occurred, with count and percentage."""
    total = np.maximum(counts.sum(axis=-1, keepdims=True), 1)
    shares = json_values(np.round(100.0 * counts / total, 4).ravel(), ColumnType.FLOAT)
    values = counts.ravel().tolist()
    return [
        [
            {"StatusCode": code, "Value": values[first + i], "Percent": shares[first + i]}
            for i, code in enumerate(codes)
            if values[first + i]
        ]
        for first in range(0, len(values), len(codes))
    ]


def batch_session(world: World, query: Query) -> Result:
    """DescribeLiveBatchStreamSessionData."""
    names = _VIEWERS[str(query.values.get("OnlineUserType", "Online"))]
    rows: list[Result] = []
    together: Ints | None = None
    for site in world.sites_of(query):
        values = world.per_stream(query, site, (*names, "plays"))
        viewers = np.sum([values[name] for name in names], axis=0)
        together = viewers.sum(axis=0) + (0 if together is None else together)
        peaks = viewers.max(axis=1, initial=0).tolist()
        requests = values["plays"].sum(axis=1).tolist()
        rows += [
            {**_identity(site, i), "PeakOnlineUser": peaks[i], "TotalRequest": requests[i]}
            for i in range(len(peaks))
            if not site.is_push and (peaks[i] or requests[i])
        ]
    peak = int(together.max(initial=0)) if together is not None else 0
    total = sum(row["TotalRequest"] for row in rows)
    return {**echo(query), **page_of(query, rows), "PeakOnlineUser": peak, "TotalRequest": total}


def batch_traffic(world: World, query: Query) -> Result:
    """DescribeLiveBatchStreamTrafficData."""
    rows: list[Result] = []
    sums = np.zeros(2, dtype=np.int64)
    for site in world.sites_of(query):
        values = world.per_stream(query, site, ("up_kbps", "down_kbps"))
        up, down = values["up_kbps"].sum(axis=1), values["down_kbps"].sum(axis=1)
        sums += (up.sum(), down.sum())
        columns = [
            json_values(x * BYTES_PER_KBPS_MINUTE / GB, ColumnType.FLOAT) for x in (up, down)
        ]
        rows += [
            {**_identity(site, i), "UpTraffic": columns[0][i], "DownTraffic": columns[1][i]}
            for i in np.flatnonzero(up + down).tolist()
        ]
    whole = json_values(sums * BYTES_PER_KBPS_MINUTE / GB, ColumnType.FLOAT)
    return {
        **echo(query),
        **page_of(query, rows),
        "TotalUpTraffic": whole[0],
        "TotalDownTraffic": whole[1],
    }


def _identity(site: Site, row: int) -> Result:
    stream = site.space.streams[row]
    return {"Domain": site.name, "App": stream.app, "Stream": stream.name}


def top_play(world: World, query: Query) -> Result:
    """DescribeLiveTopPlayData: by full hours, in bps and bytes, numbers of pages as strings."""
    hour = 3600
    widened = Query(
        query.endpoint,
        query.sent,
        query.values,
        start=query.start // hour * hour,
        end=-(-query.end // hour) * hour,
        now=query.now,
    )
    rows: list[Result] = []
    for site in world.sites_of(query):
        if site.is_push:
            continue
        kbps = world.per_stream(widened, site, ("down_kbps",))["down_kbps"]
        if query.values["QueryType"] == "Domain":
            rows.append({"Domain": site.name, **_ranked(kbps.sum(axis=0))})
        else:
            rows += [
                {**_identity(site, i), **_ranked(kbps[i])}
                for i in np.flatnonzero(kbps.any(axis=1)).tolist()
            ]
    by = str(query.values["SortBy"])
    rows.sort(key=lambda r: (-r[by], r["Domain"], r.get("App", ""), r.get("Stream", "")))
    given: Result = {"DomainList": [], "VhostList": [], **echo(query)}
    return {**given, **page_of(query, rows)}


def _ranked(kbps: Ints) -> Result:
    total = int(kbps.sum())
    return {
        "PeakBandwidth": int(kbps.max(initial=0)) * 1000,
        "AvgBandwidth": round(total * 1000 / max(1, len(kbps)), 3),
        "TotalTraffic": total * BYTES_PER_KBPS_MINUTE,
    }
