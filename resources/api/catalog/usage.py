"""Traffic, status codes and stream counts."""

from __future__ import annotations

from datetime import timedelta

from resources.api.catalog.columns import APP, DOMAIN, STREAM
from resources.api.catalog.model import (
    ColumnType,
    Dataset,
    Endpoint,
    Field,
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
from resources.api.catalog.shared import (
    DAY,
    DOMAINS,
    END,
    FIVE_MINUTES,
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
    WIDTHS,
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
        Total(name="TotalUpTraffic", kind=ColumnType.FLOAT, of="UpTraffic"),
        Total(name="TotalDownTraffic", kind=ColumnType.FLOAT, of="DownTraffic"),
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
        Total(name="TotalTraffic", kind=ColumnType.FLOAT, of="Traffic"),
        Total(name="PeakBandwidth", kind=ColumnType.FLOAT, of="Bandwidth", how="max"),
    ),
)

_CODES = Level(
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
    delay=FIVE_MINUTES,
    rows=_COUNT_ROWS,
    split_rows=_COUNT_SPLIT,
    totals=(
        Total(
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
        role=Role.PULL,
        bucket_s=300,
        widths=WIDTHS,
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
        widths=WIDTHS,
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
        widths=WIDTHS,
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
)
