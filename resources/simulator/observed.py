"""Answers about streams and events: health metrics, pushes, transcoding tasks."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np

from resources.api.catalog.model import ListLevel
from resources.simulator.noise import key_of
from resources.simulator.pushes import Push
from resources.simulator.quality import Samples, concatenate, samples
from resources.simulator.query import Query
from resources.simulator.render import (
    Result,
    echo,
    json_values,
    kind_of,
    number,
    objects_of,
    page_of,
    put_list,
    times,
)
from resources.simulator.roster import Stream
from resources.simulator.settings import AnswerOptions
from resources.simulator.world import Site, World

PRESETS = (
    ("_hd", "ByteHD_{codec}", "720P"),
    ("_sd", "Normal_{codec}", "480P"),
    ("_audio", "Audio", "0P"),
)
"""Transcoding presets: suffix, type, resolution. A stream has the first none to three of them."""


def push_metrics(world: World, query: Query) -> Result:
    """DescribeLivePushStreamMetrics."""
    return _one_stream(world, query, at_origin=False)


def source_metrics(world: World, query: Query) -> Result:
    """DescribeLiveSourceStreamMetrics."""
    return _one_stream(world, query, at_origin=True)


def _one_stream(world: World, query: Query, *, at_origin: bool) -> Result:
    (level,) = query.endpoint.rows.levels
    result = echo(query)
    rows: list[Result] = []
    for site in world.sites_of(query):
        for _, found in _by_stream(world, query, site, at_origin):
            rows += _metric_rows(level, query, concatenate([part for _, part in found]), {})
    put_list(result, level, rows, query.options)
    return result


def batch_push_metrics(world: World, query: Query) -> Result:
    """DescribeLiveBatchPushStreamMetrics: one item for each push."""
    outer, inner = query.endpoint.rows.levels
    items = []
    for site in world.sites_of(query):
        for stream, found in _by_stream(world, query, site, at_origin=False):
            for push, part in found:
                constant = {
                    "VCodec": stream.codec,
                    "ACodec": "AAC",
                    "Resolution": stream.resolution,
                    "StreamBeginTime": push.start * 1000,
                    "FirstFrameTime": push.first_frame_ms,
                    "ClientIp": push.address,
                    "ServerIp": push.server,
                }
                item = {"Domain": site.name, "App": stream.app, "Stream": stream.name}
                item |= {"SessionID": push.id, "StreamPriority": ""}
                items.append({**item, inner.name: _metric_rows(inner, query, part, constant)})
    return {**echo(query), outer.name: items}


def batch_source_metrics(world: World, query: Query) -> Result:
    """DescribeLiveBatchSourceStreamMetrics: one item for each stream."""
    outer, inner = query.endpoint.rows.levels
    items = []
    for site in world.sites_of(query):
        for stream, found in _by_stream(world, query, site, at_origin=True):
            part = concatenate([part for _, part in found])
            item = {"Domain": site.name, "App": stream.app, "Stream": stream.name}
            items.append({**item, inner.name: _metric_rows(inner, query, part, {})})
    return {**echo(query), outer.name: items}


def _by_stream(
    world: World, query: Query, site: Site, at_origin: bool
) -> list[tuple[Stream, list[tuple[Push, Samples]]]]:
    """The streams with samples in the window's slots; pushes live on push domains only."""
    slots = query.slots
    if site.is_push == at_origin or not len(slots):
        return []
    start, end = int(slots[0]), int(slots[-1]) + query.bucket
    wanted = set(world.rows_of(site.space, query))
    found = []
    pushes = world.pushes.between(site.space, start, end)
    for row, group in groupby(pushes, key=lambda push: push.stream):
        if row not in wanted:
            continue
        stream = site.space.streams[row]
        parts = [(push, samples(stream, push, start, end, at_origin)) for push in group]
        parts = [(push, part) for push, part in parts if len(part.at)]
        if parts:
            found.append((stream, parts))
    return found


def _metric_rows(level: ListLevel, query: Query, part: Samples, constant: Result) -> list[Result]:
    at, fields = part.fold(query.bucket, str(query.values.get("AggType", "max")))
    columns: dict[str, Any] = {"TimeStamp": times(at, query.options)}
    for name, values in fields.items():
        columns[name] = json_values(values, kind_of(level.fields, name))
    for name, value in constant.items():
        columns[name] = [value] * len(at)
    return objects_of(columns)


