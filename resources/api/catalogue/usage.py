"""Viewers, traffic, status codes and stream counts."""

from __future__ import annotations

from datetime import timedelta

from resources.api.catalogue.columns import APP, DOMAIN, STREAM
from resources.api.catalogue.model import (
    Dataset,
    Endpoint,
    Field,
    Kind,
    Layout,
    Level,
    OnlyWith,
    Parameter,
    Role,
    Scope,
    Span,
    Total,
    Wire,
)
from resources.api.catalogue.parts import (
    DAY,
    DOMAINS,
    END,
    GB_TO_BYTES,
    ISPS,
    LIST_OR_ONE,
    MONTH,
    ONE_APP,
    ONE_DOMAIN,
    ONE_REGION_KIND,
    ONE_STREAM,
    PROTOCOLS,
    QUIC_ALONE,
    REGIONS,
    SERIES_DELAY,
    SERIES_DELAY_BY_BUCKET,
    SLOT,
    SPLIT_SPANS,
    START,
    STREAM_PAGES,
    STREAM_WHOLE,
    USER_REGIONS,
    WHOLE_DAY,
    YEAR,
    aggregation,
    choice,
    count,
    detail,
    measure,
    pages,
    series,
    split_labels,
)

_FIVE_MINUTES = timedelta(minutes=5)
_WIDTHS = (60, 3600)
"""Beside 300 s, where nothing is made of 5-minute points: bandwidth, billed ones too, is."""

_SESSION_ROWS, _SESSION_SPLIT = series(
    "SessionDetailDataList",
    "SessionDataList",
    split_labels("Domain", "ISP", "Protocol"),
    (
        SLOT,
        count("OnlineUser", "online_users", "users", "Peak of concurrent viewers in the slot."),
        count("Request", "requests", "requests", "Requests in the slot."),
    ),
)

SESSION = Endpoint(
    action="DescribeLiveStreamSessionData",
    parameters=(
        DOMAINS,
        ONE_DOMAIN,
        ONE_APP,
        ONE_STREAM,
        PROTOCOLS,
        ISPS,
        REGIONS,
        START,
        END,
        aggregation(60, 300, 3600, default=300),
        detail("Domain", "ISP", "Protocol"),
        choice(
            "OnlineUserType",
            "Online",
            "Online",
            "Viewer",
            "ClientIP",
            echoed=False,
            on_byteplus=False,
        ),
    ),
    constraints=(LIST_OR_ONE, STREAM_WHOLE, QUIC_ALONE),
    spans=SPLIT_SPANS,
    history=YEAR,
    delay=SERIES_DELAY,
    delay_by_bucket=SERIES_DELAY_BY_BUCKET,
    rows=_SESSION_ROWS,
    split_rows=_SESSION_SPLIT,
    totals=(
        Total(name="TotalRequest", kind=Kind.INTEGER, of="Request"),
        Total(name="PeakOnlineUser", kind=Kind.INTEGER, of="OnlineUser", how="max"),
    ),
)

BATCH_SESSION = Endpoint(
    action="DescribeLiveBatchStreamSessionData",
    on_byteplus=False,
    parameters=(
        DOMAINS,
        PROTOCOLS,
        ISPS,
        REGIONS,
        START,
        END,
        *pages(100, 1000, 1000),
        choice("OnlineUserType", "Viewer", "Online", "Viewer", echoed=False),
    ),
    constraints=(QUIC_ALONE,),
    spans=WHOLE_DAY,
    history=YEAR,
    delay=_FIVE_MINUTES,
    paging=STREAM_PAGES,
    rows=Layout(
        levels=(
            Level(
                name="StreamInfoList",
                fields=(
                    DOMAIN,
                    APP,
                    STREAM,
                    count("PeakOnlineUser", "peak_online_users", "users", "Peak of the day."),
                    count("TotalRequest", "requests", "requests", "Requests of the day."),
                ),
            ),
        ),
    ),
    totals=(
        Total(name="TotalRequest", kind=Kind.INTEGER, of="TotalRequest"),
        Total(name="PeakOnlineUser", kind=Kind.INTEGER),  # peaks of streams do not add up
    ),
)

