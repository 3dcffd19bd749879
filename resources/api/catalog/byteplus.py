"""What only BytePlus has actions for: captions by machine, and the storage of recordings.

Not here: parameters, values and fields that only one vendor has, in actions of both (`absent_on`,
`absent_values`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

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
from resources.api.catalog.parameters import AllOrNone, Parameter, WireType
from resources.api.catalog.shared import (
    BILLING_LIMITS,
    DAY_S,
    DOMAINS,
    END,
    GIB_TO_BYTES,
    ONLY_DAYS,
    SERIES_DELAY,
    SLOT,
    START,
    YEAR,
    bucket_parameter,
    instant,
    measure,
    text,
)
from resources.api.catalog.vendors import VOLCENGINE

_LANGUAGES = ("ZH", "EN", "JA", "KO")
_MINUTES = measure(
    "Duration", "caption_minutes", "minutes", "Minutes of speech that were captioned in the slot."
)

ASR_DURATION = Endpoint(
    action="DescribeLiveASRDurationData",
    absent_on=(VOLCENGINE,),
    parameters=(
        DOMAINS,
        Parameter(name="AppList", wire_type=WireType.TEXTS, fills_in=True),
        Parameter(name="ASRSourceType", wire_type=WireType.TEXT, allowed=_LANGUAGES),
        Parameter(
            name="ASRTargetTypeList", wire_type=WireType.TEXTS, allowed=_LANGUAGES, fills_in=True
        ),
        START,
        END,
        bucket_parameter(300, 3600, DAY_S, default=300),
    ),
    constraints=(AllOrNone(names=("ASRSourceType", "ASRTargetTypeList")),),
    window_limits=BILLING_LIMITS,
    history=YEAR,
    delay=SERIES_DELAY,  # undocumented, as its sisters
    rows=RowLayout(levels=(ListLevel(name="ASRDurationData", fields=(SLOT, _MINUTES)),)),
    totals=(ResponseTotal(name="Duration", kind=ColumnType.FLOAT, of="Duration"),),
    ignored_lists=(
        ListLevel(
            name="ASRDurationDetailData",  # by language; one of its two labels is a list
            fields=(text("ASRSourceType", None, ""),),
            ignored_lists=(
                ListLevel(name="ASRTargetTypeList"),
                ListLevel(
                    name="ASRDurationData",
                    fields=(
                        text("TimeStamp", None, ""),
                        Field(name="Duration", kind=ColumnType.FLOAT),
                    ),
                ),
            ),
        ),
    ),
)

STORAGE_SPACE = Endpoint(
    action="DescribeLiveStorageSpaceData",
    absent_on=(VOLCENGINE,),
    parameters=(
        Parameter(name="Buckets", wire_type=WireType.TEXTS, fills_in=True),
        START,
        END,
        replace(bucket_parameter(DAY_S, default=DAY_S), echoed=False),
    ),
    ignored_fields=(Field(name="Aggregation", kind=ColumnType.INTEGER),),  # the SDK has a Boolean
    window_limits=ONLY_DAYS,
    stamps_days=True,  # at the end
    history=YEAR,
    delay=timedelta(hours=8),  # undocumented; that of time shift, whose storage it is
    rows=RowLayout(
        levels=(
            ListLevel(
                name="StorageDataList",
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

DATASETS = (
    Dataset(
        name="asr_duration",
        endpoint=ASR_DURATION,
        scope=Scope.DOMAIN,
        role=DomainRole.PUSH,
        bucket_s=300,
        key=("domain", "slot_start_at"),
        description="Billed minutes of speech turned into captions, by domain, every 5 minutes. "
        "BytePlus only.",
        group="billing",
    ),
    Dataset(
        name="storage_space",
        endpoint=STORAGE_SPACE,
        scope=Scope.WHOLE,
        parameters={"Aggregation": DAY_S},
        event_times=("measured_at", "measured_at"),
        key=("business_date", "measured_at"),
        description="Billed storage of the whole account, by day. BytePlus only.",
        group="billing",
    ),
)
