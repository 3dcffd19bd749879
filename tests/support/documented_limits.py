"""The limits of the API, transcribed by hand from the vendor's documentation and SDKs.

The catalog and the simulator are tested against this table. It shares nothing with them: where
all three agree, two people would have had to misread a page in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

H, D = 3600, 86_400  # seconds


@dataclass(frozen=True, kw_only=True)
class Documented:
    """One action. Times in seconds."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    rate: int | None = 30  # calls per second
    history_days: int | None = None
    window_limits: dict[tuple[int | None, int], int] = field(default_factory=dict)
    """(bucket or None, number of DetailField entries from which it holds) -> longest window."""
    default_bucket: int | None = None
    delay: int | dict[int, int] | None = None  # age of complete data, by bucket or for all
    page: tuple[int, int, int | None] | None = None  # smallest size, largest, default
    page_is_text: bool = False
    page_echo: str | None = None  # its name in the answer
    allowed: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    together: tuple[tuple[str, ...], ...] = ()
    not_both: tuple[tuple[str, str], ...] = ()
    most_items: dict[str, int] = field(default_factory=dict)


TIME = ("StartTime", "EndTime")
PAGE = ("PageNum", "PageSize")
FILTERS = ("DomainList", "ProtocolList", "ISPList", "RegionList")
PROTOCOLS = ("HTTP-FLV", "HTTP-HLS", "RTMP", "RTM", "SRT", "QUIC")
REGIONS_APART = ("RegionList", "UserRegionList")

_SPLIT_SPANS = {
    (60, 0): 24 * H,
    (300, 0): 31 * D,
    (3600, 0): 31 * D,
    (60, 2): 3 * H,
    (300, 2): 24 * H,
    (3600, 2): 7 * D,
}
_SPLIT_DELAY = {60: 300, 300: 900, 3600: 900}