BATCH_TRAFFIC = Endpoint(
    action="DescribeLiveBatchStreamTrafficData",
    parameters=(
        DOMAINS,
        PROTOCOLS,
        ISPS,
        REGIONS,
        USER_REGIONS,
        START,
        END,
        *pages(100, 1000, 1000),
    ),
    constraints=(QUIC_ALONE, ONE_REGION_KIND),
    spans=WHOLE_DAY,
    history=YEAR,
    delay=SERIES_DELAY,
    paging=STREAM_PAGES,
    rows=Layout(
        levels=(
            Level(
                name="StreamInfoList",
                fields=(
                    DOMAIN,
                    APP,
                    STREAM,
                    measure(
                        "UpTraffic", "up_traffic_bytes", "bytes", "Upstream traffic.", GB_TO_BYTES
                    ),
                    measure(
                        "DownTraffic",
                        "down_traffic_bytes",
                        "bytes",
                        "Downstream traffic.",
                        GB_TO_BYTES,
                    ),
                ),
            ),
        ),
    ),
    totals=(
        Total(name="TotalUpTraffic", kind=Kind.FLOAT, of="UpTraffic"),
        Total(name="TotalDownTraffic", kind=Kind.FLOAT, of="DownTraffic"),
    ),
)

_SOURCE_ROWS, _SOURCE_SPLIT = series(
    "TrafficDetailDataList",
    "TrafficDataList",
    split_labels("Domain", "ISP"),
    (
        SLOT,
        measure("Bandwidth", "origin_bandwidth_mbps", "Mbps", "Peak from the origin in the slot."),
        measure(
            "Traffic", "origin_traffic_bytes", "bytes", "Traffic from the origin.", GB_TO_BYTES
        ),
    ),
)

SOURCE_TRAFFIC = Endpoint(
    action="DescribeLiveSourceTrafficData",
    parameters=(
        DOMAINS,
        ONE_DOMAIN,
        ONE_APP,
        ONE_STREAM,
        ISPS,
        USER_REGIONS,
        START,
        END,
        aggregation(60, 300, 3600, default=300),
        detail("Domain", "ISP"),
    ),
    constraints=(LIST_OR_ONE, STREAM_WHOLE),
    spans=SPLIT_SPANS,
    history=YEAR,
    delay=SERIES_DELAY,
    delay_by_bucket=SERIES_DELAY_BY_BUCKET,
    rows=_SOURCE_ROWS,
    split_rows=_SOURCE_SPLIT,
    totals=(
        Total(name="TotalTraffic", kind=Kind.FLOAT, of="Traffic"),
        Total(name="PeakBandwidth", kind=Kind.FLOAT, of="Bandwidth", how="max"),
    ),
)

_CODES = Level(
    name="StatusSummaryDataList",
    fields=(
        Field(
            name="StatusCode",
            kind=Kind.INTEGER,
            column="status_code",
            required=False,
            comment="HTTP-like status code.",
        ),
        count("Value", "status_count", "responses", "How often it occurred.", required=False),
        Field(
            name="Percent",
            kind=Kind.FLOAT,
            column="share_percent",
            unit="%",
            required=False,
            comment="Share among all codes of the slot, 0 to 100, as the vendor gives it. "
            "Compute rates from status_count; never average this.",
        ),
    ),
)
_CODE_SLOTS = Level(name="StatusDataList", fields=(SLOT,))

STATUS = Endpoint(
    action="DescribeLivePlayStatusCodeData",
    parameters=(
        DOMAINS,
        ISPS,
        REGIONS,
        USER_REGIONS,
        START,
        END,
        aggregation(60, 300, 3600, default=60),
        detail("Domain", "ISP"),
        choice("Type", "Access", "Access", "Source"),
    ),
    constraints=(ONE_REGION_KIND,),
    spans=(
        Span(bucket_s=60, longest=DAY),
        Span(bucket_s=300, longest=MONTH),
        Span(bucket_s=3600, longest=timedelta(days=93)),
    ),
    history=YEAR,
    delay=SERIES_DELAY,
    rows=Layout(levels=(_CODE_SLOTS, _CODES)),
    split_rows=Layout(
        levels=(
            Level(
                name="StatusDetailDataList",
                fields=split_labels("Domain", "ISP"),
                required=False,
            ),
            Level(name="StatusDataList", fields=(SLOT,), required=False),
            _CODES,
        )
    ),
    nested=(_CODES,),  # the same distribution over the whole window
)