def push_info(world: World, query: Query) -> Result:
    """DescribeLivePushStreamInfoData: pushes that have ended by now; rows name no domain."""
    rows = []
    for site in world.sites_of(query):
        if not site.is_push:
            continue
        wanted = set(world.rows_of(site.space, query))
        for push in world.pushes.between(site.space, query.start - 1, query.end):
            if push.stream in wanted and push.end <= query.now and _matches(push, query):
                stream = site.space.streams[push.stream]
                start, end = times(np.array([push.start, push.end]), query.options)
                rows.append(
                    {
                        "App": stream.app,
                        "Stream": stream.name,
                        "StartTime": start,
                        "EndTime": end,
                        "Duration": push.end - push.start,
                        "IP": push.address if push.key % 20 else "",  # now and then not known
                        "StreamBreakReason": push.reason,
                        "StreamPriority": "",
                    }
                )
    return {**echo(query), **page_of(query, rows)}


def closed_streams(world: World, query: Query) -> Result:
    """DescribeClosedStreamInfoByPage: what ended in the window, pushed or pulled from an origin.

    Each domain that is played pulls what is pushed to its space.
    """
    vhost, kind = query.text("Vhost"), query.text("SourceType")
    rows: list[tuple[int, Result]] = []
    for site in world.sites_of(query):
        source = "push" if site.is_push else "relay"
        if kind not in (None, source) or vhost not in (None, site.space.vhost):
            continue
        wanted = set(_named_streams(world, query, site))
        rows += [
            (push.end, _closed(site, push, source))
            for push in world.pushes.between(site.space, query.start - 1, query.end)
            if push.stream in wanted and query.start <= push.end < query.end
        ]
    rows.sort(
        key=lambda row: (row[0], row[1]["Domain"], row[1]["Stream"]),
        reverse=query.text("Sort") == "desc",
    )
    result = page_of(query, [row for _, row in rows])
    (level,) = query.endpoint.rows.levels
    put_list(result, level, result.pop(level.name), query.options)
    return result


def _named_streams(world: World, query: Query, site: Site) -> list[int]:
    """Positions of the streams that a request names, in full or in part."""
    if query.text("QueryType") != "fuzzy":
        return world.rows_of(site.space, query)
    part = query.text("Stream") or ""
    return [row for row, stream in enumerate(site.space.streams) if part in stream.name]


def _closed(site: Site, push: Push, source: str) -> Result:
    stream = site.space.streams[push.stream]
    start, end = times(np.array([push.start, push.end]), AnswerOptions(offset="Z"))
    return {
        "Vhost": site.space.vhost,
        "Domain": site.name,
        "App": stream.app,
        "Stream": stream.name,
        "StartTime": start,
        "EndTime": end,
        "SourceType": source,
    }


def _matches(push: Push, query: Query) -> bool:
    """Whether a window lists a push: not documented, so an option."""
    match query.options.push_match:
        case "start":
            return query.start <= push.start < query.end
        case "end":
            return query.start <= push.end < query.end
    return push.start < query.end and push.end > query.start


def transcode_info(world: World, query: Query) -> Result:
    """DescribeLiveTranscodeInfoData: one task for each push and preset, minutes in the window.

    A task that still runs is listed as ending with the window.
    """
    types, resolutions = query.texts("TranscodeType"), query.texts("Resolution")
    rows = []
    for site in world.sites_of(query):
        if not site.is_push:
            continue
        wanted = set(world.rows_of(site.space, query))
        for push in world.pushes.between(site.space, query.start, query.end):
            if push.stream not in wanted:
                continue
            stream = site.space.streams[push.stream]
            for suffix, pattern, resolution in PRESETS[: stream.transcodes]:
                kind = pattern.format(codec=stream.codec)
                if (types and kind not in types) or (resolutions and resolution not in resolutions):
                    continue
                ended = push.end if push.end <= query.now else query.end
                inside = min(push.end, query.end) - max(push.start, query.start)
                start, end = times(np.array([push.start, ended]), query.options)
                rows.append(
                    {
                        "TaskID": f"{key_of(push.id, suffix):016x}",
                        "Stream": stream.name,
                        "TranscodeSuffix": suffix,
                        "TranscodeType": kind,
                        "Resolution": resolution,
                        "StartTime": start,
                        "EndTime": end,
                        "Duration": number(inside / 60),
                    }
                )
    return {**echo(query), **page_of(query, rows)}
