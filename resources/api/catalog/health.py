"""Stream health: bit rate, frame rate and gaps of single streams and of all streams of a domain."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from resources.api.catalog.columns import APP, DOMAIN, STREAM
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import (
    ColumnType,
    DomainRole,
    Endpoint,
    Field,
    ListLevel,
    RowLayout,
    Scope,
)
from resources.api.catalog.shared import (
    APP_WITH_STREAM,
    END,
    ONE_APP,
    ONE_DOMAIN,
    ONE_STREAM,
    PRIORITY,
    SLOT,
    START,
    YEAR,
    bucket_parameter,
    enum_parameter,
    measure,
    one_day_limits,
    text,
)

_METRICS = (
    SLOT,
    measure("Bitrate", "video_bitrate_kbps", "kbps", "Video bit rate."),
    measure("AudioBitrate", "audio_bitrate_kbps", "kbps", "Audio bit rate."),
    measure("Framerate", "video_framerate_fps", "fps", "Video frame rate."),
    measure("AudioFramerate", "audio_framerate_fps", "fps", "Audio packets per second."),
    measure("VideoFrameGap", "video_frame_gap_ms", "ms", "Gap between video frames (PTS)."),
    measure("AudioFrameGap", "audio_frame_gap_ms", "ms", "Gap between audio frames (PTS)."),
    measure("PtsDelta", "pts_delta_ms", "ms", "Difference of audio and video PTS."),
    measure("VideoPts", "video_pts_ms", "ms", "PTS of the slot's last video frame."),
    measure("AudioPts", "audio_pts_ms", "ms", "PTS of the slot's last audio frame."),
)

_PUSH_METRICS = (
    *_METRICS,
    text("VCodec", "video_codec", "Video codec, e.g. H264."),
    text("ACodec", "audio_codec", "Audio codec, e.g. AAC."),
    text("Resolution", "resolution", "Resolution tier."),
    Field(
        name="StreamBeginTime",
        kind=ColumnType.INSTANT_MS,
        column="push_started_at",
        comment="When the push began.",
    ),
    measure("FirstFrameTime", "first_frame_ms", "ms", "From connection to first frame."),
    replace(
        text(
            "ClientIp",
            "client_ip",
            "Address of the pushing client. Personal data: see archive.personal_data.",
        ),
        is_personal=True,
    ),
    text("ServerIp", "server_ip", "Address of the ingest server."),
)

_ONE_STREAM = tuple(replace(p, required=True) for p in (ONE_DOMAIN, ONE_APP, ONE_STREAM))
_ONE_DOMAIN = replace(ONE_DOMAIN, required=True)
_AGG_TYPE = enum_parameter("AggType", "max", "max", "avg")
_PRIORITY_LABEL = text(
    "StreamPriority", "stream_priority", "Priority label of the stream.", required=False
)
_AGG_COMMENT = {"AggType": "How the slot's samples were folded: max or avg. Never mix the two."}
_SOON = timedelta(seconds=30)

PUSH = Endpoint(
    action="DescribeLivePushStreamMetrics",
    null_result=True,
    parameters=(*_ONE_STREAM, START, END, bucket_parameter(5, 30, default=30), PRIORITY),
    window_limits=one_day_limits(5, 30),
    history=YEAR,
    delay=_SOON,
    rows=RowLayout(levels=(ListLevel(name="MetricList", fields=_METRICS, required=False),)),
)

BATCH_PUSH = Endpoint(
    action="DescribeLiveBatchPushStreamMetrics",
    parameters=(
        _ONE_DOMAIN,
        ONE_APP,
        ONE_STREAM,
        START,
        END,
        bucket_parameter(5, 30, 60, default=60),
        _AGG_TYPE,
        PRIORITY,
    ),
    constraints=(APP_WITH_STREAM,),
    window_limits=one_day_limits(5, 30, 60),
    history=YEAR,
    delay=_SOON,
    rows=RowLayout(
        levels=(
            ListLevel(
                name="StreamMetricList",
                fields=(
                    DOMAIN,
                    APP,
                    STREAM,
                    text("SessionID", "session_id", "One push; a reconnect gets a new one."),
                    _PRIORITY_LABEL,
                ),
            ),
            ListLevel(name="MetricList", fields=_PUSH_METRICS),
        )
    ),
)

SOURCE = Endpoint(
    action="DescribeLiveSourceStreamMetrics",
    parameters=(*_ONE_STREAM, START, END, bucket_parameter(30, default=30)),
    window_limits=one_day_limits(30),
    history=YEAR,
    delay=_SOON,
    rows=RowLayout(levels=(ListLevel(name="MetricList", fields=_METRICS),)),
)

BATCH_SOURCE = Endpoint(
    action="DescribeLiveBatchSourceStreamMetrics",
    parameters=(
        _ONE_DOMAIN,
        ONE_APP,
        ONE_STREAM,
        START,
        END,
        bucket_parameter(30, 60, default=60),
        _AGG_TYPE,
    ),
    constraints=(APP_WITH_STREAM,),
    window_limits=one_day_limits(30, 60),
    history=YEAR,
    delay=timedelta(minutes=15),
    rows=RowLayout(
        levels=(
            ListLevel(name="StreamMetricList", fields=(DOMAIN, APP, STREAM)),
            ListLevel(name="MetricList", fields=_METRICS),
        )
    ),
)

_BOTH = ({"AggType": "max"}, {"AggType": "avg"})

DATASETS = (
    Dataset(
        name="batch_push_stream_metrics",
        endpoint=BATCH_PUSH,
        scope=Scope.DOMAIN,
        role=DomainRole.PUSH,
        bucket_s=60,
        other_widths_s=(5, 30),
        variants=_BOTH,
        required_variants=("max", "avg"),
        variant_columns={"AggType": "agg_type"},
        variant_comments=_AGG_COMMENT,
        key=("domain", "app", "stream", "session_id", "agg_type", "slot_start_at"),
        description="Health of every push by minute or as set, with codec, addresses and push "
        "session.",
        group="health",
    ),
    Dataset(
        name="push_stream_metrics",
        endpoint=PUSH,
        scope=Scope.STREAM,
        role=DomainRole.PUSH,
        bucket_s=30,
        other_widths_s=(5,),
        streams_from=("batch_push_stream_metrics", "push_stream_info"),
        key=("domain", "app", "stream", "slot_start_at"),
        description="Health of each pushed stream by half minute or as set; slot maxima, PTS are the "
        "last.",
        group="health",
    ),
    Dataset(
        name="batch_source_stream_metrics",
        endpoint=BATCH_SOURCE,
        scope=Scope.DOMAIN,
        role=DomainRole.PULL,
        bucket_s=60,
        other_widths_s=(30,),
        variants=_BOTH,
        required_variants=("max", "avg"),
        variant_columns={"AggType": "agg_type"},
        variant_comments=_AGG_COMMENT,
        key=("domain", "app", "stream", "agg_type", "slot_start_at"),
        description="Health of every stream pulled from an origin, by minute or as set.",
        group="health",
    ),
    Dataset(
        name="source_stream_metrics",
        endpoint=SOURCE,
        scope=Scope.STREAM,
        role=DomainRole.PULL,
        bucket_s=30,
        streams_from=(
            "batch_source_stream_metrics",
            "batch_stream_traffic",
            "batch_stream_session",
        ),
        key=("domain", "app", "stream", "slot_start_at"),
        description="Health of each stream pulled from an origin, by half minute; slot maxima.",
        group="health",
    ),
)
