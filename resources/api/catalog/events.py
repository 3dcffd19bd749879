"""Pushes, transcoding tasks and rankings: lists in pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from resources.api.catalog.columns import APP, DOMAIN, OCCURRENCE, STREAM
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import (
    DedupKeep,
    DomainRole,
    DuplicateKeys,
    Endpoint,
    ListLevel,
    Method,
    Paging,
    RowLayout,
    Scope,
    WindowLimit,
)
from resources.api.catalog.parameters import MutuallyExclusive, Parameter, WireType
from resources.api.catalog.shared import (
    APP_WITH_STREAM,
    BPS_TO_MBPS,
    DOMAINS,
    END,
    EVENT_PAGES,
    MONTH,
    NO_SPAN_GIVEN,
    ONE_APP,
    ONE_STREAM,
    PRIORITY,
    QUARTER,
    RESOLUTIONS,
    ROUGH_PAGES,
    START,
    TRANSCODE_TYPES,
    YEAR,
    count,
    enum_parameter,
    instant,
    measure,
    page_parameters,
    text,
)

PUSH_INFO = Endpoint(
    action="DescribeLivePushStreamInfoData",
    null_result=True,
    parameters=(DOMAINS, ONE_APP, ONE_STREAM, START, END, *page_parameters(1, 1000, 20), PRIORITY),
    window_limits=NO_SPAN_GIVEN,
    history=timedelta(days=93),
    delay=timedelta(hours=1),  # undocumented; a push is listed once it has ended
    rate_per_s=100.0,
    paging=EVENT_PAGES,
    rows=RowLayout(
        levels=(
            ListLevel(
                name="PushStreamInfoDataList",
                fields=(
                    APP,
                    STREAM,
                    instant("StartTime", "push_started_at", "When the push began."),
                    instant("EndTime", "push_ended_at", "When the push ended."),
                    count("Duration", "push_duration_s", "s", "Length of the push."),
                    replace(
                        text(
                            "IP",
                            "client_ip",
                            "Address of the pushing client; '' if unknown. Personal data: see archive.personal_data.",
                        ),
                        is_personal=True,
                    ),
                    text("StreamBreakReason", "break_reason", "Why it ended, free text."),
                    text(
                        "StreamPriority",
                        "stream_priority",
                        "Priority label of the stream.",
                        required=False,
                    ),
                ),
            ),
        ),
    ),
)

CLOSED_STREAMS = Endpoint(
    action="DescribeClosedStreamInfoByPage",
    method=Method.GET,
    times=("EndTimeFrom", "EndTimeTo"),
    times_in_utc=True,
    parameters=(
        *(
            Parameter(name=name, wire_type=WireType.TIME, required=True, echoed=False)
            for name in ("EndTimeFrom", "EndTimeTo")
        ),
        *page_parameters(1, 1000, None, required=True),
        *(
            Parameter(name=name, wire_type=WireType.TEXT, echoed=False)
            for name in ("Vhost", "Domain", "App", "Stream")
        ),
        Parameter(
            name="SourceType", wire_type=WireType.TEXT, allowed=("push", "relay"), echoed=False
        ),
        enum_parameter("QueryType", "strict", "fuzzy", "strict", echoed=False),
        enum_parameter("Sort", "desc", "asc", "desc", echoed=False),
    ),
    window_limits=NO_SPAN_GIVEN,
    history=None,  # undocumented: see the dataset
    delay=timedelta(hours=1),  # undocumented, as its sister PUSH_INFO
    rate_per_s=10.0,  # undocumented; that of the list of streams that are on
    paging=ROUGH_PAGES,
    rows=RowLayout(
        levels=(
            ListLevel(
                name="StreamInfoList",
                required=False,
                fields=(
                    DOMAIN,
                    APP,
                    STREAM,
                    text("SourceType", "source_type", "push, or relay: pulled from an origin."),
                    instant("StartTime", "stream_started_at", "When the stream began."),
                    instant("EndTime", "stream_ended_at", "When the stream ended."),
                    text("Vhost", "vhost", "Domain space: a named group."),
                ),
            ),
        ),
    ),
)

TRANSCODE_INFO = Endpoint(
    action="DescribeLiveTranscodeInfoData",
    null_result=True,
    parameters=(
        DOMAINS,
        START,
        END,
        ONE_APP,
        ONE_STREAM,
        RESOLUTIONS,
        *page_parameters(1, 100_000, 20),
        TRANSCODE_TYPES,
    ),
    constraints=(APP_WITH_STREAM,),
    window_limits=NO_SPAN_GIVEN,
    history=YEAR,
    delay=timedelta(minutes=20),
    rate_per_s=100.0,
    paging=replace(EVENT_PAGES, largest=100_000),
    rows=RowLayout(
        levels=(
            ListLevel(
                name="TranscodeInfoDataList",
                fields=(
                    text("TaskID", "task_id", "Transcoding task."),
                    STREAM,
                    text("TranscodeSuffix", "transcode_suffix", "Suffix of the preset."),
                    text("TranscodeType", "transcode_type", "Codec class."),
                    text("Resolution", "resolution", "Resolution tier."),
                    instant("StartTime", "task_started_at", "When the task began."),
                    instant("EndTime", "task_ended_at", "When the task ended."),
                    measure(
                        "Duration",
                        "transcode_minutes",
                        "minutes",
                        "Minutes of the task inside this day: a task over midnight has a row in "
                        "each day.",
                    ),
                ),
            ),
        ),
    ),
)

TOP_PLAY = Endpoint(
    action="DescribeLiveTopPlayData",
    parameters=(
        *(replace(p, rounding_s=3600) for p in (START, END)),  # "align both ends to full hours"
        enum_parameter("QueryType", "Stream", "Domain", "Stream"),
        enum_parameter("SortBy", "PeakBandwidth", "PeakBandwidth", "AvgBandwidth", "TotalTraffic"),
        Parameter(name="VhostList", wire_type=WireType.TEXTS, fills_in=True),
        DOMAINS,
        *page_parameters(1, 1000, 10, as_text=True),
    ),
    constraints=(MutuallyExclusive(names=("VhostList", "DomainList")),),
    window_limits=(WindowLimit(longest=MONTH),),
    history=YEAR,
    delay=timedelta(hours=7),  # "previous day from 07:00"
    paging=Paging(size=1000, smallest=1, largest=1000, default=10, as_text=True, most_rows=1000),
    rows=RowLayout(
        levels=(
            ListLevel(
                name="DataItemList",
                fields=(
                    DOMAIN,
                    replace(APP, required=False, comment="Application; NULL in a domain ranking."),
                    replace(STREAM, required=False, comment="Stream; NULL in a domain ranking."),
                    measure(
                        "PeakBandwidth",
                        "peak_bandwidth_mbps",
                        "Mbps",
                        "Peak bandwidth of the day.",
                        BPS_TO_MBPS,
                    ),
                    measure(
                        "AvgBandwidth",
                        "avg_bandwidth_mbps",
                        "Mbps",
                        "Average bandwidth of the day.",
                        BPS_TO_MBPS,
                    ),
                    measure("TotalTraffic", "traffic_bytes", "bytes", "Traffic of the day."),
                ),
            ),
        ),
    ),
)

DATASETS = (
    Dataset(
        name="push_stream_info",
        endpoint=PUSH_INFO,
        scope=Scope.DOMAIN,
        role=DomainRole.PUSH,
        key=("domain", "app", "stream", "push_started_at", "client_ip", OCCURRENCE),
        duplicate_keys=DuplicateKeys.NUMBER,  # main and backup, begun in the same second
        event_start="push_started_at",
        event_times=("push_started_at", "push_ended_at"),
        dedup_keep=DedupKeep.FIRST_DAY,
        reread_days=7,  # a push may be listed under its first day only when it ends days later
        description="Pushes that have ended: when, how long, from where, why they broke off.",
        group="events",
    ),
    Dataset(
        name="closed_stream_info",
        endpoint=CLOSED_STREAMS,
        scope=Scope.WHOLE,
        parameters={"Sort": "asc"},  # what is listed late comes behind what was read already
        key=("domain", "app", "stream", "source_type", "stream_started_at", OCCURRENCE),
        duplicate_keys=DuplicateKeys.NUMBER,  # main and backup, begun in the same second
        event_start="stream_ended_at",  # the event is that it ended
        event_times=("stream_ended_at", "stream_ended_at"),
        dedup_keep=DedupKeep.FIRST_DAY,
        history_override=QUARTER,  # as push_stream_info: the longest that is known of such lists
        description="Streams that have ended, by the day of their end: pushed ones and those pulled "
        "from an origin, with their domain.",
        group="events",
    ),
    Dataset(
        name="transcode_info",
        endpoint=TRANSCODE_INFO,
        scope=Scope.DOMAIN,
        key=("business_date", "domain", "task_id", "transcode_suffix", "task_started_at"),
        event_times=("task_started_at", "task_ended_at"),
        description="Transcoding tasks and their minutes inside each day.",
        group="events",
    ),
    Dataset(
        name="top_play",
        endpoint=TOP_PLAY,
        scope=Scope.ACCOUNT,
        ranked=True,
        variants=tuple(
            {"QueryType": q, "SortBy": s}
            for q in ("Domain", "Stream")
            for s in ("PeakBandwidth", "AvgBandwidth", "TotalTraffic")
        ),
        required_variants=("Domain/TotalTraffic", "Stream/TotalTraffic"),
        variant_columns={"QueryType": "query_type", "SortBy": "sort_by"},
        variant_comments={
            "QueryType": "What is ranked: Domain or Stream.",
            "SortBy": "By what it is ranked. The same item stands in each ranking: never sum them.",
        },
        key=("business_date", "query_type", "sort_by", "domain", "app", "stream"),
        description="The day's first 1000 domains and streams by peak, average and traffic.",
        group="events",
    ),
)
