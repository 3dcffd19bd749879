"""The measures of each mart: sums only of what adds up, ratios from sums, peaks as greatest values.

A column that is not here has no measure: bandwidths of different times, averages, shares and peaks
cannot be added, whatever a chart groups by.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.superset.model import BYTES, MBPS, PERCENT, WHOLE, Metric

_NEVER_ADDED = "The greatest of the peaks; peaks are never added."


def _total(column: str, title: str, form: str = WHOLE, note: str = "") -> Metric:
    return Metric(name=f"total_{column}", title=title, sql=f"sum({column})", format=form, note=note)


def _traffic(column: str, title: str) -> Metric:
    return _total(column, title, BYTES)


def _peak(column: str, title: str, form: str = WHOLE) -> Metric:
    return Metric(
        name=f"max_{column}", title=title, sql=f"max({column})", format=form, note=_NEVER_ADDED
    )


def _share(name: str, title: str, part: str, whole: str) -> Metric:
    return Metric(
        name=name,
        title=title,
        sql=f"sum({part}) / nullif(sum({whole}), 0)",
        format=PERCENT,
        note=f"Sum of {part} over sum of {whole}: right over any days, domains or carriers.",
    )


_DOWN = _traffic("down_traffic_bytes", "Downstream traffic")
_UP = _traffic("up_traffic_bytes", "Upstream traffic")
_REQUESTS = _total("requests", "Requests")
_ERRORS = (
    _share("share_of_5xx", "5xx", "http_5xx_responses", "responses"),
    _share("share_of_4xx", "4xx", "http_4xx_responses", "responses"),
    _total("http_5xx_responses", "5xx answers"),
    _total("responses", "Answers"),
)
_VIEWERS = (
    _peak("peak_online_users", "Peak viewers"),
    _total("viewer_minutes", "Viewer minutes"),
)
_HEALTH = (
    _share("share_of_good", "Good minutes", "good_slots", "live_slots"),
    Metric(
        name="share_of_bad",
        title="Bad minutes",
        sql="1 - sum(good_slots) / nullif(sum(live_slots), 0)",
        format=PERCENT,
        note="Live minutes with any breach of health_threshold over all live minutes.",
    ),
    _total("live_slots", "Live minutes"),
    _total("stall_slots", "Stalls"),
    _total("bitrate_dip_slots", "Bit rate dips"),
    _total("framerate_drop_slots", "Frame rate drops"),
    _total("audio_gap_slots", "Sound gaps"),
    _total("av_offset_slots", "A/V apart"),
)

_BILLING = (
    _peak("p95_so_far_mbps", "95th percentile by now, Mbps", MBPS),
    _peak("fourth_peak_mbps", "Fourth peak, Mbps", MBPS),
    _peak("peak_mbps", "Peak, Mbps", MBPS),
)

METRICS: Mapping[str, tuple[Metric, ...]] = {
    "bandwidth_5min": (_peak("total_mbps", "Bandwidth, Mbps", MBPS), _DOWN, _UP, _REQUESTS),
    "bandwidth_5min_account": (_peak("total_mbps", "Bandwidth, Mbps", MBPS), _DOWN, _UP, _REQUESTS),
    "bandwidth_and_p95": (
        _peak("total_mbps", "Bandwidth, Mbps", MBPS),
        _peak("p95_so_far_mbps", "95th percentile of the month, Mbps", MBPS),
    ),
    "billing_monthly_account": _BILLING,
    "billing_monthly_by_domain": _BILLING,
    "traffic_daily_by_domain": (_DOWN, _UP, _REQUESTS),
    "traffic_daily_by_isp": (_DOWN, _UP, _REQUESTS),
    "traffic_daily_by_region": (_DOWN, _UP, _REQUESTS),
    "origin_pull_daily": (
        _share(
            "share_of_origin", "Origin pull ratio", "origin_traffic_bytes", "down_traffic_bytes"
        ),
        _traffic("origin_traffic_bytes", "Pulled from origins"),
        _DOWN,
    ),
    "stream_traffic_daily": (
        _DOWN,
        _UP,
        _REQUESTS,
        _peak("peak_online_users", "Peak viewers"),
    ),
    "viewers_daily": _VIEWERS,
    "viewers_daily_account": _VIEWERS,
    "viewers_hourly": _VIEWERS,
    "stream_health_by_session": (
        *_HEALTH,
        _peak("widest_video_gap_ms", "Widest video gap, ms"),
    ),
    "stream_health_daily": (
        *_HEALTH,
        _total("pushes", "Pushes", note="A push over midnight counts on both days."),
        _peak("widest_video_gap_ms", "Widest video gap, ms"),
    ),
    "stream_health_source_daily": _HEALTH,
    "push_interruptions_daily": (
        _total("interruptions", "Interruptions"),
        _total("pushes", "Pushes"),
        _total("interrupted_s", "Off, s"),
    ),
    "errors_daily": (_total("responses", "Answers"),),
    "error_rate_daily": _ERRORS,
    "error_rate_by_isp": _ERRORS,
    "stream_count_daily": (_peak("peak_streams", "Peak streams"),),
    "transcode_minutes_daily": (_total("transcode_minutes", "Transcoding minutes"),),
    "coverage_monthly": (
        _share("share_of_complete", "Complete", "complete_days", "due_days"),
        _total("lost_days", "Lost days"),
    ),
    "freshness": (
        _total("missing_days", "Missing days"),
        _total("expiring_days", "Days expiring soon"),
        _total("lost_days", "Lost days"),
    ),
}
