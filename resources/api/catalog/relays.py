"""What the vendor bills of the account as a whole: relays (pull to push), storage for time shift.

Not here: what is billed by domain (billing.py, processing.py).
"""

from __future__ import annotations

from datetime import timedelta

from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import (
    ColumnType,
    Endpoint,
    ListLevel,
    ResponseTotal,
    RowLayout,
    Scope,
    WindowLimit,
)
from resources.api.catalog.parameters import Parameter, WireType
from resources.api.catalog.shared import (
    APP_WITH_STREAM,
    BILLING_LIMITS,
    DAY,
    DAY_S,
    END,
    GIB_TO_BYTES,
    ONE_APP,
    ONE_STREAM,
    ONLY_DAYS,
    SERIES_DELAY,
    SERIES_DELAY_BY_BUCKET,
    SLOT,
    START,
    YEAR,
    bucket_parameter,
    instant,
    measure,
    split_labels,
    split_parameter,
    time_series_layouts,
)
from resources.api.catalog.vendors import BYTEPLUS

TIME_SHIFT = Endpoint(
    action="DescribeLiveTimeShiftData",
    parameters=(
        Parameter(name="Vhosts", wire_type=WireType.TEXTS, fills_in=True),
        START,
        END,
        bucket_parameter(DAY_S, default=DAY_S),
    ),
    window_limits=ONLY_DAYS,
    stamps_days=True,  # at the start or the end of the day, say two pages
    history=YEAR,
    delay=timedelta(hours=8),  # "the following day, 08:00"
    rate_per_s=100.0,
    absent_on=(BYTEPLUS,),
    rows=RowLayout(
        levels=(
            ListLevel(
                name="TimeShiftDataList",
                fields=(
                    instant(
                        "TimeStamp", "measured_at", "When the storage of the day was measured."
                    ),
                    measure(
                        "Storage", "storage_bytes", "bytes", "Storage for time shift.", GIB_TO_BYTES
                    ),
                ),
            ),
        ),
    ),
)

_RELAY_ROWS, _RELAY_SPLIT = time_series_layouts(
    "PullToPushDetailDataList",
    "PullToPushDataList",
    split_labels("Group"),
    (SLOT, measure("Value", "relay_minutes", "minutes", "Minutes of relaying in the slot.")),
)
_GROUPS = Parameter(
    name="GroupList", wire_type=WireType.TEXTS, fills_in=True, absent_on=(BYTEPLUS,)
)

PULL_TO_PUSH = Endpoint(
    action="DescribeLivePullToPushData",
    parameters=(
        _GROUPS,
        ONE_APP,
        ONE_STREAM,
        START,
        END,
        bucket_parameter(60, 3600, DAY_S, default=DAY_S),
        split_parameter("Group"),
    ),
    constraints=(APP_WITH_STREAM,),
    window_limits=(WindowLimit(bucket_s=60, longest=DAY), *BILLING_LIMITS[1:]),
    history=YEAR,
    delay=SERIES_DELAY,
    delay_by_bucket=SERIES_DELAY_BY_BUCKET,
    rows=_RELAY_ROWS,
    split_rows=_RELAY_SPLIT,
    totals=(ResponseTotal(name="TotalDuration", kind=ColumnType.FLOAT, of="Value"),),
)

_RELAY_MBPS_ROWS, _RELAY_MBPS_SPLIT = time_series_layouts(
    "BandwidthDetailDataList",
    "BandwidthDataList",
    split_labels("Group", "DstAddrType"),
    (SLOT, measure("UpBandwidth", "up_bandwidth_mbps", "Mbps", "Peak upstream in the slot.")),
)

PULL_TO_PUSH_BANDWIDTH = Endpoint(
    action="DescribeLivePullToPushBandwidthData",
    parameters=(
        _GROUPS,
        START,
        END,
        bucket_parameter(300, 3600, DAY_S, default=300),
        split_parameter("Group"),
    ),
    window_limits=BILLING_LIMITS,
    history=YEAR,
    delay=SERIES_DELAY,
    rows=_RELAY_MBPS_ROWS,
    split_rows=_RELAY_MBPS_SPLIT,
    totals=(
        ResponseTotal(name="PeakUpBandwidth", kind=ColumnType.FLOAT, of="UpBandwidth", how="max"),
    ),
)

DATASETS = (
    Dataset(
        name="time_shift",
        endpoint=TIME_SHIFT,
        scope=Scope.WHOLE,
        parameters={"Aggregation": DAY_S},
        event_times=("measured_at", "measured_at"),
        key=("business_date", "measured_at"),
        description="Billed storage for time shift of the whole account, by day.",
        group="billing",
    ),
    Dataset(
        name="pull_to_push",
        endpoint=PULL_TO_PUSH,
        scope=Scope.WHOLE,
        bucket_s=DAY_S,
        key=("slot_start_at",),
        description="Billed minutes of relaying (pull to push) of the whole account, by day.",
        group="billing",
    ),
    Dataset(
        name="pull_to_push_bandwidth",
        endpoint=PULL_TO_PUSH_BANDWIDTH,
        scope=Scope.WHOLE,
        bucket_s=300,
        key=("slot_start_at",),
        description="Billed bandwidth of relaying (pull to push) of the whole account, every 5 minutes.",
        group="billing",
    ),
)
