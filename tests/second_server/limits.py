"""The documented limits of every action: parameters, widths, spans, history, pages, delay, rate."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.second_server.times import DAY_S

HOUR_S = 3600
MONTH_S = 31 * DAY_S
QUARTER_S = 93 * DAY_S


@dataclass(frozen=True)
class Paging:
    """Pages of an action. default None: both parameters are required. as_text: numbers are texts."""

    default: int | None
    smallest: int
    largest: int
    largest_page: int | None = None
    as_text: bool = False
    page_echo: str = "PageNum"


@dataclass(frozen=True)
class Limits:
    """What one action takes.

    spans: the longest window by slot width; split_spans: the same with two or more dimensions.
    longest_s: the longest window of an action without slots. required: parameters that must be sent.
    """

    params: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    default_width_s: int | None = None
    spans: dict[int, int] = field(default_factory=dict)
    split_spans: dict[int, int] | None = None
    longest_s: int | None = None
    details: tuple[str, ...] = ()
    details_need_filter: bool = True
    paging: Paging | None = None
    history_days: int | None = 366
    delay_s: int = 900
    delay_at_60_s: int | None = None
    rate: int = 30
    method: str = "POST"
    editions: tuple[str, ...] = ("volcengine", "byteplus")


_TIME = ("StartTime", "EndTime")
_PAGE = ("PageNum", "PageSize")
_ONE_STREAM = ("Domain", "App", "Stream")
_MONITOR = {60: DAY_S, 300: MONTH_S, 3600: MONTH_S}
_MONITOR_SPLIT = {60: 3 * HOUR_S, 300: DAY_S, 3600: 7 * DAY_S}
_BILL = {300: MONTH_S, 3600: QUARTER_S, DAY_S: QUARTER_S}
_BILL_DAY = {DAY_S: QUARTER_S}
_SUMMARY = Paging(1000, 100, 1000)
_EVENTS = Paging(20, 1, 1000, page_echo="PageCur")
_VOLC = ("volcengine",)

DIMENSIONS: dict[str, Limits] = {
    "DescribeLiveRegionData": Limits(history_days=None),
    "DescribeLiveISPData": Limits(history_days=None),
    "DescribeIpInfo": Limits(("Ips",), ("Ips",), history_days=None, rate=10, editions=_VOLC),
    "ListDomainDetail": Limits(
        (*_PAGE, "DomainNameList", "DomainRegionList", "DomainStatusList", "DomainTypeList", "VhostList"),
        _PAGE, paging=Paging(None, 1, 1000, 1000), history_days=None),
    "DescribeLiveStreamInfoByPage": Limits(
        (*_PAGE, "Vhost", *_ONE_STREAM, "StreamType", "SourceType", "QueryType"),
        _PAGE, paging=Paging(None, 1, 1000), history_days=None, rate=10, method="GET"),
    "DescribeClosedStreamInfoByPage": Limits(
        (*_PAGE, "EndTimeFrom", "EndTimeTo", "Vhost", *_ONE_STREAM, "SourceType", "QueryType", "Sort"),
        (*_PAGE, "EndTimeFrom", "EndTimeTo"), paging=Paging(None, 1, 1000), history_days=None,
        method="GET"),
}  # fmt: skip

METRICS: dict[str, Limits] = {
    "DescribeLivePushStreamMetrics": Limits(
        (*_TIME, *_ONE_STREAM, "Aggregation", "StreamPriority"), (*_TIME, *_ONE_STREAM), 30,
        {5: DAY_S, 30: DAY_S}, delay_s=30),
    "DescribeLiveBatchPushStreamMetrics": Limits(
        (*_TIME, *_ONE_STREAM, "Aggregation", "AggType", "StreamPriority"), (*_TIME, "Domain"), 60,
        {5: DAY_S, 30: DAY_S, 60: DAY_S}, delay_s=30),
    "DescribeLiveSourceStreamMetrics": Limits(
        (*_TIME, *_ONE_STREAM, "Aggregation"), (*_TIME, *_ONE_STREAM), 30, {30: DAY_S}, delay_s=30),
    "DescribeLiveBatchSourceStreamMetrics": Limits(
        (*_TIME, *_ONE_STREAM, "Aggregation", "AggType"), (*_TIME, "Domain"), 60,
        {30: DAY_S, 60: DAY_S}),
}  # fmt: skip

MONITORED: dict[str, Limits] = {
    "DescribeLiveStreamSessionData": Limits(
        (*_TIME, "DomainList", *_ONE_STREAM, "ProtocolList", "ISPList", "RegionList", "Aggregation",
         "DetailField", "OnlineUserType"), _TIME, 300, _MONITOR, _MONITOR_SPLIT,
        details=("Domain", "ISP", "Protocol"), delay_at_60_s=300),
    "DescribeLiveSourceTrafficData": Limits(
        (*_TIME, "DomainList", *_ONE_STREAM, "ISPList", "UserRegionList", "Aggregation", "DetailField"),
        _TIME, 300, _MONITOR, _MONITOR_SPLIT, details=("Domain", "ISP"), delay_at_60_s=300),
    "DescribeLiveEdgeStatData": Limits(
        (*_TIME, "DomainList", "ProtocolList", "ISPList", "RegionList", "UserRegionList",
         "Aggregation", "DetailField", "AppList", "StreamList"), _TIME, 300, _MONITOR,
        _MONITOR_SPLIT, details=("Domain", "Protocol", "ISP", "Area", "Country", "Province",
                                 "UserArea", "UserCountry", "UserProvince"),
        details_need_filter=False, delay_at_60_s=300),
    "DescribeLiveStreamCountData": Limits(
        (*_TIME, "DomainList", "Aggregation", "DetailField", "StreamType", "ISPList",
         "UserRegionList"), _TIME, 300, _MONITOR, _MONITOR_SPLIT, details=("Domain", "ISP"),
        details_need_filter=False, delay_s=300),
    "DescribeLivePlayStatusCodeData": Limits(
        (*_TIME, "DomainList", "ISPList", "RegionList", "UserRegionList", "Aggregation",
         "DetailField", "Type"), _TIME, 60, {60: DAY_S, 300: MONTH_S, 3600: QUARTER_S},
        details=("Domain", "ISP")),
}  # fmt: skip

WINDOWED: dict[str, Limits] = {
    "DescribeLiveBatchStreamSessionData": Limits(
        (*_TIME, *_PAGE, "DomainList", "ProtocolList", "ISPList", "RegionList", "OnlineUserType"),
        _TIME, longest_s=DAY_S, paging=_SUMMARY, delay_s=300, editions=_VOLC),
    "DescribeLiveBatchStreamTrafficData": Limits(
        (*_TIME, *_PAGE, "DomainList", "ProtocolList", "ISPList", "RegionList", "UserRegionList"),
        _TIME, longest_s=DAY_S, paging=_SUMMARY),
    "DescribeLiveTopPlayData": Limits(
        (*_TIME, *_PAGE, "QueryType", "SortBy", "VhostList", "DomainList"), _TIME,
        longest_s=MONTH_S, paging=Paging(10, 1, 1000, as_text=True)),
    "DescribeLiveBatchStreamTranscodeData": Limits(
        (*_TIME, *_PAGE, "DomainList"), _TIME, paging=_SUMMARY),
    "DescribeLivePushStreamInfoData": Limits(
        (*_TIME, *_PAGE, "DomainList", "App", "Stream", "StreamPriority"), _TIME, paging=_EVENTS,
        history_days=93, delay_s=0, rate=100),
    "DescribeLiveTranscodeInfoData": Limits(
        (*_TIME, *_PAGE, "DomainList", "App", "Stream", "Resolution", "TranscodeType"), _TIME,
        paging=Paging(20, 1, 100_000, page_echo="PageCur"), delay_s=1200, rate=100),
    "DescribeLiveCallbackData": Limits(
        (*_TIME, *_PAGE, "DomainList", "App", "Stream", "CallbackEventType", "CallbackStatus"),
        _TIME, longest_s=MONTH_S, paging=Paging(100, 1, 1000, 10_000), delay_s=0),
    "DescribeLiveLogData": Limits(
        (*_TIME, *_PAGE, "Type", "DomainList"), (*_TIME, "Type"), paging=Paging(20, 1, 1000),
        history_days=31, delay_s=3600, rate=100),
    "DescribeLiveCustomizedLogData": Limits(
        (*_TIME, *_PAGE, "Type", "DomainList"), (*_TIME, "Type"), paging=Paging(20, 1, 1000),
        history_days=31, delay_s=3600, rate=100, editions=_VOLC),
}  # fmt: skip

_REGIONS = ("RegionList", "UserRegionList")
_FILTERS = ("DomainList", "ProtocolList", "ISPList", *_REGIONS)
BILLED: dict[str, Limits] = {
    "DescribeLiveTrafficData": Limits(
        (*_TIME, *_FILTERS, "Aggregation", "DetailField"), _TIME, 300, _BILL,
        details=("Domain", "ISP", "Protocol")),
    "DescribeLiveBandwidthData": Limits(
        (*_TIME, *_FILTERS, "Aggregation", "DetailField"), _TIME, 300, _BILL,
        details=("Domain", "ISP", "Protocol")),
    "DescribeLiveP95PeakBandwidthData": Limits(
        (*_TIME, "DomainList", "ProtocolList", *_REGIONS, "Aggregation"), _TIME, 300,
        {300: QUARTER_S}),
    "DescribeLiveTranscodeData": Limits(
        (*_TIME, "DomainList", "App", "Stream", "Aggregation", "TranscodeType", "Resolution"), _TIME,
        DAY_S, _BILL_DAY, delay_s=1200),
    "DescribeLiveRecordData": Limits(
        (*_TIME, "DomainList", "App", "Stream", "Aggregation", "DetailField"), _TIME, 300, _BILL,
        details=("Domain",), delay_s=7 * HOUR_S),
    "DescribeLiveSnapshotData": Limits(
        (*_TIME, "DomainList", "App", "Stream", "Aggregation", "DetailField"), _TIME, DAY_S, _BILL,
        details=("Domain",)),
    "DescribeLiveAuditData": Limits(
        (*_TIME, "DomainList", "Aggregation", "DetailField"), _TIME, DAY_S, _BILL_DAY,
        details=("Domain",), editions=_VOLC),
    "DescribeLiveTimeShiftData": Limits(
        (*_TIME, "Vhosts", "Aggregation"), _TIME, DAY_S, _BILL_DAY, delay_s=8 * HOUR_S, rate=100,
        editions=_VOLC),
    "DescribeLivePullToPushData": Limits(
        (*_TIME, "GroupList", "App", "Stream", "Aggregation", "DetailField"), _TIME, DAY_S,
        {60: DAY_S, 3600: QUARTER_S, DAY_S: QUARTER_S}, details=("Group",), delay_at_60_s=300),
    "DescribeLivePullToPushBandwidthData": Limits(
        (*_TIME, "GroupList", "Aggregation", "DetailField"), _TIME, 300, _BILL, details=("Group",)),
    "DescribeLivePushStreamCountData": Limits(
        (*_TIME, "DomainList", "ISPList", "UserRegionList", "Aggregation", "DetailField"), _TIME,
        300, {60: DAY_S, **_BILL}, details=("Domain",), editions=_VOLC),
    "DescribeLiveASRDurationData": Limits(
        (*_TIME, "DomainList", "App", "Stream", "Aggregation", "DetailField"), _TIME, 300,
        {300: MONTH_S, 3600: QUARTER_S}, details=("Domain",), editions=("byteplus",)),
    "DescribeLiveStorageSpaceData": Limits(
        (*_TIME, "Aggregation"), _TIME, DAY_S, _BILL_DAY, editions=("byteplus",)),
}  # fmt: skip

ACTIONS: dict[str, Limits] = {**DIMENSIONS, **METRICS, **MONITORED, **WINDOWED, **BILLED}
