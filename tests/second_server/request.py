"""Reading a request: types, required and allowed values, limits; what comes out is a Query."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.second_server.choices import Choices
from tests.second_server.errors import ApiError, wrong
from tests.second_server.limits import ACTIONS, Limits
from tests.second_server.query import Query
from tests.second_server.times import DAY_S, parse
from tests.second_server.traffic import regions_of
from tests.second_server.world import CARRIERS, DOMAINS, REGIONS

Params = dict[str, object]
_PROTOCOLS = ("HTTP-FLV", "HTTP-HLS", "RTMP", "RTM", "SRT", "QUIC", "CMAF")
_CODECS = (
    *("Normal_H264", "Normal_H265", "Normal_H266"),
    *("ByteHD_H264", "ByteHD_H265", "ByteHD_H266", "ByteQE", "Audio"),
)
_LISTS: dict[str, tuple[str, ...] | None] = {
    "DomainList": None,
    "ProtocolList": _PROTOCOLS,
    "ISPList": tuple(CARRIERS),
    "StreamType": ("push", "relay-source", "transcode"),
    "Resolution": ("480P", "720P", "1080P", "2K", "4K", "8K", "0P"),
    "TranscodeType": _CODECS,
    "CallbackEventType": ("push_start", "push_end", "snapshot_event", "record_event"),
    "CallbackStatus": ("success", "fail"),
    "AppList": None,
    "StreamList": None,
    "GroupList": None,
    "Vhosts": None,
    "VhostList": None,
    "StreamPriority": None,
    "Ips": None,
    "DomainNameList": None,
    "DomainRegionList": ("cn", "cn-global", "cn-oversea"),
    "DomainTypeList": ("push", "pull-flv"),
}
_TEXTS: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "AggType"): ("max", "avg"),
    ("", "SortBy"): ("PeakBandwidth", "AvgBandwidth", "TotalTraffic"),
    ("DescribeLiveStreamSessionData", "OnlineUserType"): ("Online", "Viewer", "ClientIP"),
    ("DescribeLiveBatchStreamSessionData", "OnlineUserType"): ("Online", "Viewer"),
    ("DescribeLivePlayStatusCodeData", "Type"): ("Access", "Source"),
    ("DescribeLiveLogData", "Type"): ("pull", "push", "source", "relay"),
    ("DescribeLiveTopPlayData", "QueryType"): ("Domain", "Stream"),
    ("DescribeClosedStreamInfoByPage", "QueryType"): ("fuzzy", "strict"),
    ("DescribeClosedStreamInfoByPage", "SourceType"): ("push", "relay"),
    ("DescribeClosedStreamInfoByPage", "Sort"): ("asc", "desc"),
    ("DescribeLiveStreamInfoByPage", "QueryType"): ("fuzzy", "strict"),
    ("DescribeLiveStreamInfoByPage", "SourceType"): ("push", "relay"),
    ("DescribeLiveStreamInfoByPage", "StreamType"): ("origin", "trans"),
}
_FILTER_OF = {
    "Domain": "DomainList",
    "ISP": "ISPList",
    "Protocol": "ProtocolList",
    "Group": "GroupList",
}


@dataclass(frozen=True)
class Page:
    """The page asked for, from 1."""

    number: int
    size: int


@dataclass(frozen=True)
class Request:
    """A checked request. query is None for an action without times."""

    action: str
    limits: Limits
    params: Params
    query: Query | None
    page: Page | None
    start_text: str
    end_text: str


def read(action: str, params: Params, choices: Choices, now_s: int) -> Request:
    """Check the parameters of an action by its documented limits; raise ApiError."""
    limits = ACTIONS[action]
    if choices.strict:
        for name in params:
            if name not in _params_of(action, limits, choices.edition):
                raise wrong(f"{action} has no parameter {name}")
    for name in limits.required:
        if params.get(name) in (None, ""):
            raise ApiError("MissingParameter", f"{action} needs {name}")
    _check_values(action, params)
    protocols = params.get("ProtocolList")
    if choices.edition != "byteplus" and isinstance(protocols, list) and "CMAF" in protocols:
        raise wrong("CMAF is a protocol of BytePlus alone")
    _check_filters(action, params)
    page = _page(params, limits)
    start_name, end_name = ("StartTime", "EndTime")
    if action == "DescribeClosedStreamInfoByPage":
        start_name, end_name = ("EndTimeFrom", "EndTimeTo")
    if start_name not in limits.params:
        return Request(action, limits, params, None, page, "", "")
    start, end = parse(params[start_name], start_name), parse(params[end_name], end_name)
    width_s = _width(params, limits)
    details = _details(params, limits)
    _check_window(action, limits, start, end, width_s, len(details), now_s)
    query = _query(params, limits, choices, start, end, width_s, details, now_s)
    return Request(
        action, limits, params, query, page, str(params[start_name]), str(params[end_name])
    )


def _params_of(action: str, limits: Limits, edition: str) -> set[str]:
    """The parameters of an action; BytePlus has other ones in two of them."""
    params = set(limits.params)
    if edition == "byteplus" and action == "DescribeLiveStreamSessionData":
        params = params - {"OnlineUserType"} | {"RefererList"}
    if edition == "byteplus" and action == "DescribeLivePullToPushBandwidthData":
        params = params - {"GroupList"} | {"DomainList"}
    if edition == "byteplus":
        params -= {"StreamPriority"}
    return params


def _check_values(action: str, params: Params) -> None:
    for name, value in params.items():
        if name in _LISTS and not (name == "StreamType" and isinstance(value, str)):
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise ApiError("InvalidParam.BindError", f"{name} is not a list of texts")
            allowed = _LISTS[name]
            if allowed is not None and not set(value) <= set(allowed):
                raise wrong(f"{name} takes {', '.join(allowed)}: {value}")
        for key in ((action, name), ("", name)):
            if key in _TEXTS and value not in _TEXTS[key]:
                raise wrong(f"{name} takes {', '.join(_TEXTS[key])}: {value!r}")
    for name, size in (("App", 30), ("Stream", 100)):
        if name in params and not re.fullmatch(
            rf"[A-Za-z0-9_.-]{{1,{size}}}", str(params[name] or "")
        ):
            raise wrong(f"{name} is not a name: {params[name]!r}")
    ips = params.get("Ips")
    if isinstance(ips, list) and len(ips) > 50:
        raise wrong("at most 50 Ips")


def _check_filters(action: str, params: Params) -> None:
    protocols = params.get("ProtocolList")
    if isinstance(protocols, list) and "QUIC" in protocols and len(protocols) > 1:
        raise wrong("QUIC cannot be asked for together with other protocols")
    if params.get("RegionList") and params.get("UserRegionList"):
        raise wrong("RegionList and UserRegionList exclude each other")
    for name in ("RegionList", "UserRegionList"):
        _check_regions(name, params.get(name))
    if "DomainList" in params and "Domain" in params:
        raise wrong("either DomainList or Domain")
    if bool(params.get("App")) != bool(params.get("Stream")) and action not in (
        "DescribeLivePushStreamInfoData",
        "DescribeLiveCallbackData",
        "DescribeClosedStreamInfoByPage",
        "DescribeLiveStreamInfoByPage",
    ):
        raise wrong("App and Stream belong together")
    of_one_stream = ("DescribeLiveStreamSessionData", "DescribeLiveSourceTrafficData")
    if action in of_one_stream and bool(params.get("Domain")) != bool(params.get("App")):
        raise wrong("Domain, App and Stream belong together")
    if action == "DescribeLiveTopPlayData" and params.get("DomainList") and params.get("VhostList"):
        raise wrong("at most one of VhostList and DomainList")
    narrowed = bool(params.get("ISPList") or params.get("UserRegionList"))
    if (
        action == "DescribeLiveStreamCountData"
        and params.get("StreamType") != ["push"]
        and narrowed
    ):
        raise wrong("ISPList and UserRegionList go only with the StreamType push")
    names = params.get("DomainList") or ([params["Domain"]] if params.get("Domain") else [])
    assert isinstance(names, list)
    unknown = set(names) - {domain.name for domain in DOMAINS}
    if unknown:
        raise ApiError("RequestForbidden", f"not a domain of this account: {sorted(unknown)}")


def _check_regions(name: str, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ApiError("InvalidParam.BindError", f"{name} is not a list of regions")
    for one in value:
        if set(one) - {"Area", "Country", "Province"}:
            raise wrong(f"{name}: a region has Area, Country, Province: {one}")
        area, country, province = (one.get(n, "") for n in ("Area", "Country", "Province"))
        if not area or (province and not country):
            raise wrong(f"{name}: Country needs Area, Province needs Area and Country: {one}")
        if not any(
            r[0] == area and country in ("", r[1]) and province in ("", r[2]) for r in REGIONS
        ):
            raise wrong(f"{name}: no such region: {one}")


def _number(value: object, name: str, as_text: bool) -> int:
    if as_text:
        if not isinstance(value, str) or not value.isdigit():
            raise ApiError(
                "InvalidParam.BindError", f"{name} is a number sent as a text: {value!r}"
            )
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ApiError("InvalidParam.BindError", f"{name} is not a number: {value!r}")
    return value


def _page(params: Params, limits: Limits) -> Page | None:
    paging = limits.paging
    if paging is None:
        return None
    as_text = paging.as_text or limits.method == "GET"
    unset = "1" if as_text else 1
    number = _number(params.get("PageNum", unset), "PageNum", as_text)
    default = str(paging.default) if as_text else paging.default
    size = _number(params.get("PageSize", default), "PageSize", as_text)
    if number < 1 or (paging.largest_page is not None and number > paging.largest_page):
        raise wrong(f"PageNum is out of range: {number}")
    if not paging.smallest <= size <= paging.largest:
        raise wrong(f"PageSize is {paging.smallest} to {paging.largest}: {size}")
    return Page(number, size)


def _width(params: Params, limits: Limits) -> int | None:
    if limits.default_width_s is None:
        return None
    width_s = _number(params.get("Aggregation", limits.default_width_s), "Aggregation", False)
    if width_s not in limits.spans:
        raise wrong(f"Aggregation is one of {sorted(limits.spans)}: {width_s}")
    return width_s


def _details(params: Params, limits: Limits) -> tuple[str, ...]:
    value = params.get("DetailField") or []
    if not isinstance(value, list) or len(set(value)) != len(value):
        raise ApiError("InvalidParam.BindError", "DetailField is not a list of different texts")
    if not set(value) <= set(limits.details):
        raise wrong(f"DetailField takes {', '.join(limits.details)}: {value}")
    return tuple(value)


def _check_window(
    action: str,
    limits: Limits,
    start: int,
    end: int,
    width_s: int | None,
    dims: int,
    now_s: int,
) -> None:
    if end < start:
        raise wrong("EndTime is before StartTime")
    longest = limits.longest_s
    if width_s is not None:
        spans = limits.split_spans if limits.split_spans and dims >= 2 else limits.spans
        longest = spans[width_s]
    if longest is not None and end - start > longest:
        raise wrong(f"the window is {end - start} s long, {action} takes {longest} s here")
    if limits.history_days is not None and start < now_s - limits.history_days * DAY_S:
        raise wrong(f"StartTime is older than {limits.history_days} days")
    if action == "DescribeLiveTopPlayData" and (start % 3600 or end % 3600 not in (0, 3599)):
        raise wrong("StartTime and EndTime are full hours")


def _query(
    params: Params,
    limits: Limits,
    choices: Choices,
    start: int,
    end: int,
    width_s: int | None,
    details: tuple[str, ...],
    now_s: int,
) -> Query:
    delay_s = limits.delay_s
    if width_s == 60 and limits.delay_at_60_s is not None:
        delay_s = limits.delay_at_60_s

    def texts(*names: str) -> tuple[str, ...] | None:
        for name in names:
            value = params.get(name)
            if value:
                return tuple(value) if isinstance(value, list) else (str(value),)
        return None

    def regions(name: str) -> tuple[tuple[str, str, str], ...] | None:
        value = params.get(name)
        return regions_of(value) if isinstance(value, list) and value else None

    dims = details
    if limits.details_need_filter:
        least = 1 if choices.single_split else 2
        dims = tuple(d for d in details if len(texts(_FILTER_OF[d]) or ()) >= least)
    domains = texts("DomainList", "Domain")
    for name in ("VhostList", "Vhost"):
        spaces = texts(name)
        if spaces:
            domains = tuple(d.name for d in DOMAINS if d.vhost in spaces)
    return Query(
        start=start,
        stop=end + 1 if choices.end_inclusive else end,
        width_s=width_s or 300,
        domains=domains,
        protocols=texts("ProtocolList"),
        carriers=texts("ISPList"),
        nodes=regions("RegionList"),
        clients=regions("UserRegionList"),
        apps=texts("AppList", "App"),
        streams=texts("StreamList", "Stream"),
        dims=dims,
        options=dict(params),
        now_s=now_s - delay_s,
        choices=choices,
    )
