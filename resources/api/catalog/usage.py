"""Traffic, status codes and stream counts."""

from __future__ import annotations

from datetime import timedelta

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
    WindowLimit,
)
from resources.api.catalog.parameters import Parameter, RequiresValue, WireType
from resources.api.catalog.shared import (
    DAY,
    DOMAINS,
    END,
    FIVE_MINUTES,
    FULL_STREAM_NAME,
    GB_TO_BYTES,
    ISPS,
    LIST_OR_SINGLE_DOMAIN,
    MONTH,
    ONE_APP,
    ONE_DOMAIN,
    ONE_REGION_KIND,
    ONE_STREAM,
    OTHER_WIDTHS_S,
    PROTOCOLS,
    QUIC_ALONE,
    REGIONS,
    SERIES_DELAY,
    SERIES_DELAY_BY_BUCKET,
    SLOT,
    SPLIT_WINDOW_LIMITS,
    START,
    STREAM_PAGES,
    USER_REGIONS,
    WHOLE_DAY,
    YEAR,
    bucket_parameter,
    count,
    enum_parameter,
    measure,
    page_parameters,
    split_labels,
    split_parameter,
    time_series_layouts,
)
from resources.api.catalog.spelling import Spelling

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
        *page_parameters(100, 1000, 1000),
    ),
    constraints=(QUIC_ALONE, ONE_REGION_KIND),
    window_limits=WHOLE_DAY,
    history=YEAR,
    delay=SERIES_DELAY,
    paging=STREAM_PAGES,
    rows=RowLayout(
        levels=(
            ListLevel(
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
        ResponseTotal(name="TotalUpTraffic", kind=ColumnType.FLOAT, of="UpTraffic"),
        ResponseTotal(name="TotalDownTraffic", kind=ColumnType.FLOAT, of="DownTraffic"),
    ),
)

_SOURCE_ROWS, _SOURCE_SPLIT = time_series_layouts(
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
    null_result=True,
    parameters=(
        DOMAINS,
        ONE_DOMAIN,
        ONE_APP,
        ONE_STREAM,
        ISPS,
        USER_REGIONS,
        START,
        END,
        bucket_parameter(60, 300, 3600, default=300),
        split_parameter("Domain", "ISP"),
    ),
    constraints=(LIST_OR_SINGLE_DOMAIN, FULL_STREAM_NAME),
    window_limits=SPLIT_WINDOW_LIMITS,
    history=YEAR,
    delay=SERIES_DELAY,
    delay_by_bucket=SERIES_DELAY_BY_BUCKET,
    rows=_SOURCE_ROWS,
    split_rows=_SOURCE_SPLIT,
    totals=(
        ResponseTotal(name="TotalTraffic", kind=ColumnType.FLOAT, of="Traffic"),
        ResponseTotal(name="PeakBandwidth", kind=ColumnType.FLOAT, of="Bandwidth", how="max"),
    ),
)

_CODES = ListLevel(
    name="StatusSummaryDataList",
    fields=(
        Field(
            name="StatusCode",
            kind=ColumnType.INTEGER,
            column="status_code",
            required=False,
            comment="HTTP-like status code.",
        ),
        count("Value", "status_count", "responses", "How often it occurred.", required=False),
        Field(
            name="Percent",
            kind=ColumnType.FLOAT,
            column="share_percent",
            unit="%",
            required=False,
            comment="Share among all codes of the slot, 0 to 100, as the vendor gives it. "
            "Compute rates from status_count; never average this.",
        ),
    ),
)
_CODE_SLOTS = ListLevel(name="StatusDataList", fields=(SLOT,))

STATUS = Endpoint(
    action="DescribeLivePlayStatusCodeData",
    parameters=(
        DOMAINS,
        ISPS,
        REGIONS,
        USER_REGIONS,
        START,
        END,
        bucket_parameter(60, 300, 3600, default=60),
        split_parameter("Domain", "ISP"),
        enum_parameter("Type", "Access", "Access", "Source"),
    ),
    constraints=(ONE_REGION_KIND,),
    window_limits=(
        WindowLimit(bucket_s=60, longest=DAY),
        WindowLimit(bucket_s=300, longest=MONTH),
        WindowLimit(bucket_s=3600, longest=timedelta(days=93)),
    ),
    history=YEAR,
    delay=SERIES_DELAY,
    rows=RowLayout(levels=(_CODE_SLOTS, _CODES)),
    split_rows=RowLayout(
        levels=(
            ListLevel(
                name="StatusDetailDataList",
                fields=split_labels("Domain", "ISP"),
                required=False,
            ),
            ListLevel(name="StatusDataList", fields=(SLOT,), required=False),
            _CODES,
        )
    ),
    ignored_lists=(_CODES,),  # the same distribution over the whole window
    listed_totals=((_CODES.name, "Value"),),
)

_COUNT_ROWS, _COUNT_SPLIT = time_series_layouts(
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
        bucket_parameter(60, 300, 3600, default=300),
        split_parameter("Domain", "ISP"),
        Parameter(
            name="StreamType",
            wire_type=WireType.TEXTS,
            allowed=("push", "relay-source", "transcode"),
            spelling=Spelling.ANY_CASE,
            fills_in=True,
        ),
        ISPS,
        USER_REGIONS,
    ),
    constraints=(
        RequiresValue(names=("ISPList", "UserRegionList"), other="StreamType", value="push"),
    ),
    window_limits=SPLIT_WINDOW_LIMITS,
    history=YEAR,
    delay=FIVE_MINUTES,
    rows=_COUNT_ROWS,
    split_rows=_COUNT_SPLIT,
    totals=(
        ResponseTotal(
            name="PeakCount", kind=ColumnType.INTEGER, of="PeakCount", how="max", in_splits=False
        ),
    ),
)

DATASETS = (
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
        role=DomainRole.PULL,
        bucket_s=300,
        other_widths_s=OTHER_WIDTHS_S,
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
        other_widths_s=OTHER_WIDTHS_S,
        split=("Domain", "ISP"),
        variants=({"Type": "Access"}, {"Type": "Source"}),
        required_variants=("Access",),
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
        other_widths_s=OTHER_WIDTHS_S,
        split=("Domain",),
        variants=tuple({"StreamType": [t]} for t in ("push", "relay-source", "transcode")),
        required_variants=("push",),
        variant_columns={"StreamType": "stream_type"},
        variant_comments={
            "StreamType": "push, relay-source or transcode. Peaks of types do not add up."
        },
        key=("domain", "stream_type", "slot_start_at"),
        description="Most concurrent streams by domain and type, every 5 minutes or as set.",
    ),
)
