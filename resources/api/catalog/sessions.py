"""Viewers and requests."""

from __future__ import annotations

from resources.api.catalog.columns import APP, DOMAIN, STREAM
from resources.api.catalog.model import (
    ColumnType,
    Dataset,
    Endpoint,
    Layout,
    Level,
    Role,
    Scope,
    Total,
)
from resources.api.catalog.shared import (
    DOMAINS,
    END,
    FIVE_MINUTES,
    ISPS,
    LIST_OR_ONE,
    ONE_APP,
    ONE_DOMAIN,
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
    WHOLE_DAY,
    WIDTHS,
    YEAR,
    aggregation,
    choice,
    count,
    detail,
    pages,
    series,
    split_labels,
)
from resources.api.catalog.vendors import BYTEPLUS

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
            absent_on=(BYTEPLUS,),
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
        Total(name="TotalRequest", kind=ColumnType.INTEGER, of="Request"),
        Total(name="PeakOnlineUser", kind=ColumnType.INTEGER, of="OnlineUser", how="max"),
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
        *pages(100, 1000, 1000),
        choice("OnlineUserType", "Viewer", "Online", "Viewer", echoed=False),
    ),
    constraints=(QUIC_ALONE,),
    spans=WHOLE_DAY,
    history=YEAR,
    delay=FIVE_MINUTES,
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
        Total(name="TotalRequest", kind=ColumnType.INTEGER, of="TotalRequest"),
        Total(name="PeakOnlineUser", kind=ColumnType.INTEGER),  # peaks of streams do not add up
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
        widths=WIDTHS,
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
        widths=WIDTHS,
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
)
