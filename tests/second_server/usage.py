"""The truth about tasks and lists: transcoding, snapshots, audits, storage, callbacks, log files."""

from __future__ import annotations

import gzip
from functools import lru_cache

from tests.second_server.atoms import ATOMS, atom_minutes
from tests.second_server.query import Query
from tests.second_server.streams import client_ip
from tests.second_server.times import DAY_S, SHANGHAI_S, day_start_s, shanghai_day, stamp
from tests.second_server.traffic import Row
from tests.second_server.world import (
    DOMAINS,
    STREAMS,
    Preset,
    Span,
    Stream,
    pushed,
    spans,
    usage_domain,
)

HOUR_S = 3600


def _tasks(query: Query) -> list[tuple[str, Stream, Preset, Span]]:
    """The transcodings that overlap the window and have begun."""
    types, tiers = query.options.get("TranscodeType"), query.options.get("Resolution")
    found = []
    for stream in STREAMS:
        domain = usage_domain(stream, query.choices.usage_domain)
        if not query.takes_domain(domain) or not query.takes_stream(stream.app, stream.name):
            continue
        for preset in stream.presets:
            if types and isinstance(types, list) and preset.codec not in types:
                continue
            if tiers and isinstance(tiers, list) and preset.resolution not in tiers:
                continue
            found += [
                (domain, stream, preset, span)
                for span in spans(stream, query.start, query.stop)
                if query.now_s is None or span.start < query.now_s
            ]
    return found


def _until(query: Query, stop: int) -> int:
    return stop if query.now_s is None else min(stop, query.now_s)


def transcode_tasks(query: Query) -> list[Row]:
    """TranscodeInfoData: tasks with their minutes inside the window. Times in seconds."""
    found: list[Row] = []
    for domain, stream, preset, span in _tasks(query):
        seconds = span.cut(query.start, _until(query, query.stop))
        if seconds:
            found.append(
                {
                    "Domain": domain,
                    "App": stream.app,
                    "Stream": stream.name,
                    "TaskID": f"task-{stream.number}-{span.start}",
                    "TranscodeSuffix": preset.suffix,
                    "TranscodeType": preset.codec,
                    "Resolution": preset.resolution,
                    "StartTime": span.start,
                    "EndTime": _until(query, span.end),
                    "Duration": seconds / 60,
                }
            )
    return found


def transcode_days(query: Query) -> list[Row]:
    """TranscodeData: minutes a day, codec class and tier; kinds without minutes are zeros."""
    kinds = sorted({(preset.codec, preset.resolution) for _, _, preset, _ in _tasks(query)})
    found: list[Row] = []
    for at in query.slots():
        day = Query(**{**vars(query), "start": at, "stop": at + query.width_s})
        seconds: dict[tuple[str, str], int] = dict.fromkeys(kinds, 0)
        for _, _, preset, span in _tasks(day):
            seconds[preset.codec, preset.resolution] += span.cut(day.start, _until(day, day.stop))
        for (codec, resolution), value in seconds.items():
            found.append(
                {
                    "TimeStamp": at,
                    "TranscodeType": codec,
                    "Resolution": resolution,
                    "Duration": value / 60,
                }
            )
    return found


def transcode_streams(query: Query) -> list[Row]:
    """BatchStreamTranscodeData: minutes of the window by stream, tier, codec class and rate."""
    seconds: dict[tuple[str, str, str, str, str, int], int] = {}
    for domain, stream, preset, span in _tasks(query):
        key = (domain, stream.app, stream.name, preset.resolution, preset.codec, preset.rate_kbps)
        cut = span.cut(query.start, _until(query, query.stop))
        seconds[key] = seconds.get(key, 0) + cut
    names = ("Domain", "App", "Stream", "Resolution", "VCodec", "Coderate")
    return [
        {**dict(zip(names, key, strict=True)), "Duration": value / 60}
        for key, value in sorted(seconds.items())
        if value
    ]