_COUNT_ROWS, _COUNT_SPLIT = series(
    "StreamDetailDataList",
    "TotalStreamDataList",
    split_labels("Domain"),
    (SLOT, count("PeakCount", "peak_streams", "streams", "Most concurrent streams in the slot.")),
)

STREAM_COUNT = Endpoint(
    action="DescribeLiveStreamCountData",
    parameters=(
        DOMAINS,
        START,
        END,
        aggregation(60, 300, 3600, default=300),
        detail("Domain", "ISP"),
        Parameter(
            name="StreamType", wire=Wire.TEXTS, allowed=("push", "relay-source", "transcode")
        ),
        ISPS,
        USER_REGIONS,
    ),
    constraints=(OnlyWith(names=("ISPList", "UserRegionList"), other="StreamType", value="push"),),
    spans=SPLIT_SPANS,
    history=YEAR,
    delay=_FIVE_MINUTES,
    rows=_COUNT_ROWS,
    split_rows=_COUNT_SPLIT,
    totals=(
        Total(name="PeakCount", kind=Kind.INTEGER, of="PeakCount", how="max", in_splits=False),
    ),
)

_EDGE_ROWS, _EDGE_SPLIT = series(
    "EdgeStatDetailDataList",
    "EdgeStatDataList",
    split_labels(
        "Domain",
        "ISP",
        "Protocol",
        "Area",
        "Country",
        "Province",
        "UserArea",
        "UserCountry",
        "UserProvince",
    ),
    (
        SLOT,
        measure("UpBandwidth", "up_bandwidth_mbps", "Mbps", "Peak upstream in the slot."),
        measure("DownBandwidth", "down_bandwidth_mbps", "Mbps", "Peak downstream in the slot."),
        measure("UpTraffic", "up_traffic_bytes", "bytes", "Upstream traffic.", GB_TO_BYTES),
        measure("DownTraffic", "down_traffic_bytes", "bytes", "Downstream traffic.", GB_TO_BYTES),
        measure("Request", "requests", "requests", "Requests in the slot."),
    ),
)

EDGE = Endpoint(
    action="DescribeLiveEdgeStatData",
    parameters=(
        DOMAINS,
        PROTOCOLS,
        ISPS,
        REGIONS,
        USER_REGIONS,
        START,
        END,
        aggregation(60, 300, 3600, default=300),
        detail(
            "Domain",
            "Protocol",
            "ISP",
            "Area",
            "Country",
            "Province",
            "UserArea",
            "UserCountry",
            "UserProvince",
        ),
        Parameter(name="AppList", wire=Wire.TEXTS),
        Parameter(name="StreamList", wire=Wire.TEXTS),
    ),
    constraints=(QUIC_ALONE, ONE_REGION_KIND),
    spans=SPLIT_SPANS,
    history=YEAR,
    delay=SERIES_DELAY,
    delay_by_bucket=SERIES_DELAY_BY_BUCKET,
    rows=_EDGE_ROWS,
    split_rows=_EDGE_SPLIT,
    totals=(
        Total(name="TotalUpTraffic", kind=Kind.FLOAT, of="UpTraffic"),
        Total(name="TotalDownTraffic", kind=Kind.FLOAT, of="DownTraffic"),
        Total(name="TotalRequest", kind=Kind.FLOAT, of="Request"),
        Total(name="PeakUpBandwidth", kind=Kind.FLOAT, of="UpBandwidth", how="max"),
        Total(name="PeakDownBandwidth", kind=Kind.FLOAT, of="DownBandwidth", how="max"),
    ),
)

_ONLINE_COMMENT = (
    "How viewers are counted: Online (open sessions), Viewer (sessions seen in the minute), "
    "ClientIP (distinct addresses). Never mix them."
)

