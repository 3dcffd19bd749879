"""The truth about single streams: quality of pushes, pushes and tasks, concurrent streams."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.second_server.query import Query
from tests.second_server.traffic import Row
from tests.second_server.world import (
    RELAYS,
    STREAMS,
    Relay,
    Span,
    Stream,
    pushed,
    spans,
    usage_domain,
)

_MEASURES = (
    "Bitrate",
    "Framerate",
    "AudioBitrate",
    "AudioFramerate",
    "AudioFrameGap",
    "VideoFrameGap",
    "PtsDelta",
)


def _sample(stream: Stream, at: int, span: Span, is_source: bool) -> dict[str, float]:
    """The quality of a stream in the 5 s from `at`; all values are exact in binary."""
    x = (stream.number * 7919 + at // 5 * 104_729 + (13 if is_source else 0)) % 1009
    video_pts = (at + 5 - span.start) * 1000.0
    return {
        "Bitrate": 2500 + x % 300 + (x % 8) / 8,
        "Framerate": 25 + (x % 5) * 0.5,
        "AudioBitrate": 96 + x % 32 + 0.25,
        "AudioFramerate": 43.0 + x % 3,
        "AudioFrameGap": 23 + (x % 4) * 0.25,
        "VideoFrameGap": 40 + (x % 7) * 0.5,
        "PtsDelta": x % 50 - 10.0,
        "VideoPts": video_pts,
        "AudioPts": video_pts - (x % 50 - 10.0),
    }


def _bucket(
    stream: Stream, parts: list[Span], start: int, stop: int, is_source: bool, way: str
) -> Row | None:
    """The row of one slot: maxima or means of its samples; the presentation times are the last."""
    samples = [
        _sample(stream, at, span, is_source)
        for span in parts
        for at in range(max(span.start, start), min(span.end, stop), 5)
    ]
    if not samples:
        return None
    row: Row = {}
    for name in _MEASURES:
        values = [sample[name] for sample in samples]
        row[name] = max(values) if way == "max" else sum(values) / len(values)
    row["VideoPts"], row["AudioPts"] = samples[-1]["VideoPts"], samples[-1]["AudioPts"]
    return row


def stream_metrics(query: Query, is_source: bool) -> list[Row]:
    """Push or SourceStreamMetrics: slots (maxima) of the streams that the filters take."""
    way = str(query.options.get("AggType", "max"))
    found = []
    for stream in _with_metrics(query, is_source):
        parts = spans(stream, query.start - 3600, query.stop + 3600)
        for at in query.slots():
            row = _bucket(stream, parts, at, at + query.width_s, is_source, way)
            if row is not None:
                found.append({**_names(stream, is_source), "TimeStamp": at, **row})
    return found


def _with_metrics(query: Query, is_source: bool) -> list[Stream]:
    """Pushes are on the push domain; every stream with a source is fetched by its pull domain."""
    return [
        stream
        for stream in (STREAMS if is_source else pushed())
        if stream.source
        and query.takes_domain(stream.pull_domain if is_source else stream.push_domain)
        and query.takes_stream(stream.app, stream.name)
    ]


def _names(stream: Stream, is_source: bool) -> Row:
    domain = stream.pull_domain if is_source else stream.push_domain
    return {"Domain": domain, "App": stream.app, "Stream": stream.name}


def push_sessions(query: Query) -> list[Row]:
    """BatchPushStreamMetrics: slots of each push (SessionID) that lies in the window."""
    way = str(query.options.get("AggType", "max"))
    found = []
    for stream in _with_metrics(query, is_source=False):
        for span in spans(stream, query.start, query.stop):
            session: Row = {
                **_names(stream, is_source=False),
                "SessionID": f"s{stream.number}-{span.start}",
                "StreamPriority": "",
            }
            fixed: Row = {
                "ACodec": "AAC",
                "VCodec": "H264",
                "ClientIp": client_ip(stream),
                "ServerIp": f"198.51.100.{stream.number + 1}",
                "FirstFrameTime": 120 + stream.number * 7 + span.start % 50,
                "Resolution": "1080P",
                "StreamBeginTime": span.start * 1000,
            }
            for at in query.slots():
                row = _bucket(stream, [span], at, at + query.width_s, False, way)
                if row is not None:
                    found.append({**session, "TimeStamp": at, **row, **fixed})
    return found


def client_ip(stream: Stream) -> str:
    """The address that a stream is pushed from; one is an IPv6 address."""
    return "2001:db8::5" if stream.number == 2 else f"203.0.113.{stream.number + 10}"


def highest(spans_: Iterable[Span], start: int, stop: int) -> int:
    """The most spans at the same instant within [start, stop)."""
    inside = [span for span in spans_ if span.start < stop and span.end > start]
    moments = {start, *(span.start for span in inside if span.start >= start)}
    return max(sum(1 for s in inside if s.start <= at < s.end) for at in moments)


def _counted(
    query: Query, members: Callable[[int, int], list[tuple[str, Span]]], value: str
) -> list[Row]:
    """Most concurrent spans a slot, whole or for each domain."""
    at = query.slots()
    if not at:
        return []
    everything = members(at[0], at[-1] + query.width_s)
    keys = sorted({domain for domain, _ in everything}) if query.dims else [""]
    found: list[Row] = []
    for key in keys:
        mine = [span for domain, span in everything if not query.dims or domain == key]
        for start in at:
            labels = {"Domain": key} if query.dims else {}
            count = highest(mine, start, start + query.width_s)
            found.append({**labels, "TimeStamp": start, value: count})
    return found


def stream_count(query: Query) -> list[Row]:
    """StreamCountData: most concurrent streams a slot, of the types asked for (all together).

    Pushes are counted on the push domain, relays on the pull domain, transcodings on the domain of
    the choice.
    """
    types = query.options.get("StreamType") or ["push", "relay-source", "transcode"]
    assert isinstance(types, list)

    def members(start: int, stop: int) -> list[tuple[str, Span]]:
        found: list[tuple[str, Span]] = []
        for stream in STREAMS:
            domain = usage_domain(stream, query.choices.usage_domain)
            for span in spans(stream, start, stop):
                if stream.source == "push" and "push" in types and _pushed_from(stream, query):
                    found.append((stream.push_domain, span))
                if stream.source == "relay" and "relay-source" in types:
                    found.append((stream.pull_domain, span))
                if "transcode" in types:
                    found += [(domain, span)] * len(stream.presets)
        return [(domain, span) for domain, span in found if query.takes_domain(domain)]

    return _counted(query, members, "PeakCount")


def _pushed_from(stream: Stream, query: Query) -> bool:
    if query.carriers is not None and stream.carrier not in query.carriers:
        return False
    if query.clients is None:
        return True
    return any(
        all(not w or w == r for w, r in zip(one, stream.region, strict=True))
        for one in query.clients
    )


def push_stream_count(query: Query) -> list[Row]:
    """PushStreamCountData: most concurrent pushes a slot."""
    options = {"StreamType": ["push"]}
    return stream_count(Query(**{**vars(query), "options": options}))


def record_count(query: Query) -> list[Row]:
    """RecordData: most concurrent recordings a slot."""

    def members(start: int, stop: int) -> list[tuple[str, Span]]:
        return [
            (domain, span)
            for stream in STREAMS
            if stream.recorded and query.takes_stream(stream.app, stream.name)
            for domain in [usage_domain(stream, query.choices.usage_domain)]
            if query.takes_domain(domain)
            for span in spans(stream, start, stop)
        ]

    return _counted(query, members, "Value")


def _over(span: Span, query: Query) -> bool:
    return query.now_s is None or span.end <= query.now_s


def pushes(query: Query) -> list[Row]:
    """PushStreamInfoData: pushes that have ended, in the window by the choice. Times in seconds."""
    found: list[Row] = []
    for stream in pushed():
        if not query.takes_domain(stream.push_domain):
            continue
        if not query.takes_stream(stream.app, stream.name):
            continue
        found += [
            {
                "Domain": stream.push_domain,
                "App": stream.app,
                "Stream": stream.name,
                "StartTime": span.start,
                "EndTime": span.end,
                "Duration": span.end - span.start,
                "IP": "" if stream.number == 1 else client_ip(stream),
                "StreamBreakReason": ("客户端断开", "超时")[span.start // 5 % 2],
                "StreamPriority": "",
            }
            for span in spans(stream, query.start - 5, query.stop + 5)
            if _over(span, query) and _matches(span, query)
        ]
    return sorted(found, key=lambda row: (str(row["StartTime"]), str(row["Stream"])))


def _matches(span: Span, query: Query) -> bool:
    if query.choices.push_match == "start":
        return query.start <= span.start < query.stop
    if query.choices.push_match == "end":
        return query.start <= span.end < query.stop
    return span.start < query.stop and span.end >= query.start


def closed_streams(query: Query, source_type: str | None = None) -> list[Row]:
    """ClosedStreamInfoByPage: streams, relays too, that ended in the window."""
    found: list[Row] = []
    for stream in STREAMS:
        domain = stream.push_domain if stream.source == "push" else stream.pull_domain
        if not stream.source or source_type not in (None, stream.source):
            continue
        if not query.takes_domain(domain) or not query.takes_stream(stream.app, stream.name):
            continue
        found += [
            {
                "Vhost": stream.vhost,
                "Domain": domain,
                "App": stream.app,
                "Stream": stream.name,
                "SourceType": stream.source,
                "StartTime": span.start,
                "EndTime": span.end,
            }
            for span in spans(stream, query.start - 5, query.stop + 5)
            if query.start <= span.end < query.stop and _over(span, query)
        ]
    return sorted(found, key=lambda row: (-int(str(row["EndTime"])), str(row["Stream"])))


def relay_minutes(query: Query) -> list[Row]:
    """PullToPushData: minutes of relaying a slot, whole or for each group."""
    found: list[Row] = []
    for labels, relays in _relay_groups(query):
        for at in query.slots():
            stop = at + query.width_s
            seconds = sum(span.cut(at, stop) for relay in relays for span in relay.spans(at, stop))
            found.append({**labels, "TimeStamp": at, "Value": seconds / 60})
    return found


def relay_bandwidth(query: Query) -> list[Row]:
    """PullToPushBandwidthData: the highest sample (Mbps) of a slot, one sample in 5 minutes."""
    found: list[Row] = []
    for labels, relays in _relay_groups(query):
        for at in query.slots():
            samples = [
                sum(_relayed_mbps(relay, t) for relay in relays)
                for t in range(at, at + query.width_s, 300)
            ]
            found.append({**labels, "TimeStamp": at, "UpBandwidth": max(samples)})
    return found


def _relayed_mbps(relay: Relay, at: int) -> float:
    return relay.rate_mbps + (at // 300 % 8) / 8 if relay.spans(at, at + 1) else 0.0


def _relay_groups(query: Query) -> list[tuple[Row, list[Relay]]]:
    wanted = query.options.get("GroupList")
    relays = [
        relay
        for relay in RELAYS
        if (not wanted or (isinstance(wanted, list) and relay.group in wanted))
        and query.takes_stream(relay.stream.app, relay.stream.name)
    ]
    if not query.dims:
        return [({}, relays)]
    return [({"Group": relay.group}, [relay]) for relay in relays]
