"""Answers with slots: rows of the truth put into the documented lists, with totals and echoes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import product

from tests.second_server import streams, traffic, usage
from tests.second_server.query import Query
from tests.second_server.request import Request
from tests.second_server.times import stamp
from tests.second_server.traffic import Row

ECHOES = (
    *("DomainList", "Domain", "App", "Stream", "ProtocolList", "ISPList", "RegionList"),
    *("UserRegionList", "DetailField", "StreamType", "TranscodeType", "Resolution", "GroupList"),
    *("Vhosts", "AppList", "StreamList", "CallbackEventType", "CallbackStatus", "StreamPriority"),
)
_DIMS = frozenset(
    (
        *("Domain", "ISP", "Protocol", "Group", "Area", "Country", "Province"),
        *("UserArea", "UserCountry", "UserProvince"),
    )
)


@dataclass(frozen=True)
class Shape:
    """Where the rows of an action go. totals: name -> ("sum" or "max", field of the rows)."""

    rows: Callable[[Query], list[Row]]
    list_name: str
    detail_name: str | None = None
    totals: dict[str, tuple[str, str]] = field(default_factory=dict)
    whole: tuple[str, ...] = ()


_TRAFFIC_TOTALS = {
    "TotalDownTraffic": ("sum", "DownTraffic"),
    "TotalUpTraffic": ("sum", "UpTraffic"),
}
_BANDWIDTH_TOTALS = {
    "PeakDownBandwidth": ("max", "DownBandwidth"),
    "PeakUpBandwidth": ("max", "UpBandwidth"),
}
SHAPES: dict[str, Shape] = {
    "DescribeLiveEdgeStatData": Shape(
        traffic.edge, "EdgeStatDataList", "EdgeStatDetailDataList",
        {**_TRAFFIC_TOTALS, **_BANDWIDTH_TOTALS, "TotalRequest": ("sum", "Request")}),
    "DescribeLiveStreamSessionData": Shape(
        traffic.sessions, "SessionDataList", "SessionDetailDataList",
        {"PeakOnlineUser": ("max", "OnlineUser"), "TotalRequest": ("sum", "Request")}),
    "DescribeLiveSourceTrafficData": Shape(
        traffic.source, "TrafficDataList", "TrafficDetailDataList",
        {"PeakBandwidth": ("max", "Bandwidth"), "TotalTraffic": ("sum", "Traffic")}),
    "DescribeLiveTrafficData": Shape(
        traffic.billed_traffic, "TrafficDataList", "TrafficDetailDataList", _TRAFFIC_TOTALS),
    "DescribeLiveBandwidthData": Shape(
        traffic.billed_bandwidth, "BandwidthDataList", "BandwidthDetailDataList",
        _BANDWIDTH_TOTALS),
    "DescribeLiveStreamCountData": Shape(
        streams.stream_count, "TotalStreamDataList", "StreamDetailDataList",
        {"PeakCount": ("max", "PeakCount")}),
    "DescribeLivePushStreamCountData": Shape(
        streams.push_stream_count, "TotalStreamDataList", "StreamDetailDataList",
        {"PeakCount": ("max", "PeakCount")}),
    "DescribeLiveRecordData": Shape(
        streams.record_count, "RecordDataList", "RecordDetailDataList",
        {"RecordPeak": ("max", "Value")}),
    "DescribeLiveSnapshotData": Shape(
        usage.snapshots, "SnapshotDataList", "SnapshotDetailData", {"Total": ("sum", "Value")}),
    "DescribeLiveAuditData": Shape(
        usage.audits, "AuditDataList", "AuditDetailDataList", {"TotalCount": ("sum", "Count")}),
    "DescribeLivePullToPushData": Shape(
        streams.relay_minutes, "PullToPushDataList", "PullToPushDetailDataList",
        {"TotalDuration": ("sum", "Value")}),
    "DescribeLivePullToPushBandwidthData": Shape(
        streams.relay_bandwidth, "BandwidthDataList", "BandwidthDetailDataList",
        {"PeakUpBandwidth": ("max", "UpBandwidth")}),
    "DescribeLiveTranscodeData": Shape(
        usage.transcode_days, "TranscodeDataList", None, {"Duration": ("sum", "Duration")},
        whole=("TranscodeType", "Resolution")),
    "DescribeLiveTimeShiftData": Shape(usage.time_shift, "TimeShiftDataList"),
    "DescribeLiveASRDurationData": Shape(
        usage.speech_minutes, "ASRDurationData", "ASRDurationDetailData",
        {"TotalDuration": ("sum", "Duration")}),
    "DescribeLiveStorageSpaceData": Shape(usage.storage_space, "StorageDataList"),
}  # fmt: skip


def put_list(result: Row, name: str, items: list[Row], query: Query, required: bool = True) -> None:
    """Put a list into the answer; an empty one in the chosen way (a required one is never absent)."""
    way = query.choices.empty_list
    if items or way == "list" or (way == "absent" and required):
        result[name] = items
    elif way == "null":
        result[name] = None


def window(request: Request) -> Row:
    """The echo that every answer with a window has, and the optional ones by choice."""
    result: Row = {"StartTime": request.start_text, "EndTime": request.end_text}
    if request.query is not None and request.query.choices.echo:
        for name in ECHOES:
            if name in request.params:
                result[name] = request.params[name]
    return result


def series(request: Request) -> Row:
    """The answer of an action with slots: whole list, split list, totals."""
    shape, query = SHAPES[request.action], request.query
    assert query is not None
    result = window(request)
    result["Aggregation"] = query.width_s
    plain = shape.rows(replace(query, dims=()))
    result.update(_totals(shape, plain))
    if query.choices.edition == "byteplus" and request.action.endswith("StreamSessionData"):
        result["TotalHitRate"] = 0.8
    put_list(result, shape.list_name, _items(shape, plain, query), query)
    if request.action == "DescribeLiveStreamCountData":
        # Only the domain is a label there, whatever the split.
        query = replace(query, dims=tuple(dim for dim in query.dims if dim == "Domain"))
    details: list[Row] = []
    if query.dims and shape.detail_name:
        for labels, rows in _by_label(query, shape.rows(query)):
            items = _items(shape, rows, query)
            if not items and not query.choices.empty_detail:
                continue
            if all(_is_zero(row, shape) for row in rows) and not query.choices.empty_detail:
                continue
            item: Row = {**labels, **_totals(shape, rows)}
            put_list(item, shape.list_name, items, query)
            details.append(item)
    if shape.detail_name:
        put_list(result, shape.detail_name, details, query, request.action.endswith("AuditData"))
    if request.action.endswith("AuditData"):
        result.setdefault("DetailField", request.params.get("DetailField", []))
        result.setdefault("DomainList", request.params.get("DomainList", []))
    return result


def _by_label(query: Query, rows: list[Row]) -> list[tuple[Row, list[Row]]]:
    """Rows by the values of the split; with the choice, combinations without rows too."""
    found: dict[tuple[str, ...], list[Row]] = {}
    if query.choices.empty_detail and set(query.dims) <= {"Domain", "ISP", "Protocol"}:
        filters = {"Domain": query.domains, "ISP": query.carriers, "Protocol": query.protocols}
        if all(filters[dim] for dim in query.dims):
            for key in product(*(filters[dim] or () for dim in query.dims)):
                found[key] = []
    for row in rows:
        found.setdefault(tuple(str(row[dim]) for dim in query.dims), []).append(row)
    return [(dict(zip(query.dims, key, strict=True)), found[key]) for key in found]


def _measures(row: Row, shape: Shape) -> Row:
    skipped = _DIMS | {"TimeStamp", *shape.whole}
    return {name: value for name, value in row.items() if name not in skipped}


def _is_zero(row: Row, shape: Shape) -> bool:
    return not any(_measures(row, shape).values())


def _items(shape: Shape, rows: list[Row], query: Query) -> list[Row]:
    found = []
    for row in rows:
        if query.choices.zero_slots == "left_out" and _is_zero(row, shape):
            continue
        at = stamp(int(str(row["TimeStamp"])), query.choices.offset)
        item = {name: value for name, value in row.items() if name not in _DIMS}
        found.append({**item, "TimeStamp": at})
    return found


def _totals(shape: Shape, rows: list[Row]) -> Row:
    out: Row = {}
    for name, (way, source) in shape.totals.items():
        values = [float(str(row[source])) for row in rows]
        total = sum(values) if way == "sum" else max(values, default=0)
        is_whole = all(isinstance(row[source], int) for row in rows)
        out[name] = int(total) if is_whole else total
    return out


def status_codes(request: Request) -> Row:
    """PlayStatusCodeData: slots that hold a list of codes each."""
    query = request.query
    assert query is not None
    result = window(request)
    result["Aggregation"] = query.width_s
    result["Type"] = request.params.get("Type", "Access")
    whole = replace(query, dims=())
    put_list(result, "StatusSummaryDataList", traffic.status_summary(whole), query)
    put_list(result, "StatusDataList", _code_slots(traffic.status(whole), query), query)
    details: list[Row] = []
    for labels, rows in _by_label(query, traffic.status(query)) if query.dims else []:
        item: Row = dict(labels)
        put_list(item, "StatusDataList", _code_slots(rows, query), query, required=False)
        details.append(item)
    put_list(result, "StatusDetailDataList", details, query, required=False)
    return result


def _code_slots(rows: list[Row], query: Query) -> list[Row]:
    by_slot: dict[int, list[Row]] = {}
    if query.choices.zero_slots == "sent":
        by_slot = {at: [] for at in query.slots()}
    for row in rows:
        code = {name: row[name] for name in ("StatusCode", "Value", "Percent")}
        by_slot.setdefault(int(str(row["TimeStamp"])), []).append(code)
    found: list[Row] = []
    for at, codes in by_slot.items():
        item: Row = {"TimeStamp": stamp(at, query.choices.offset)}
        put_list(item, "StatusSummaryDataList", codes, query)
        found.append(item)
    return found


def percentile(request: Request) -> Row:
    """P95PeakBandwidthData: the answer itself is the row."""
    assert request.query is not None
    row = traffic.percentile(request.query)
    at = stamp(int(str(row["P95PeakTimestamp"])), request.query.choices.offset)
    return {**window(request), "Aggregation": 300, **row, "P95PeakTimestamp": at}


def metrics(request: Request) -> Row:
    """The quality of one stream: a plain list."""
    query = request.query
    assert query is not None
    is_source = "Source" in request.action
    rows = streams.stream_metrics(query, is_source)
    result = window(request)
    result["Aggregation"] = query.width_s
    put_list(result, "MetricList", [_metric(row, query) for row in rows], query, is_source)
    return result


def batch_metrics(request: Request) -> Row:
    """The quality of all streams of a domain: one item a push or a stream."""
    query = request.query
    assert query is not None
    is_source = "Source" in request.action
    rows = streams.stream_metrics(query, True) if is_source else streams.push_sessions(query)
    result = window(request)
    result["Aggregation"] = query.width_s
    if is_source or query.choices.echo:
        result["AggType"] = request.params.get("AggType", "max")
    names = ("Domain", "App", "Stream", "SessionID", "StreamPriority")
    found: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row.get(name) for name in names), []).append(_metric(row, query))
    items: list[Row] = []
    for key, members in found.items():
        labels = {name: v for name, v in zip(names, key, strict=True) if v is not None}
        items.append({**labels, "MetricList": members})
    put_list(result, "StreamMetricList", items, query)
    return result


def _metric(row: Row, query: Query) -> Row:
    skipped = ("Domain", "App", "Stream", "SessionID", "StreamPriority")
    item = {name: value for name, value in row.items() if name not in skipped}
    return {**item, "TimeStamp": stamp(int(str(row["TimeStamp"])), query.choices.offset)}
