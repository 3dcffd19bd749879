"""What the vendor bills of processing: transcoding, recording, screenshots, audits; counts of pushes.

Not here: billed traffic and bandwidth (billing.py); the tasks of transcoding (events.py).
"""

from __future__ import annotations

from datetime import timedelta

from resources.api.catalog.columns import APP, DOMAIN, STREAM
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
from resources.api.catalog.shared import (
    APP_WITH_STREAM,
    BILLING_LIMITS,
    DAY,
    DAY_S,
    DOMAINS,
    END,
    ISPS,
    NO_SPAN_GIVEN,
    ONE_APP,
    ONE_STREAM,
    ONLY_DAYS,
    RESOLUTIONS,
    SERIES_DELAY,
    SLOT,
    START,
    STREAM_PAGES,
    TRANSCODE_TYPES,
    USER_REGIONS,
    YEAR,
    bucket_parameter,
    count,
    measure,
    page_parameters,
    split_labels,
    split_parameter,
    text,
    time_series_layouts,
)
from resources.api.catalog.vendors import BYTEPLUS

TRANSCODE = Endpoint(
    action="DescribeLiveTranscodeData",
    parameters=(
        DOMAINS,
        ONE_APP,
        ONE_STREAM,
        START,
        END,
        bucket_parameter(DAY_S, default=DAY_S),
        TRANSCODE_TYPES,
        RESOLUTIONS,
    ),
    constraints=(APP_WITH_STREAM,),
    window_limits=ONLY_DAYS,
    history=YEAR,
    delay=timedelta(minutes=20),
    rows=RowLayout(
        levels=(
            ListLevel(
                name="TranscodeDataList",
                fields=(
                    SLOT,
                    text("TranscodeType", "transcode_type", "Codec class."),
                    text("Resolution", "resolution", "Resolution tier."),
                    measure("Duration", "transcode_minutes", "minutes", "Minutes of the day."),
                ),
            ),
        ),
    ),
    totals=(ResponseTotal(name="Duration", kind=ColumnType.FLOAT, of="Duration"),),
)

BATCH_TRANSCODE = Endpoint(
    action="DescribeLiveBatchStreamTranscodeData",
    parameters=(DOMAINS, START, END, *page_parameters(100, 1000, 1000)),
    window_limits=NO_SPAN_GIVEN,
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
                    text("Resolution", "resolution", "Resolution tier."),
                    text("VCodec", "transcode_type", "Codec class."),
                    count("Coderate", "transcode_bitrate_kbps", "kbps", "Bitrate of the output."),
                    measure("Duration", "transcode_minutes", "minutes", "Minutes of the day."),
                ),
            ),
        ),
    ),
    totals=(ResponseTotal(name="TotalDuration", kind=ColumnType.FLOAT, of="Duration"),),
)

_RECORD_ROWS, _RECORD_SPLIT = time_series_layouts(
    "RecordDetailDataList",
    "RecordDataList",
    split_labels("Domain"),
    (
        SLOT,
        count(
            "Value", "peak_recorded_streams", "streams", "Most concurrent recordings in the slot."
        ),
    ),
)

RECORD = Endpoint(
    action="DescribeLiveRecordData",
    parameters=(
        DOMAINS,
        ONE_APP,
        ONE_STREAM,
        START,
        END,
        bucket_parameter(300, 3600, DAY_S, default=300),
        split_parameter("Domain"),
    ),
    constraints=(APP_WITH_STREAM,),
    window_limits=BILLING_LIMITS,
    history=YEAR,
    delay=timedelta(hours=7),
    rows=_RECORD_ROWS,
    split_rows=_RECORD_SPLIT,
    totals=(ResponseTotal(name="RecordPeak", kind=ColumnType.INTEGER, of="Value", how="max"),),
)

_SNAPSHOT_ROWS, _SNAPSHOT_SPLIT = time_series_layouts(
    "SnapshotDetailData",
    "SnapshotDataList",
    split_labels("Domain"),
    (SLOT, count("Value", "snapshot_pictures", "pictures", "Screenshots taken in the slot.")),
)

SNAPSHOT = Endpoint(
    action="DescribeLiveSnapshotData",
    parameters=(
        DOMAINS,
        ONE_APP,
        ONE_STREAM,
        START,
        END,
        bucket_parameter(300, 3600, DAY_S, default=DAY_S),
        split_parameter("Domain"),
    ),
    constraints=(APP_WITH_STREAM,),
    window_limits=BILLING_LIMITS,
    history=YEAR,
    delay=SERIES_DELAY,  # undocumented, as its sisters
    rows=_SNAPSHOT_ROWS,
    split_rows=_SNAPSHOT_SPLIT,
    totals=(ResponseTotal(name="Total", kind=ColumnType.INTEGER, of="Value"),),
)

