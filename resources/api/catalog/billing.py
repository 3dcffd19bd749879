"""What the vendor bills of delivery: traffic and bandwidth.

Not here: billed transcoding, recording and pictures (processing.py), relays (relays.py); monitoring
data of the same things (edge.py, usage.py, events.py), which may differ from the bill.
"""

from __future__ import annotations

from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import (
    ColumnType,
    Endpoint,
    ResponseTotal,
    Scope,
    WindowLimit,
    the_answer,
)
from resources.api.catalog.shared import (
    BILLING_LIMITS,
    DAY_S,
    DOMAINS,
    END,
    GB_TO_BYTES,
    ISPS,
    ONE_REGION_KIND,
    PROTOCOLS,
    QUARTER,
    QUIC_ALONE,
    REGIONS,
    SERIES_DELAY,
    SLOT,
    START,
    USER_REGIONS,
    YEAR,
    bucket_parameter,
    instant,
    measure,
    split_labels,
    split_parameter,
    time_series_layouts,
)

_TRAFFIC_ROWS, _TRAFFIC_SPLIT = time_series_layouts(
    "TrafficDetailDataList",
    "TrafficDataList",
    split_labels("Domain", "ISP", "Protocol"),
    (
        SLOT,
        measure("UpTraffic", "up_traffic_bytes", "bytes", "Upstream traffic.", GB_TO_BYTES),
        measure("DownTraffic", "down_traffic_bytes", "bytes", "Downstream traffic.", GB_TO_BYTES),
    ),
)

TRAFFIC = Endpoint(
    action="DescribeLiveTrafficData",
    parameters=(
        DOMAINS,
        PROTOCOLS,
        ISPS,
        REGIONS,
        USER_REGIONS,
        START,
        END,
        bucket_parameter(300, 3600, DAY_S, default=300),
        split_parameter("Domain", "ISP", "Protocol"),
    ),
    constraints=(QUIC_ALONE, ONE_REGION_KIND),
    window_limits=BILLING_LIMITS,
    history=YEAR,
    delay=SERIES_DELAY,
    rows=_TRAFFIC_ROWS,
    split_rows=_TRAFFIC_SPLIT,
    totals=(
        ResponseTotal(name="TotalUpTraffic", kind=ColumnType.FLOAT, of="UpTraffic"),
        ResponseTotal(name="TotalDownTraffic", kind=ColumnType.FLOAT, of="DownTraffic"),
    ),
)

_BANDWIDTH_ROWS, _BANDWIDTH_SPLIT = time_series_layouts(
    "BandwidthDetailDataList",
    "BandwidthDataList",
    split_labels("Domain", "ISP", "Protocol"),
    (
        SLOT,
        measure("UpBandwidth", "up_bandwidth_mbps", "Mbps", "Peak upstream in the slot."),
        measure("DownBandwidth", "down_bandwidth_mbps", "Mbps", "Peak downstream in the slot."),
    ),
)

BANDWIDTH = Endpoint(
    action="DescribeLiveBandwidthData",
    parameters=TRAFFIC.parameters,
    constraints=TRAFFIC.constraints,
    window_limits=BILLING_LIMITS,
    history=YEAR,
    delay=SERIES_DELAY,
    rows=_BANDWIDTH_ROWS,
    split_rows=_BANDWIDTH_SPLIT,
    totals=(
        ResponseTotal(name="PeakUpBandwidth", kind=ColumnType.FLOAT, of="UpBandwidth", how="max"),
        ResponseTotal(
            name="PeakDownBandwidth", kind=ColumnType.FLOAT, of="DownBandwidth", how="max"
        ),
    ),
)

P95_PEAK = Endpoint(
    action="DescribeLiveP95PeakBandwidthData",
    parameters=(
        DOMAINS,
        PROTOCOLS,
        REGIONS,
        USER_REGIONS,
        START,
        END,
        bucket_parameter(300, default=300),
    ),
    constraints=(QUIC_ALONE, ONE_REGION_KIND),
    window_limits=(WindowLimit(bucket_s=300, longest=QUARTER),),
    history=YEAR,
    delay=SERIES_DELAY,
    rows=the_answer(
        instant("P95PeakTimestamp", "p95_at", "Point of the percentile.", required=False),
        measure(
            "P95PeakBandwidth",
            "p95_total_mbps",
            "Mbps",
            "95th percentile of upstream plus downstream from the start of the month to the end of "
            "the day, as the vendor works it out.",
        ),
    ),
)

DATASETS = (
    Dataset(
        name="traffic",
        endpoint=TRAFFIC,
        scope=Scope.DOMAINS,
        bucket_s=300,
        split=("Domain",),
        key=("domain", "slot_start_at"),
        description="Billed traffic by domain, every 5 minutes. What the edge measured is in "
        "edge_stat, and may differ.",
        group="billing",
    ),
    Dataset(
        name="bandwidth",
        endpoint=BANDWIDTH,
        scope=Scope.DOMAINS,
        bucket_s=300,
        split=("Domain",),
        key=("domain", "slot_start_at"),
        description="Billed bandwidth by domain, every 5 minutes: the points of which the bill "
        "takes its 95th percentile or peaks. Those of domains add up in a slot, never over slots.",
        group="billing",
    ),
    Dataset(
        name="p95_peak_bandwidth",
        endpoint=P95_PEAK,
        scope=Scope.ACCOUNT,
        parameters={"Aggregation": 300},
        is_month_to_date=True,
        event_times=("p95_at", "p95_at"),
        key=("business_date", "p95_at"),
        description="The vendor's own 95th percentile of the account, of the month up to each day. That "
        "of the last day is the month's.",
        group="billing",
    ),
)
