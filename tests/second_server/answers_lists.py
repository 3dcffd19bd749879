"""Answers with pages, rankings, files, and the present state of the account."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace

from tests.second_server import streams, traffic, usage
from tests.second_server.answers_series import put_list, window
from tests.second_server.choices import Choices
from tests.second_server.query import Query
from tests.second_server.request import Request
from tests.second_server.times import stamp
from tests.second_server.traffic import Row
from tests.second_server.world import (
    AREA_NAMES,
    CARRIERS,
    COUNTRY_NAMES,
    DOMAINS,
    REGIONS,
    STREAMS,
    Domain,
    spans,
)

_URL_LIFETIME_S = 3600
_URL_SECRET = b"second-server"


def _paged(request: Request, result: Row, name: str, rows: list[Row], required: bool = True) -> Row:
    """Put the asked page of the rows into the answer, with the paging block."""
    page, query, paging = request.page, request.query, request.limits.paging
    assert page is not None
    assert query is not None
    assert paging is not None
    first = (page.number - 1) * page.size
    put_list(result, name, rows[first : first + page.size], query, required)
    block: Row = {
        paging.page_echo: page.number,
        "PageSize": page.size,
        "TotalCount": len(rows),
    }
    result["Pagination"] = {k: str(v) if paging.as_text else v for k, v in block.items()}
    return result


def _with_times(rows: list[Row], names: tuple[str, ...], offset: str) -> list[Row]:
    return [
        {k: stamp(int(str(v)), offset) if k in names else v for k, v in row.items()} for row in rows
    ]


def _without(rows: list[Row], names: tuple[str, ...]) -> list[Row]:
    return [{k: v for k, v in row.items() if k not in names} for row in rows]


def batch_sessions(request: Request) -> Row:
    """BatchStreamSessionData: the totals belong to all streams together."""
    assert request.query is not None
    result = {**window(request), **traffic.batch_sessions_total(request.query)}
    return _paged(request, result, "StreamInfoList", traffic.batch_sessions(request.query))


def batch_traffic(request: Request) -> Row:
    """BatchStreamTrafficData."""
    assert request.query is not None
    rows = traffic.batch_traffic(request.query)
    result = window(request)
    for way in ("DownTraffic", "UpTraffic"):
        result[f"Total{way}"] = sum(float(str(row[way])) for row in rows)
    return _paged(request, result, "StreamInfoList", rows)


def batch_transcode(request: Request) -> Row:
    """BatchStreamTranscodeData."""
    assert request.query is not None
    rows = usage.transcode_streams(request.query)
    result = {
        **window(request),
        "TotalDuration": sum(float(str(row["Duration"])) for row in rows),
    }
    return _paged(request, result, "StreamInfoList", rows)


def pushes(request: Request) -> Row:
    """PushStreamInfoData: rows without their domain."""
    assert request.query is not None
    rows = _without(streams.pushes(request.query), ("Domain",))
    rows = _with_times(rows, ("StartTime", "EndTime"), request.query.choices.offset)
    return _paged(request, window(request), "PushStreamInfoDataList", rows)


def transcode_tasks(request: Request) -> Row:
    """TranscodeInfoData: rows with neither domain nor app."""
    assert request.query is not None
    rows = _without(usage.transcode_tasks(request.query), ("Domain", "App"))
    rows = _with_times(rows, ("StartTime", "EndTime"), request.query.choices.offset)
    return _paged(request, window(request), "TranscodeInfoDataList", rows)


def top_play(request: Request) -> Row:
    """TopPlayData: a ranking; its filters are echoed always."""
    assert request.query is not None
    query = replace(request.query, options={**request.params})
    result = window(request)
    result.update(
        QueryType=request.params.get("QueryType", "Stream"),
        SortBy=request.params.get("SortBy", "PeakBandwidth"),
        DomainList=request.params.get("DomainList", []),
        VhostList=request.params.get("VhostList", []),
    )
    return _paged(request, result, "DataItemList", traffic.top_play(query))


def callbacks(request: Request) -> Row:
    """CallbackData."""
    assert request.query is not None
    rows = usage.callbacks(request.query)
    rows = _with_times(rows, ("CallbackTime",), request.query.choices.offset)
    return _paged(request, window(request), "CallbackInfoList", rows, required=False)


def log_files(request: Request, base_url: str) -> Row:
    """LogData: files with links that expire after an hour."""
    query = request.query
    assert query is not None
    kind = str(request.params["Type"])
    rows = usage.log_files(query, kind)
    for row in rows:
        row["DownloadUrl"] = signed_url(base_url, kind, str(row["LogName"]), query.now_s or 0)
    rows = _with_times(rows, ("DateTime",), query.choices.offset)
    result = {**window(request), "Type": kind}
    return _paged(request, result, "LogInfoList", rows)


def signed_url(base_url: str, kind: str, name: str, now_s: int) -> str:
    """The link of a log file."""
    expires = now_s + 2 * _URL_LIFETIME_S
    return f"{base_url}/files/{kind}/{name}?expires={expires}&sign={_sign(kind, name, expires)}"


def _sign(kind: str, name: str, expires: int) -> str:
    text = f"{kind}/{name}/{expires}"
    return hmac.new(_URL_SECRET, text.encode(), hashlib.sha256).hexdigest()


def file_of_url(kind: str, name: str, expires: str, sign: str, now_s: int) -> bytes | None:
    """The content of a linked file, or None when the link is wrong or has expired."""
    if not expires.isdigit() or _sign(kind, name, int(expires)) != sign or int(expires) < now_s:
        return None
    now_s -= 3600
    for at in range(now_s // 3600 * 3600, now_s - 33 * 86_400, -3600):
        query = Query(start=at, stop=at + 1, now_s=now_s)
        for row in usage.log_files(query, kind):
            if row["LogName"] == name:
                domain, part = name[: name.index("_")], int(name[:-3].rsplit("_", 1)[1])
                return usage.log_content(kind, domain, at, part, now_s)
    return None


def closed_streams(request: Request) -> Row:
    """ClosedStreamInfoByPage: times in UTC whatever the choice, an approximate total."""
    query, page = request.query, request.page
    assert query is not None
    assert page is not None
    kind = request.params.get("SourceType")
    rows = streams.closed_streams(query, str(kind) if kind else None)
    if request.params.get("Sort") == "asc":
        rows.reverse()
    first = (page.number - 1) * page.size
    items = _with_times(rows[first : first + page.size], ("StartTime", "EndTime"), "Z")
    result: Row = {"RoughCount": len(rows) + query.choices.rough_count_extra}
    put_list(result, "StreamInfoList", items, query, required=False)
    return result


def present_streams(request: Request, choices: Choices, now_s: int) -> Row:
    """StreamInfoByPage: what is online now."""
    page = request.page
    assert page is not None
    rows: list[Row] = []
    for stream in STREAMS:
        domain = stream.push_domain if stream.source == "push" else stream.pull_domain
        values = {
            "Vhost": stream.vhost,
            "Domain": domain,
            "App": stream.app,
            "Stream": stream.name,
            "SourceType": stream.source,
        }
        wanted = {k: request.params[k] for k in values if request.params.get(k)}
        if not stream.source or any(values[k] != v for k, v in wanted.items()):
            continue
        for span in spans(stream, now_s, now_s + 1):
            start = stamp(span.start, "Z").replace("Z", ".000Z")
            rows.append({"ID": stream.number + 1000, "SessionStartTime": start, **values})
    first = (page.number - 1) * page.size
    result: Row = {"RoughCount": len(rows) + choices.rough_count_extra}
    put_list(result, "StreamInfoList", rows[first : first + page.size], _empty(choices), False)
    return result


def _empty(choices: Choices) -> Query:
    return Query(0, 0, choices=choices)


def regions(_request: Request, choices: Choices) -> Row:
    """RegionData: areas, countries, provinces (only in China)."""
    areas: list[Row] = []
    for area in dict.fromkeys(region[0] for region in REGIONS):
        countries: list[Row] = []
        for country in dict.fromkeys(r[1] for r in REGIONS if r[0] == area):
            names = [r[2] for r in REGIONS if r[:2] == (area, country) and r[2]]
            provinces: object = [{"Code": name, "Name": f"{name} province"} for name in names]
            if not names and choices.provinces_null:
                provinces = None
            countries.append(
                {"Code": country, "Name": COUNTRY_NAMES[country], "Provinces": provinces}
            )
        areas.append({"Code": area, "Name": AREA_NAMES[area], "Countries": countries})
    return {"Areas": areas}


def carriers(_request: Request, _choices: Choices) -> Row:
    """ISPData."""
    return {"ISPList": [{"Code": code, "Name": name} for code, name in CARRIERS.items()]}


def ip_info(request: Request, _choices: Choices) -> Row:
    """IpInfo: nodes of the vendor have 198.51.100 addresses; what is abroad has only dashes."""
    ips = request.params["Ips"]
    assert isinstance(ips, list)
    rows: list[Row] = []
    for ip in ips:
        is_node = str(ip).startswith("198.51.100.")
        known = is_node or str(ip).startswith("203.0.113.")
        rows.append(
            {
                "Ip": ip,
                "LiveCdnIp": is_node,
                "Location": "China" if known else "-",
                "Province": "Beijing" if known else "-",
                "City": "Beijing" if known else "-",
                "Isp": "telecom" if known else "-",
            }
        )
    return {"List": rows}


def domain_row(domain: Domain, choices: Choices) -> Row:
    """One row of ListDomainDetail."""
    return {
        "Domain": domain.name,
        "Vhost": domain.vhost,
        "Type": "push" if domain.kind == "push" else choices.pull_type,
        "Status": domain.status,
        "Region": "cn",
        "CNAME": f"{domain.name}.cdn.example.net",
        "CnameCheck": 1,
        "DomainCheck": 0,
        "ICPCheck": 1,
        "HTTP2": domain.kind == "pull",
        "CertDomain": "*.example.com",
        "ChainID": "chain-1",
        "CreateTime": domain.created,
        "ProjectName": "default",
        "PushDomain": domain.push_domain,
        "Tags": [{"Category": "Custom", "Key": "team", "Value": domain.vhost}],
    }


def domains(request: Request, choices: Choices) -> Row:
    """ListDomainDetail: with no filter on the status, deleted domains are listed too."""
    page, params = request.page, request.params
    assert page is not None
    rows = [domain_row(domain, choices) for domain in DOMAINS]
    for name, field in (
        ("DomainNameList", "Domain"),
        ("DomainStatusList", "Status"),
        ("DomainTypeList", "Type"),
        ("DomainRegionList", "Region"),
        ("VhostList", "Vhost"),
    ):
        wanted = params.get(name)
        if wanted:
            assert isinstance(wanted, list)
            rows = [row for row in rows if row[field] in wanted]
    first = (page.number - 1) * page.size
    result: Row = {"Total": len(rows)}
    put_list(result, "DomainList", rows[first : first + page.size], _empty(choices), False)
    return result


PAGED: dict[str, Callable[[Request], Row]] = {
    "DescribeLiveBatchStreamSessionData": batch_sessions,
    "DescribeLiveBatchStreamTrafficData": batch_traffic,
    "DescribeLiveBatchStreamTranscodeData": batch_transcode,
    "DescribeLivePushStreamInfoData": pushes,
    "DescribeLiveTranscodeInfoData": transcode_tasks,
    "DescribeLiveTopPlayData": top_play,
    "DescribeLiveCallbackData": callbacks,
    "DescribeClosedStreamInfoByPage": closed_streams,
}
PRESENT: dict[str, Callable[[Request, Choices], Row]] = {
    "DescribeLiveRegionData": regions,
    "DescribeLiveISPData": carriers,
    "DescribeIpInfo": ip_info,
    "ListDomainDetail": domains,
}
