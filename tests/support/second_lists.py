"""What the tables without slots of their own must hold if they are filled from the second server.

Written by hand from docs/dictionary.md, as second_series.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from tests.second_server import answers_lists, streams, traffic, usage
from tests.second_server.choices import Choices
from tests.second_server.query import Query
from tests.second_server.times import DAY_S
from tests.second_server.world import AREA_NAMES, COUNTRY_NAMES, DOMAINS, REGIONS
from tests.support.second_series import GB, USERS, Column, Row, instant, query, value_of

GIB = 2.0**30
_QUALITY = {
    "video_bitrate_kbps": "Bitrate",
    "audio_bitrate_kbps": "AudioBitrate",
    "video_framerate_fps": "Framerate",
    "audio_framerate_fps": "AudioFramerate",
    "video_frame_gap_ms": "VideoFrameGap",
    "audio_frame_gap_ms": "AudioFrameGap",
    "pts_delta_ms": "PtsDelta",
    "video_pts_ms": "VideoPts",
    "audio_pts_ms": "AudioPts",
}
_NAMES = {"domain": "Domain", "app": "App", "stream": "Stream"}


def quality(
    days: Sequence[date], choices: Choices, width_s: int, is_source: bool, is_batch: bool
) -> Iterator[Row]:
    for day in days:
        for way in ("max", "avg") if is_batch else ("max",):
            asked = query([day], choices, width_s=width_s, options={"AggType": way})
            if is_batch and not is_source:
                found = streams.push_sessions(asked)
            else:
                found = streams.stream_metrics(asked, is_source)
            for row in found:
                out = {
                    "business_date": day,
                    "slot_start_at": instant(row["TimeStamp"]),
                    "slot_seconds": width_s,
                    **{column: row[name] for column, name in {**_NAMES, **_QUALITY}.items()},
                }
                if is_batch:
                    out["agg_type"] = way
                if is_batch and not is_source:
                    out |= _of_push(row)
                yield out


def _of_push(row: Row) -> Row:
    return {
        "session_id": row["SessionID"],
        "stream_priority": row["StreamPriority"],
        "video_codec": row["VCodec"],
        "audio_codec": row["ACodec"],
        "resolution": row["Resolution"],
        "push_started_at": instant(row["StreamBeginTime"] / 1000),
        "first_frame_ms": row["FirstFrameTime"],
        "client_ip": row["ClientIp"],
        "server_ip": row["ServerIp"],
    }


def _windowed(
    days: Sequence[date],
    choices: Choices,
    rows: Callable[[Query], list[Row]],
    columns: Mapping[str, Column],
    variants: Iterable[tuple[Row, Row]] = (({}, {}),),
) -> Iterator[Row]:
    for day in days:
        for labels, options in variants:
            for rank, row in enumerate(rows(query([day], choices, options=options)), start=1):
                yield {
                    "business_date": day,
                    "rank": rank,
                    **labels,
                    **{name: value_of(row, column) for name, column in columns.items()},
                }


def _plain(*names: str) -> dict[str, Column]:
    """Columns whose names are those of the truth, by `column=Field`."""
    return {column: (name, None) for column, _, name in (text.partition("=") for text in names)}


_STREAM = _plain("domain=Domain", "app=App", "stream=Stream")


def batch_session(days: Sequence[date], choices: Choices) -> Iterator[Row]:
    columns = {
        **_STREAM,
        **_plain("peak_online_users=PeakOnlineUser", "requests=TotalRequest"),
    }
    for row in _windowed(days, choices, traffic.batch_sessions, columns, USERS[:2]):
        yield _without(row, "rank")


def batch_traffic(days: Sequence[date], choices: Choices) -> Iterator[Row]:
    columns = {
        **_STREAM,
        "up_traffic_bytes": ("UpTraffic", GB),
        "down_traffic_bytes": ("DownTraffic", GB),
    }
    for row in _windowed(days, choices, traffic.batch_traffic, columns):
        yield _without(row, "rank")


def batch_transcode(days: Sequence[date], choices: Choices) -> Iterator[Row]:
    columns = {
        **_STREAM,
        **_plain("resolution=Resolution", "transcode_type=VCodec"),
        **_plain("transcode_bitrate_kbps=Coderate", "transcode_minutes=Duration"),
    }
    for row in _windowed(days, choices, usage.transcode_streams, columns):
        yield _without(row, "rank")


def top_play(days: Sequence[date], choices: Choices) -> Iterator[Row]:
    columns = {
        **_STREAM,
        "peak_bandwidth_mbps": ("PeakBandwidth", 1e-6),
        "avg_bandwidth_mbps": ("AvgBandwidth", 1e-6),
        "traffic_bytes": ("TotalTraffic", 1.0),
    }
    variants = [
        ({"query_type": kind, "sort_by": sort}, {"QueryType": kind, "SortBy": sort})
        for kind in ("Domain", "Stream")
        for sort in ("PeakBandwidth", "AvgBandwidth", "TotalTraffic")
    ]
    yield from _windowed(days, choices, traffic.top_play, columns, variants)


def _without(row: Row, *names: str) -> Row:
    return {name: value for name, value in row.items() if name not in names}


def pushes(days: Sequence[date], choices: Choices) -> Iterator[Row]:
    """A push that several days list stands under the first of them."""
    seen = set()
    for day in days:
        for row in streams.pushes(query([day], choices)):
            key = (row["Domain"], row["App"], row["Stream"], row["StartTime"])
            if key not in seen:
                seen.add(key)
                yield {
                    "business_date": day,
                    **{column: row[name] for column, name in _NAMES.items()},
                    "push_started_at": instant(row["StartTime"]),
                    "push_ended_at": instant(row["EndTime"]),
                    "push_duration_s": row["Duration"],
                    "client_ip": row["IP"],
                    "break_reason": row["StreamBreakReason"],
                    "stream_priority": row["StreamPriority"],
                    "occurrence": 1,
                }


def closed(days: Sequence[date], choices: Choices) -> Iterator[Row]:
    for day in days:
        for row in streams.closed_streams(query([day], choices)):
            yield {
                "business_date": day,
                **{column: row[name] for column, name in _NAMES.items()},
                "source_type": row["SourceType"],
                "stream_started_at": instant(row["StartTime"]),
                "stream_ended_at": instant(row["EndTime"]),
                "vhost": row["Vhost"],
                "occurrence": 1,
            }


def tasks(days: Sequence[date], choices: Choices) -> Iterator[Row]:
    for day in days:
        for row in usage.transcode_tasks(query([day], choices)):
            yield {
                "business_date": day,
                "domain": row["Domain"],
                "stream": row["Stream"],
                "task_id": row["TaskID"],
                "transcode_suffix": row["TranscodeSuffix"],
                "transcode_type": row["TranscodeType"],
                "resolution": row["Resolution"],
                "task_started_at": instant(row["StartTime"]),
                "task_ended_at": instant(row["EndTime"]),
                "transcode_minutes": row["Duration"],
            }


def callbacks(days: Sequence[date], choices: Choices) -> Iterator[Row]:
    """Attempts that share a key are numbered; here they differ in the address alone."""
    for day in days:
        times: dict[tuple[Any, ...], int] = {}
        rows = usage.callbacks(query([day], choices))
        for row in sorted(rows, key=lambda one: str(one["CallbackAddress"])):
            key = (row["Domain"], row["Stream"], row["CallbackEventType"], row["CallbackTime"])
            times[key] = times.get(key, 0) + 1
            yield {
                "business_date": day,
                **{column: row[name] for column, name in _NAMES.items()},
                "event_type": row["CallbackEventType"],
                "called_at": instant(row["CallbackTime"]),
                "callback_status": row["CallbackStatus"],
                "http_method": row["CallbackMethod"],
                "callback_url": row["CallbackAddress"],
                "response_code": row["CallbackResponseCode"],
                "response_duration": row["CallbackResponseTime"],
                "error_code": row["CallbackErrorCode"],
                "error_message": row["CallbackErrorMessage"],
                "occurrence": times[key],
            }


def log_files(days: Sequence[date], choices: Choices, url: str, now_s: int) -> Iterator[Row]:
    """Files grow for half a day, so their sizes are those of the moment; the delay is an hour."""
    for day in days:
        for kind in ("pull", "push", "source", "relay"):
            for row in usage.log_files(query([day], choices, now_s=now_s - 3600), kind):
                yield {
                    "business_date": day,
                    "log_type": kind,
                    "domain": row.get("Domain"),
                    "hour_start_at": instant(row["DateTime"]),
                    "file_name": row["LogName"],
                    "file_bytes": row["LogSize"],
                    "file_url": f"{url}/files/{kind}/{row['LogName']}",
                }


def percentile(days: Sequence[date], choices: Choices) -> Iterator[Row]:
    """Of the month up to the day."""
    for day in days:
        row = traffic.percentile(query([day.replace(day=1), day], choices))
        yield {
            "business_date": day,
            "p95_at": instant(row["P95PeakTimestamp"]),
            "p95_total_mbps": row["P95PeakBandwidth"],
        }


def storage(
    days: Sequence[date], choices: Choices, rows: Callable[[Query], list[Row]], known_s: int
) -> Iterator[Row]:
    for day in days:
        for row in rows(query([day], choices, width_s=DAY_S, now_s=known_s)):
            yield {
                "business_date": day,
                "measured_at": instant(row["TimeStamp"]),
                "storage_bytes": row["Storage"] * GIB,
            }


def addresses(days: Sequence[date], choices: Choices) -> Iterator[Row]:
    """Addresses that pushes came from and went to, each under the last day that has it."""
    found: dict[str, date] = {}
    for day in days:
        asked = query([day], choices, width_s=60)
        for row in (*streams.push_sessions(asked), *streams.pushes(asked)):
            for name in ("ClientIp", "ServerIp", "IP"):
                if row.get(name):
                    found[str(row[name])] = day
    for ip, day in found.items():
        is_node, is_known = ip.startswith("198.51.100."), ip.startswith(("198.51.", "203.0."))
        yield {
            "business_date": day,
            "ip": ip,
            "isp": "telecom" if is_known else "-",
            "location": "China" if is_known else "-",
            "province": "Beijing" if is_known else "-",
            "city": "Beijing" if is_known else "-",
            "is_cdn_node": is_node,
        }


def domains(choices: Choices) -> Iterator[Row]:
    for domain in DOMAINS:
        row = answers_lists.domain_row(domain, choices)
        yield {
            "domain": domain.name,
            "domain_type": row["Type"],
            "status": domain.status,
            "vhost": domain.vhost,
            "region": row["Region"],
            "push_domain": domain.push_domain,
            "cname": row["CNAME"],
            "project_name": row["ProjectName"],
            "created_at": datetime.fromisoformat(domain.created),
        }


def regions() -> Iterator[Row]:
    for area, country, province in REGIONS:
        yield {
            "area_code": area,
            "area_name": AREA_NAMES[area],
            "country_code": country,
            "country_name": COUNTRY_NAMES[country],
            "province_code": province or None,
            "province_name": f"{province} province" if province else None,
        }