_AUDIT_ROWS, _AUDIT_SPLIT = time_series_layouts(
    "AuditDetailDataList",
    "AuditDataList",
    split_labels("Domain"),
    (SLOT, count("Count", "audited_pictures", "pictures", "Screenshots audited in the slot.")),
)

AUDIT = Endpoint(
    action="DescribeLiveAuditData",
    parameters=(
        DOMAINS,
        START,
        END,
        bucket_parameter(DAY_S, default=DAY_S),
        split_parameter("Domain"),
    ),
    window_limits=ONLY_DAYS,
    history=YEAR,
    delay=SERIES_DELAY,  # undocumented, as its sisters
    absent_on=(BYTEPLUS,),
    rows=_AUDIT_ROWS,
    split_rows=_AUDIT_SPLIT,
    totals=(ResponseTotal(name="TotalCount", kind=ColumnType.INTEGER, of="Count"),),
)

_PUSHES_ROWS, _PUSHES_SPLIT = time_series_layouts(
    "StreamDetailDataList",
    "TotalStreamDataList",
    split_labels("Domain"),
    (SLOT, count("PeakCount", "peak_streams", "streams", "Most concurrent streams in the slot.")),
)

PUSH_STREAM_COUNT = Endpoint(
    action="DescribeLivePushStreamCountData",
    parameters=(
        DOMAINS,
        ISPS,
        USER_REGIONS,
        START,
        END,
        bucket_parameter(60, 300, 3600, DAY_S, default=300),
        split_parameter("Domain"),
    ),
    window_limits=(WindowLimit(bucket_s=60, longest=DAY), *BILLING_LIMITS),
    history=YEAR,
    delay=SERIES_DELAY,  # undocumented, as its sisters
    absent_on=(BYTEPLUS,),
    rows=_PUSHES_ROWS,
    split_rows=_PUSHES_SPLIT,
    totals=(
        ResponseTotal(
            name="PeakCount", kind=ColumnType.INTEGER, of="PeakCount", how="max", in_splits=False
        ),
    ),
)

DATASETS = (
    Dataset(
        name="transcode",
        endpoint=TRANSCODE,
        scope=Scope.DOMAIN,
        bucket_s=DAY_S,
        key=("domain", "slot_start_at", "transcode_type", "resolution"),
        description="Billed transcoding minutes of each day, by domain, codec class and tier.",
        group="billing",
    ),
    Dataset(
        name="batch_stream_transcode",
        endpoint=BATCH_TRANSCODE,
        scope=Scope.DOMAINS,
        key=(
            *("business_date", "domain", "app", "stream"),
            *("resolution", "transcode_type", "transcode_bitrate_kbps"),
        ),
        description="Transcoding minutes of each stream and day, by tier, codec class and bitrate.",
        group="billing",
    ),
    Dataset(
        name="record",
        endpoint=RECORD,
        scope=Scope.DOMAINS,
        bucket_s=300,
        split=("Domain",),
        key=("domain", "slot_start_at"),
        description="Billed recordings by domain, every 5 minutes: the most at one time. Peaks of "
        "domains do not add up.",
        group="billing",
    ),
    Dataset(
        name="snapshot",
        endpoint=SNAPSHOT,
        scope=Scope.DOMAINS,
        bucket_s=DAY_S,
        split=("Domain",),
        key=("domain", "slot_start_at"),
        description="Billed screenshots by domain and day.",
        group="billing",
    ),
    Dataset(
        name="audit",
        endpoint=AUDIT,
        scope=Scope.DOMAINS,
        bucket_s=DAY_S,
        split=("Domain",),
        key=("domain", "slot_start_at"),
        description="Billed audits of screenshots by domain and day.",
        group="billing",
    ),
    Dataset(
        name="push_stream_count",
        endpoint=PUSH_STREAM_COUNT,
        scope=Scope.DOMAINS,
        bucket_s=300,
        split=("Domain",),
        key=("domain", "slot_start_at"),
        description="Most concurrent pushed streams by domain, every 5 minutes. Peaks of domains "
        "do not add up.",
        group="billing",
    ),
)