DATASETS = (
    Dataset(
        name="stream_session",
        endpoint=SESSION,
        scope=Scope.DOMAINS,
        role=Role.PULL,
        bucket_s=300,
        widths=_WIDTHS,
        split=("Domain", "ISP"),
        variants=tuple({"OnlineUserType": t} for t in ("Online", "Viewer", "ClientIP")),
        relied_on=("Online",),
        variant_columns={"OnlineUserType": "online_user_type"},
        variant_comments={"OnlineUserType": _ONLINE_COMMENT},
        key=("domain", "isp", "online_user_type", "slot_start_at"),
        description="Viewers and requests by domain and carrier, every 5 minutes or as set. Peaks of "
        "carriers do not add up: see stream_session_by_domain for a domain's viewers.",
    ),
    Dataset(
        name="stream_session_by_domain",
        endpoint=SESSION,
        scope=Scope.DOMAINS,
        role=Role.PULL,
        bucket_s=300,
        widths=_WIDTHS,
        split=("Domain",),
        variants=tuple({"OnlineUserType": t} for t in ("Online", "Viewer", "ClientIP")),
        relied_on=("Online",),
        variant_columns={"OnlineUserType": "online_user_type"},
        variant_comments={"OnlineUserType": _ONLINE_COMMENT},
        key=("domain", "online_user_type", "slot_start_at"),
        description="Viewers and requests by domain, every 5 minutes or as set.",
    ),
    Dataset(
        name="batch_stream_session",
        endpoint=BATCH_SESSION,
        scope=Scope.DOMAINS,
        role=Role.PULL,
        variants=({"OnlineUserType": "Online"}, {"OnlineUserType": "Viewer"}),
        relied_on=("Online",),
        variant_columns={"OnlineUserType": "online_user_type"},
        variant_comments={"OnlineUserType": _ONLINE_COMMENT},
        key=("business_date", "domain", "app", "stream", "online_user_type"),
        description="Peak viewers and requests of each stream and day.",
    ),
    Dataset(
        name="batch_stream_traffic",
        endpoint=BATCH_TRAFFIC,
        scope=Scope.DOMAINS,
        key=("business_date", "domain", "app", "stream"),
        description="Traffic of each stream and day.",
    ),
    Dataset(
        name="source_traffic",
        endpoint=SOURCE_TRAFFIC,
        scope=Scope.DOMAINS,
        role=Role.PULL,
        bucket_s=300,
        widths=_WIDTHS,
        split=("Domain", "ISP"),
        key=("domain", "isp", "slot_start_at"),
        description="Traffic pulled from the origins, by domain and carrier, every 5 minutes or as "
        "set.",
    ),
    Dataset(
        name="play_status_code",
        endpoint=STATUS,
        scope=Scope.DOMAINS,
        bucket_s=300,
        widths=_WIDTHS,
        split=("Domain", "ISP"),
        variants=({"Type": "Access"}, {"Type": "Source"}),
        relied_on=("Access",),
        variant_columns={"Type": "request_type"},
        variant_comments={
            "Type": "Access: pushes and plays. Source: requests to the origin. Never mix the two."
        },
        key=("domain", "isp", "request_type", "slot_start_at", "status_code"),
        description="Status codes by domain and carrier, every 5 minutes or as set.",
    ),
    Dataset(
        name="stream_count",
        endpoint=STREAM_COUNT,
        scope=Scope.DOMAINS,
        bucket_s=300,
        widths=_WIDTHS,
        split=("Domain",),
        variants=tuple({"StreamType": [t]} for t in ("push", "relay-source", "transcode")),
        relied_on=("push",),
        variant_columns={"StreamType": "stream_type"},
        variant_comments={
            "StreamType": "push, relay-source or transcode. Peaks of types do not add up."
        },
        key=("domain", "stream_type", "slot_start_at"),
        description="Most concurrent streams by domain and type, every 5 minutes or as set.",
    ),
    Dataset(
        name="edge_stat",
        endpoint=EDGE,
        scope=Scope.DOMAINS,
        bucket_s=300,
        split=("Domain", "ISP"),
        key=("domain", "isp", "slot_start_at"),
        description="Bandwidth, traffic and requests at the edge by domain and carrier, every "
        "5 minutes. Monitoring data, not the billed usage.",
    ),
    Dataset(
        name="edge_stat_by_protocol",
        endpoint=EDGE,
        scope=Scope.DOMAINS,
        bucket_s=300,
        split=("Domain", "Protocol"),
        key=("domain", "protocol", "slot_start_at"),
        description="Bandwidth, traffic and requests at the edge by domain and protocol, every 5 "
        "minutes. QUIC overlaps the others: the sum over protocols exceeds the total.",
    ),
    Dataset(
        name="edge_stat_by_region",
        endpoint=EDGE,
        scope=Scope.DOMAINS,
        bucket_s=300,
        split=("Domain", "UserArea", "UserCountry"),
        key=("domain", "user_area", "user_country", "slot_start_at"),
        description="Bandwidth, traffic and requests at the edge by domain and the client's area "
        "and country, every 5 minutes.",
    ),
)