def _pictures(query: Query, every_s: int, value: str) -> list[Row]:
    """Pictures a slot, one at each full `every_s` of a stream with snapshots."""
    streams = [
        stream
        for stream in STREAMS
        if stream.snapshots
        and query.takes_domain(usage_domain(stream, query.choices.usage_domain))
        and query.takes_stream(stream.app, stream.name)
    ]
    if query.dims:
        keys = sorted({usage_domain(s, query.choices.usage_domain) for s in streams})
    else:
        keys = [""]
    found: list[Row] = []
    for key in keys:
        for at in query.slots():
            count = 0
            for stream in streams:
                if not query.dims or usage_domain(stream, query.choices.usage_domain) == key:
                    for span in spans(stream, at, at + query.width_s):
                        first = -(-max(span.start, at) // every_s)
                        last = -(-min(span.end, at + query.width_s) // every_s)
                        count += max(0, last - first)
            labels = {"Domain": key} if query.dims else {}
            found.append({**labels, "TimeStamp": at, value: count})
    return found


def snapshots(query: Query) -> list[Row]:
    """SnapshotData: pictures taken a slot, one every 10 s."""
    return _pictures(query, 10, "Value")


def audits(query: Query) -> list[Row]:
    """AuditData: pictures audited a day, one a minute."""
    return _pictures(query, 60, "Count")


def speech_minutes(query: Query) -> list[Row]:
    """ASRDurationData (BytePlus): minutes of speech recognition, done for the app `shop`."""
    rows = []
    streams = [s for s in STREAMS if s.app == "shop"]
    domains = {usage_domain(s, query.choices.usage_domain) for s in streams}
    keys = sorted(d for d in domains if query.takes_domain(d)) if query.dims else [""]
    for key in keys:
        for at in query.slots():
            stop = at + query.width_s
            seconds = 0
            for stream in streams:
                domain = usage_domain(stream, query.choices.usage_domain)
                if query.takes_domain(domain) and key in ("", domain):
                    seconds += sum(span.cut(at, stop) for span in spans(stream, at, stop))
            labels = {"Domain": key} if query.dims else {}
            rows.append({**labels, "TimeStamp": at, "Duration": seconds / 60})
    return rows


def _stamped(query: Query, at: int, choice: str) -> int:
    return at if choice == "start" else at + query.width_s - 1


def time_shift(query: Query) -> list[Row]:
    """TimeShiftData: GB of 1024^3 bytes a day, all spaces of the filter together."""
    wanted = query.options.get("Vhosts")
    spaces = sorted({domain.vhost for domain in DOMAINS})
    found: list[Row] = []
    for at in query.slots():
        day = shanghai_day(at)
        stored = sum(
            (40 + 15 * number) * 1024**3 + day % 30 * 123_456_789
            for number, space in enumerate(spaces)
            if not wanted or (isinstance(wanted, list) and space in wanted)
        )
        found.append(
            {
                "TimeStamp": _stamped(query, at, query.choices.storage_stamp),
                "Storage": stored / 1024**3,
            }
        )
    return found


def storage_space(query: Query) -> list[Row]:
    """StorageSpaceData (BytePlus): GB a day, stamped at the end of the day."""
    return [
        {"TimeStamp": _stamped(query, at, "end"), "Storage": 12.5 + shanghai_day(at) % 16 / 16}
        for at in query.slots()
    ]


def callbacks(query: Query) -> list[Row]:
    """CallbackData: attempts in the window, by time. CallbackTime in seconds."""
    found: list[Row] = []
    for stream in pushed():
        for span in spans(stream, query.start - 10, query.stop + 10):
            found += _attempts(stream, span)
    kinds, states = query.options.get("CallbackEventType"), query.options.get("CallbackStatus")

    def taken(row: Row) -> bool:
        at = int(str(row["CallbackTime"]))
        return (
            query.start <= at < query.stop
            and (query.now_s is None or at < query.now_s)
            and query.takes_domain(str(row["Domain"]))
            and query.takes_stream(str(row["App"]), str(row["Stream"]))
            and (not kinds or (isinstance(kinds, list) and row["CallbackEventType"] in kinds))
            and (not states or (isinstance(states, list) and row["CallbackStatus"] in states))
        )

    rows = [row for row in found if taken(row)]
    return sorted(rows, key=lambda row: (int(str(row["CallbackTime"])), str(row["Stream"])))


def _attempts(stream: Stream, span: Span) -> list[Row]:
    """Two receivers are told of a start in the same second; the end fails once, then succeeds."""
    plan = [
        ("push_start", span.start, "https://hook.example.com/a", True),
        ("push_start", span.start, "https://hook.example.com/b", True),
        ("push_end", span.end, "https://hook.example.com/a", False),
        ("push_end", span.end + 5, "https://hook.example.com/a", True),
    ]
    if stream.recorded:
        plan.append(("record_event", span.end + 5, "https://hook.example.com/rec", True))
    rows: list[Row] = []
    for kind, at, address, good in plan:
        rows.append(
            {
                "CallbackEventType": kind,
                "CallbackStatus": "success" if good else "fail",
                "CallbackTime": at,
                "CallbackMethod": "POST",
                "CallbackAddress": address,
                "CallbackBody": f'{{"stream":"{stream.name}"}}',
                "CallbackErrorCode": "" if good else "Timeout",
                "CallbackErrorMessage": "" if good else "no answer within 5 s",
                "CallbackResponseBody": "ok" if good else "",
                "CallbackResponseCode": "200" if good else "504",
                "CallbackResponseHeader": "Content-Type: text/plain",
                "CallbackResponseTime": str(30 + stream.number) if good else "5000",
                "Domain": stream.push_domain,
                "App": stream.app,
                "Stream": stream.name,
            }
        )
    return rows


def log_files(query: Query, kind: str) -> list[Row]:
    """LogData: the hourly files of a type. DateTime in seconds; relay files name no domain."""
    found: list[Row] = []
    first = query.start // HOUR_S * HOUR_S
    for at in range(first, query.stop, HOUR_S):
        for domain in (domain.name for domain in DOMAINS):
            if kind != "relay" and not query.takes_domain(domain):
                continue
            for part in (1, 2) if domain.startswith("pull-one") else (1,):
                content = log_content(kind, domain, at, part, query.now_s)
                if content:
                    row: Row = {
                        "DateTime": at,
                        "LogName": _log_name(domain, at, part),
                        "LogSize": len(content),
                    }
                    found.append(row if kind == "relay" else {**row, "Domain": domain})
    return found


def _log_name(domain: str, at: int, part: int) -> str:
    def clock(instant: int) -> str:
        return stamp(instant, "+08:00")[11:19].replace(":", "")

    day = stamp(at, "+08:00")[:10].replace("-", "_")
    return f"{domain}_{day}_{clock(at)}_{clock(at + HOUR_S)}_{part}.gz"


def log_lines(kind: str, domain: str, at: int, part: int, now_s: int | None) -> list[str]:
    """The lines of a file. A third of them arrives only 12 h after the hour."""
    lines = []
    for atom in ATOMS:
        wanted_push = kind == "push"
        is_mine = atom.domain == domain and atom.is_push == wanted_push
        if kind == "relay":
            is_mine = atom.domain == domain and atom.stream.source == "relay"
        if not is_mine or (domain.startswith("pull-one") and atom.number % 2 + 1 != part):
            continue
        first = (at + SHANGHAI_S) % DAY_S // 60
        values = atom_minutes(atom.number, shanghai_day(at), "up" if wanted_push else "down")
        for minute in range(first, first + 60, 20):
            if values[minute] and not _still_missing(at, minute, now_s):
                when = stamp(day_start_s(shanghai_day(at)) + 60 * minute, "+08:00")
                lines.append(
                    f"{when} {client_ip(atom.stream)} {atom.carrier} {domain}/{atom.stream.app}/"
                    f"{atom.stream.name} {atom.protocols[0]} 200 {values[minute]}"
                )
    return sorted(lines)


def _still_missing(at: int, minute: int, now_s: int | None) -> bool:
    if now_s is None:
        return False
    return (minute % 60 == 40 and now_s < at + 13 * HOUR_S) or now_s < at + 2 * HOUR_S


@lru_cache(maxsize=5000)
def log_content(kind: str, domain: str, at: int, part: int, now_s: int | None) -> bytes:
    """The packed file, or nothing when it has no lines."""
    old = now_s is not None and now_s >= at + 13 * HOUR_S
    lines = log_lines(kind, domain, at, part, None if old else now_s)
    if not lines:
        return b""
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)
