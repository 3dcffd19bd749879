"""The measures of each mart: sums only of what adds up, ratios from sums, peaks as greatest values.

A column that is not here has no measure: bandwidths of different times, averages, shares and peaks
cannot be added, whatever a chart groups by.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.superset.model import BYTES, MBPS, PERCENT, WHOLE, Metric

_NEVER_ADDED = "The greatest of the peaks; peaks are never added."
_ACCOUNT = "FILTER (WHERE domain IS NULL)"  # in the datasets of joined.py that have such rows
_BYTES = "sum(up_traffic_bytes + down_traffic_bytes)"


def _total(column: str, title: str, form: str = WHOLE, note: str = "") -> Metric:
    return Metric(name=f"total_{column}", title=title, sql=f"sum({column})", format=form, note=note)


def _traffic(column: str, title: str) -> Metric:
    return _total(column, title, BYTES)


def _peak(column: str, title: str, form: str = WHOLE) -> Metric:
    return Metric(
        name=f"max_{column}", title=title, sql=f"max({column})", format=form, note=_NEVER_ADDED
    )


def _of_account(column: str, title: str, form: str) -> Metric:
    """The greatest value of the rows of the account; without them, of the domains."""
    greatest = f"max({column})"
    return Metric(
        name=f"max_{column}",
        title=title,
        sql=f"coalesce({greatest} {_ACCOUNT}, {greatest})",
        format=form,
        note="Of the account; of the domain with most where domains are chosen. Never added.",
    )


def _count(name: str, title: str, condition: str, note: str = "") -> Metric:
    return Metric(name=name, title=title, sql=f"count(*) FILTER (WHERE {condition})", note=note)


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

_COMPLETE = "state IN ('captured', 'empty') AND is_suspect IS NOT TRUE"  # as in the mart freshness
_LEDGER = (
    Metric(
        name="share_of_complete",
        title="Complete",
        sql=f"count(*) FILTER (WHERE {_COMPLETE}) "
        "/ nullif(count(*) FILTER (WHERE state != 'settling'), 0)",
        format=".1%",
        note="Complete over due dataset-days; a day that the vendor has not settled yet is not due.",
    ),
    Metric(
        name="newest_complete_day",
        title="Complete up to",
        sql=f"CAST(max(business_date) FILTER (WHERE {_COMPLETE}) AS VARCHAR)",
        format=None,
    ),
    _count("total_complete_days", "Complete days", _COMPLETE),
    _count("total_incomplete_days", "Incomplete days", "state = 'incomplete' OR is_suspect",
           "A part is missing, or contradicts other datasets."),
    _count("total_missing_days", "Missing days", "state IN ('missing', 'partial')"),
    _count("total_expiring_days", "Days expiring soon", "state = 'expiring'"),
    _count("total_lost_days", "Lost days", "state = 'lost'"),
    _count("total_restated_days", "Restated days", f"{_COMPLETE} AND captures > 1",
           "The vendor changed them after the first capture."),
)  # fmt: skip
_ERROR_CODES = (
    _total("responses", "Answers"),
    Metric(
        name="share_of_5xx",
        title="5xx",
        sql="sum(responses) FILTER (WHERE status_class = '5xx') / nullif(sum(responses), 0)",
        format=PERCENT,
        note="Answers of 5xx over all answers: right over any days, domains or carriers.",
    ),
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
        Metric(
            name="average_mbps",
            title="Bandwidth, Mbps",
            sql=f"coalesce({_BYTES} {_ACCOUNT}, {_BYTES}) * 8 / 1e6 "
            "/ nullif(count(DISTINCT slot_start_at) * max(slot_seconds), 0)",
            format=MBPS,
            note="Traffic over time: the average of the slots, domains together.",
        ),
        _of_account("p95_so_far_mbps", "95th percentile of the month, Mbps", MBPS),
    ),
    "billing_of_days": (
        _of_account("p95_so_far_mbps", "95th percentile", MBPS),
        _of_account("fourth_peak_mbps", "Fourth peak", MBPS),
        _of_account("daily_peak_average_mbps", "Daily peaks, average", MBPS),
        _of_account("peak_mbps", "Peak", MBPS),
        _of_account("days_captured", "Days captured", WHOLE),
        Metric(
            name="newest_first",
            title="Newest month, in it the greatest percentile",
            sql="row(max(month), max(p95_so_far_mbps))",
            format=None,
            note="To order rows by.",
        ),
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
    "viewers_of_days": (_of_account("peak_online_users", "Peak viewers", WHOLE),),
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
    "errors_daily": _ERROR_CODES,
    "error_rate_daily": _ERRORS,
    "error_rate_by_isp": _ERRORS,
    "stream_count_daily": (_peak("peak_streams", "Peak streams"),),
    "transcode_minutes_daily": (_total("transcode_minutes", "Transcoding minutes"),),
    "coverage_monthly": (
        _share("share_of_complete", "Complete", "complete_days", "due_days"),
        _total("lost_days", "Lost days"),
    ),
    "ledger": _LEDGER,
    "reconciliation": (
        Metric(name="comparisons", title="Comparisons", sql="count(*)"),
        _count("differing", "Differences", "verdict = 'differs'"),
    ),
    "freshness": (
        _total("missing_days", "Missing days"),
        _total("expiring_days", "Days expiring soon"),
        _total("lost_days", "Lost days"),
    ),
}
