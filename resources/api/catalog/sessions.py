"""Viewers and requests."""

from __future__ import annotations

from resources.api.catalog.columns import APP, DOMAIN, STREAM
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import (
    ColumnType,
    DomainRole,
    Endpoint,
    Field,
    ListLevel,
    ResponseTotal,
    RowLayout,
    Scope,
)
from resources.api.catalog.parameters import Parameter, WireType
from resources.api.catalog.shared import (
    DOMAINS,
    END,
    FIVE_MINUTES,
    FULL_STREAM_NAME,
    ISPS,
    LIST_OR_SINGLE_DOMAIN,
    ONE_APP,
    ONE_DOMAIN,
    ONE_STREAM,
    PROTOCOLS,
    QUIC_ALONE,
    REGIONS,
    SERIES_DELAY,
    SERIES_DELAY_BY_BUCKET,
    SLOT,
    SPLIT_WINDOW_LIMITS,
    START,
    STREAM_PAGES,
    WHOLE_DAY,
    YEAR,
    bucket_parameter,
    count,
    enum_parameter,
    page_parameters,
    split_labels,
    split_parameter,
    time_series_layouts,
)
from resources.api.catalog.vendors import BYTEPLUS, VOLCENGINE

_SESSION_ROWS, _SESSION_SPLIT = time_series_layouts(
    "SessionDetailDataList",
    "SessionDataList",
    (
        *split_labels("Domain", "ISP", "Protocol"),
        Field(name="Referer", kind=ColumnType.TEXT, required=False, absent_on=(VOLCENGINE,)),
    ),
    (
        SLOT,
        count("OnlineUser", "online_users", "users", "Peak of concurrent viewers in the slot."),
        count("Request", "requests", "requests", "Requests in the slot."),
        Field(
            name="HitRate",
            kind=ColumnType.FLOAT,
            column="hit_rate",
            unit="rate",
            required=False,
            comment="Requests of the slot that the edge answered by itself, as the vendor writes it: "
            "whether of 1 or of 100 is not documented. BytePlus only, else NULL.",
            absent_on=(VOLCENGINE,),
        ),
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
        bucket_parameter(60, 300, 3600, default=300),
        split_parameter("Domain", "ISP", "Protocol"),
        enum_parameter(
            "OnlineUserType",
            "Online",
            "Online",
            "Viewer",
            "ClientIP",
            echoed=False,
            absent_on=(BYTEPLUS,),
        ),
        Parameter(
            name="RefererList", wire_type=WireType.TEXTS, fills_in=True, absent_on=(VOLCENGINE,)
        ),
    ),
    constraints=(LIST_OR_SINGLE_DOMAIN, FULL_STREAM_NAME, QUIC_ALONE),
    window_limits=SPLIT_WINDOW_LIMITS,
    history=YEAR,
    delay=SERIES_DELAY,
    delay_by_bucket=SERIES_DELAY_BY_BUCKET,
    rows=_SESSION_ROWS,
    split_rows=_SESSION_SPLIT,
    totals=(
        ResponseTotal(name="TotalRequest", kind=ColumnType.INTEGER, of="Request"),
        ResponseTotal(name="PeakOnlineUser", kind=ColumnType.INTEGER, of="OnlineUser", how="max"),
        ResponseTotal(name="TotalHitRate", kind=ColumnType.FLOAT),  # rates do not add up
    ),
)

BATCH_SESSION = Endpoint(
    action="DescribeLiveBatchStreamSessionData",
    absent_on=(BYTEPLUS,),
    parameters=(
        DOMAINS,
        PROTOCOLS,
        ISPS,
        REGIONS,
        START,
        END,
        *page_parameters(100, 1000, 1000),
        enum_parameter("OnlineUserType", "Viewer", "Online", "Viewer", echoed=False),
    ),
    constraints=(QUIC_ALONE,),
    window_limits=WHOLE_DAY,
    history=YEAR,
    delay=FIVE_MINUTES,
    paging=STREAM_PAGES,
    rows=RowLayout(
        levels=(
            ListLevel(
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
        ResponseTotal(name="TotalRequest", kind=ColumnType.INTEGER, of="TotalRequest"),
        ResponseTotal(
            name="PeakOnlineUser", kind=ColumnType.INTEGER
        ),  # peaks of streams do not add up
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
        role=DomainRole.PULL,
        bucket_s=300,
        other_widths_s=(60,),
        distorting_widths_s=(3600,),
        split=("Domain", "ISP"),
        variants=tuple({"OnlineUserType": t} for t in ("Online", "Viewer", "ClientIP")),
        required_variants=("Online",),
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
        role=DomainRole.PULL,
        bucket_s=300,
        other_widths_s=(60,),
        distorting_widths_s=(3600,),
        split=("Domain",),
        variants=tuple({"OnlineUserType": t} for t in ("Online", "Viewer", "ClientIP")),
        required_variants=("Online",),
        variant_columns={"OnlineUserType": "online_user_type"},
        variant_comments={"OnlineUserType": _ONLINE_COMMENT},
        key=("domain", "online_user_type", "slot_start_at"),
        description="Viewers and requests by domain, every 5 minutes or as set.",
    ),
    Dataset(
        name="batch_stream_session",
        endpoint=BATCH_SESSION,
        scope=Scope.DOMAINS,
        role=DomainRole.PULL,
        variants=({"OnlineUserType": "Online"}, {"OnlineUserType": "Viewer"}),
        required_variants=("Online",),
        variant_columns={"OnlineUserType": "online_user_type"},
        variant_comments={"OnlineUserType": _ONLINE_COMMENT},
        key=("business_date", "domain", "app", "stream", "online_user_type"),
        description="Peak viewers and requests of each stream and day.",
    ),
)
