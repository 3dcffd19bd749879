"""Bandwidth, traffic and requests at the edge."""

from __future__ import annotations

from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import ColumnType, Endpoint, ResponseTotal, Scope
from resources.api.catalog.parameters import Parameter, WireType
from resources.api.catalog.shared import (
    DOMAINS,
    END,
    GB_TO_BYTES,
    ISPS,
    ONE_REGION_KIND,
    PROTOCOLS,
    QUIC_ALONE,
    REGIONS,
    SERIES_DELAY,
    SERIES_DELAY_BY_BUCKET,
    SLOT,
    SPLIT_WINDOW_LIMITS,
    START,
    USER_REGIONS,
    YEAR,
    bucket_parameter,
    measure,
    split_labels,
    split_parameter,
    time_series_layouts,
)

_EDGE_ROWS, _EDGE_SPLIT = time_series_layouts(
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
        bucket_parameter(60, 300, 3600, default=300),
        split_parameter(
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
        Parameter(name="AppList", wire_type=WireType.TEXTS),
        Parameter(name="StreamList", wire_type=WireType.TEXTS),
    ),
    constraints=(QUIC_ALONE, ONE_REGION_KIND),
    window_limits=SPLIT_WINDOW_LIMITS,
    history=YEAR,
    delay=SERIES_DELAY,
    delay_by_bucket=SERIES_DELAY_BY_BUCKET,
    rows=_EDGE_ROWS,
    split_rows=_EDGE_SPLIT,
    totals=(
        ResponseTotal(name="TotalUpTraffic", kind=ColumnType.FLOAT, of="UpTraffic"),
        ResponseTotal(name="TotalDownTraffic", kind=ColumnType.FLOAT, of="DownTraffic"),
        ResponseTotal(name="TotalRequest", kind=ColumnType.FLOAT, of="Request"),
        ResponseTotal(name="PeakUpBandwidth", kind=ColumnType.FLOAT, of="UpBandwidth", how="max"),
        ResponseTotal(
            name="PeakDownBandwidth", kind=ColumnType.FLOAT, of="DownBandwidth", how="max"
        ),
    ),
)

DATASETS = (
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
