"""Answers about billed usage: traffic, bandwidth, transcoding, recording, pictures, counts of pushes.

Billed traffic is that of the edge and a little more. Minutes of transcoding are those of the tasks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resources.simulator.audience import BYTES_PER_KBPS_MINUTE
from resources.simulator.measured import GB, MBPS_PER_KBPS, live_streams
from resources.simulator.noise import Floats, Ints, uniform
from resources.simulator.observed import PRESETS
from resources.simulator.pushes import DAY_S
from resources.simulator.query import MINUTE, Query
from resources.simulator.render import (
    Result,
    echo,
    number,
    page_of,
    put_list,
    series,
    times,
    totals,
)
from resources.simulator.roster import Stream
from resources.simulator.usage import GroupedUsage
from resources.simulator.world import Series, Site, World

_POINT_MINUTES = 5  # the bill knows the average of each five minutes
_PICTURES_A_MINUTE, _AUDITS_A_MINUTE = 6, 1
_OUTPUT_KBPS = {"720P": 1500, "480P": 800, "0P": 64}


def traffic(world: World, query: Query) -> Result:
    """DescribeLiveTrafficData."""
    found = world.series(query, ("billed_up_kbps", "billed_down_kbps"))

    def gb(kbps: Ints) -> Floats:
        minutes = found.fold(kbps, query.slots, query.bucket, "sum")
        return np.asarray(minutes * BYTES_PER_KBPS_MINUTE / GB)

    def fields(values: Mapping[str, Ints]) -> dict[str, Any]:
        return {
            "UpTraffic": gb(values["billed_up_kbps"]),
            "DownTraffic": gb(values["billed_down_kbps"]),
        }

    return series(query, fields(found.whole), found.labels, fields(found.groups))


def bandwidth(world: World, query: Query) -> Result:
    """DescribeLiveBandwidthData: a wide slot has the highest of its 5-minute points."""
    found = world.series(query, ("billed_up_kbps", "billed_down_kbps"))

    def fields(values: Mapping[str, Ints]) -> dict[str, Any]:
        return {
            "UpBandwidth": highest_point(query, found, values["billed_up_kbps"]),
            "DownBandwidth": highest_point(query, found, values["billed_down_kbps"]),
        }

    return series(query, fields(found.whole), found.labels, fields(found.groups))


def highest_point(query: Query, found: Series, kbps: Ints) -> Floats:
    """(..., minutes) into Mbps of each slot."""
    slots = query.slots
    if not len(slots):
        return np.zeros(kbps[..., :0].shape)
    begin = int(slots[0] - found.first) // MINUTE
    inside = kbps[..., begin : begin + len(slots) * query.bucket // MINUTE]
    points = inside.reshape(*kbps.shape[:-1], len(slots), -1, _POINT_MINUTES).sum(axis=-1)
    return np.asarray(points.max(axis=-1) / _POINT_MINUTES / MBPS_PER_KBPS)


def transcode(world: World, query: Query) -> Result:
    """DescribeLiveTranscodeData: minutes by day, codec class and tier; no domain in the rows."""
    types, resolutions = query.texts("TranscodeType"), query.texts("Resolution")
    rows: list[Result] = []
    for slot, stamp in zip(query.slots.tolist(), times(query.slots, query.options), strict=True):
        seconds: Counter[tuple[str, str]] = Counter()
        for site in world.sites_of(query):
            for _, _, kind, tier, inside in _tasks(world, query, site, slot, slot + DAY_S):
                seconds[kind, tier] += inside
        rows += [
            {
                "TimeStamp": stamp,
                "TranscodeType": kind,
                "Resolution": tier,
                "Duration": number(total / 60),
            }
            for (kind, tier), total in sorted(seconds.items())
            if (not types or kind in types) and (not resolutions or tier in resolutions)
        ]
    result = {**echo(query), **_sums(query, rows, "Duration")}
    put_list(result, query.endpoint.rows.levels[0], rows, query.options)
    return result


def batch_transcode(world: World, query: Query) -> Result:
    """DescribeLiveBatchStreamTranscodeData: minutes of each stream and output in the window."""
    rows: list[Result] = []
    for site in world.sites_of(query):
        seconds: Counter[tuple[int, str, str]] = Counter()
        for at, _, kind, tier, inside in _tasks(world, query, site, query.start, query.end):
            seconds[at, kind, tier] += inside
        for (at, kind, tier), total in sorted(seconds.items()):
            stream = site.space.streams[at]
            rows.append(
                {
                    "Domain": site.name,
                    "App": stream.app,
                    "Stream": stream.name,
                    "Resolution": tier,
                    "VCodec": kind,
                    "Coderate": _OUTPUT_KBPS[tier],
                    "Duration": number(total / 60),
                }
            )
    return {**echo(query), **_sums(query, rows, "Duration"), **page_of(query, rows)}


def _tasks(
    world: World, query: Query, site: Site, start: int, end: int
) -> list[tuple[int, Stream, str, str, int]]:
    """Stream with its position, type, tier and seconds in [start, end) of each transcoding task."""
    if not site.is_push:
        return []
    wanted = set(world.rows_of(site.space, query))
    found = []
    for push in world.pushes.between(site.space, start, end):
        if push.stream in wanted:
            stream = site.space.streams[push.stream]
            inside = min(push.end, end) - max(push.start, start)
            for _, pattern, tier in PRESETS[: stream.transcodes]:
                kind = pattern.format(codec=stream.codec)
                found.append((push.stream, stream, kind, tier, inside))
    return found


def _sums(query: Query, rows: Sequence[Result], name: str) -> Result:
    """The totals of an answer whose rows are all of one figure."""
    return totals(query.endpoint.totals, {name: np.array([row[name] for row in rows])})


def record(world: World, query: Query) -> Result:
    """DescribeLiveRecordData: a third of the streams is recorded while it is pushed."""
    return counted(world, query, "Value", "max", "record", share=0.34, each=1)


def captions(world: World, query: Query) -> Result:
    """DescribeLiveASRDurationData: a fifth of the streams is captioned while it is pushed."""
    return counted(world, query, "Duration", "sum", "captions", share=0.2, each=1)


def snapshot(world: World, query: Query) -> Result:
    """DescribeLiveSnapshotData: of half of the streams a picture is taken every ten seconds."""
    return counted(world, query, "Value", "sum", "snapshot", share=0.5, each=_PICTURES_A_MINUTE)


def audit(world: World, query: Query) -> Result:
    """DescribeLiveAuditData: a picture a minute is audited, of the streams that are pictured."""
    return counted(world, query, "Count", "sum", "snapshot", share=0.5, each=_AUDITS_A_MINUTE)


def counted(
    world: World, query: Query, name: str, how: str, what: str, *, share: float, each: int
) -> Result:
    """`each` for every minute of a push of those streams for which `what` is switched on."""

    def of_day(site: Site, day: int) -> GroupedUsage:
        streams = site.space.streams
        is_on = np.array([site.is_push and uniform(s.key, what) < share for s in streams])
        wanted: NDArray[np.bool_] = np.zeros(len(streams), dtype=bool)
        wanted[world.rows_of(site.space, query)] = True
        live = world.audience.day(site.space, day)["live"]
        counts = (live * (is_on & wanted)[:, None]).sum(axis=0) * each
        return GroupedUsage({"count": counts}, [()], {"count": counts[None, :]})

    found = world.cut(query, of_day)

    def fields(values: Mapping[str, Ints]) -> dict[str, Ints]:
        return {name: found.fold(values["count"], query.slots, query.bucket, how)}

    return series(query, fields(found.whole), found.labels, fields(found.groups))


def push_stream_count(world: World, query: Query) -> Result:
    """DescribeLivePushStreamCountData."""

    def of_day(site: Site, day: int) -> GroupedUsage:
        counts = live_streams(world, query, site, day, ["push"])
        return GroupedUsage({"count": counts}, [()], {"count": counts[None, :]})

    found = world.cut(query, of_day)

    def fields(values: Mapping[str, Ints]) -> dict[str, Ints]:
        return {"PeakCount": found.fold(values["count"], query.slots, query.bucket, "max")}

    return series(query, fields(found.whole), found.labels, fields(found.groups))