DOCUMENTED: dict[str, Documented] = {
    "DescribeLiveRegionData": Documented(),
    "DescribeLiveISPData": Documented(),
    "DescribeIpInfo": Documented(required=("Ips",), rate=10, most_items={"Ips": 50}),
    "DescribeLivePushStreamMetrics": Documented(
        required=("Domain", "App", "Stream", *TIME),
        optional=("Aggregation", "StreamPriority"),
        history_days=366,
        window_limits={(5, 0): D, (30, 0): D},
        default_bucket=30,
        delay=30,
    ),
    "DescribeLiveBatchPushStreamMetrics": Documented(
        required=("Domain", *TIME),
        optional=("App", "Stream", "Aggregation", "AggType", "StreamPriority"),
        history_days=366,
        window_limits={(5, 0): D, (30, 0): D, (60, 0): D},
        default_bucket=60,
        delay=30,
        allowed={"AggType": ("max", "avg")},
        defaults={"AggType": "max"},
        together=(("App", "Stream"),),
    ),
    "DescribeLiveSourceStreamMetrics": Documented(
        required=("Domain", "App", "Stream", *TIME),
        optional=("Aggregation",),
        history_days=366,
        window_limits={(30, 0): D},
        default_bucket=30,
        delay=30,
    ),
    "DescribeLiveBatchSourceStreamMetrics": Documented(
        required=("Domain", *TIME),
        optional=("App", "Stream", "Aggregation", "AggType"),
        history_days=366,
        window_limits={(30, 0): D, (60, 0): D},
        default_bucket=60,
        delay=900,
        allowed={"AggType": ("max", "avg")},
        defaults={"AggType": "max"},
        together=(("App", "Stream"),),
    ),
    "DescribeLiveStreamSessionData": Documented(
        required=TIME,
        optional=(
            *FILTERS,
            *("Domain", "App", "Stream", "Aggregation", "DetailField", "OnlineUserType"),
        ),
        history_days=366,
        window_limits=_SPLIT_SPANS,
        default_bucket=300,
        delay=_SPLIT_DELAY,
        allowed={
            "ProtocolList": PROTOCOLS,
            "DetailField": ("Domain", "ISP", "Protocol"),
            "OnlineUserType": ("Online", "Viewer", "ClientIP"),
        },
        defaults={"OnlineUserType": "Online"},
        together=(("Domain", "App", "Stream"),),
        not_both=(("DomainList", "Domain"),),
    ),
    "DescribeLiveBatchStreamSessionData": Documented(
        required=TIME,
        optional=(*FILTERS, *PAGE, "OnlineUserType"),
        history_days=366,
        window_limits={(None, 0): 24 * H},
        delay=300,
        page=(100, 1000, 1000),
        page_echo="PageNum",
        allowed={"ProtocolList": PROTOCOLS, "OnlineUserType": ("Online", "Viewer")},
        defaults={"OnlineUserType": "Viewer"},
    ),
    "DescribeLiveBatchStreamTrafficData": Documented(
        required=TIME,
        optional=(*FILTERS, "UserRegionList", *PAGE),
        history_days=366,
        window_limits={(None, 0): 24 * H},
        delay=900,
        page=(100, 1000, 1000),
        page_echo="PageNum",
        allowed={"ProtocolList": PROTOCOLS},
        not_both=(REGIONS_APART,),
    ),
    "DescribeLiveSourceTrafficData": Documented(
        required=TIME,
        optional=(
            *("DomainList", "Domain", "App", "Stream", "ISPList", "UserRegionList"),
            *("Aggregation", "DetailField"),
        ),
        history_days=366,
        window_limits=_SPLIT_SPANS,
        default_bucket=300,
        delay=_SPLIT_DELAY,
        allowed={"DetailField": ("Domain", "ISP")},
        together=(("Domain", "App", "Stream"),),
        not_both=(("DomainList", "Domain"),),
    ),
    "DescribeLivePlayStatusCodeData": Documented(
        required=TIME,
        optional=("DomainList", "ISPList", *REGIONS_APART, "Aggregation", "DetailField", "Type"),
        history_days=366,
        window_limits={(60, 0): D, (300, 0): 31 * D, (3600, 0): 93 * D},
        default_bucket=60,
        delay=900,
        allowed={"DetailField": ("Domain", "ISP"), "Type": ("Access", "Source")},
        defaults={"Type": "Access"},
        not_both=(REGIONS_APART,),
    ),
    "DescribeLiveStreamCountData": Documented(
        required=TIME,
        optional=(
            *("DomainList", "Aggregation", "DetailField", "StreamType", "ISPList"),
            "UserRegionList",
        ),
        history_days=366,
        window_limits=_SPLIT_SPANS,
        default_bucket=300,
        delay=300,
        allowed={
            "DetailField": ("Domain", "ISP"),
            "StreamType": ("push", "relay-source", "transcode"),
        },
    ),
    "DescribeLivePushStreamInfoData": Documented(
        required=TIME,
        optional=("DomainList", "App", "Stream", *PAGE, "StreamPriority"),
        rate=100,
        history_days=93,
        page=(1, 1000, 20),
        page_echo="PageCur",
    ),
    "DescribeLiveTranscodeInfoData": Documented(
        required=TIME,
        optional=("DomainList", "App", "Stream", "Resolution", *PAGE, "TranscodeType"),
        rate=100,
        history_days=366,
        delay=1200,
        page=(1, 100_000, 20),
        page_echo="PageCur",
        allowed={
            "Resolution": ("480P", "720P", "1080P", "2K", "4K", "8K", "0P"),
            "TranscodeType": (
                *("Normal_H264", "Normal_H265", "Normal_H266"),
                *("ByteHD_H264", "ByteHD_H265", "ByteHD_H266", "ByteQE", "Audio"),
            ),
        },
        together=(("App", "Stream"),),
    ),
    "DescribeLiveTopPlayData": Documented(
        required=TIME,
        optional=("QueryType", "SortBy", "VhostList", "DomainList", *PAGE),
        history_days=366,
        window_limits={(None, 0): 31 * D},
        delay=7 * H,
        page=(1, 1000, 10),
        page_is_text=True,
        page_echo="PageNum",
        allowed={
            "QueryType": ("Domain", "Stream"),
            "SortBy": ("PeakBandwidth", "AvgBandwidth", "TotalTraffic"),
        },
        defaults={"QueryType": "Stream", "SortBy": "PeakBandwidth"},
        not_both=(("VhostList", "DomainList"),),
    ),
    "DescribeLiveEdgeStatData": Documented(
        required=TIME,
        optional=(
            *FILTERS,
            *("UserRegionList", "Aggregation", "DetailField", "AppList", "StreamList"),
        ),
        history_days=366,
        window_limits=_SPLIT_SPANS,
        default_bucket=300,
        delay=_SPLIT_DELAY,
        allowed={
            "ProtocolList": PROTOCOLS,
            "DetailField": (
                *("Domain", "Protocol", "ISP", "Area", "Country", "Province"),
                *("UserArea", "UserCountry", "UserProvince"),
            ),
        },
        not_both=(REGIONS_APART,),
    ),
    "ListDomainDetail": Documented(
        required=PAGE,
        optional=(
            *("DomainNameList", "DomainRegionList", "DomainStatusList", "DomainTypeList"),
            "VhostList",
        ),
        rate=None,  # not documented
        page=(1, 1000, None),
        allowed={
            "DomainRegionList": ("cn", "cn-global", "cn-oversea"),
            "DomainStatusList": (0, 1, 2, 3, 4, 5, 6),
            "DomainTypeList": ("push", "pull-flv"),
        },
    ),
}
