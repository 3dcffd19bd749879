"""What fills the tables of the charts: what an empty chart lacks."""

from __future__ import annotations

from collections.abc import Mapping

FILLED_BY: Mapping[str, tuple[str, ...]] = {
    "bandwidth_and_p95": ("edge_stat",),
    "billing_of_days": ("edge_stat",),
    "errors_daily": ("play_status_code",),
    "origin_pull_daily": ("source_traffic", "edge_stat"),
    "push_interruptions_daily": ("push_stream_info",),
    "stream_health_daily": ("batch_push_stream_metrics",),
    "stream_traffic_daily": ("batch_stream_traffic", "batch_stream_session"),
    "traffic_daily_by_domain": ("edge_stat",),
    "traffic_daily_by_isp": ("edge_stat",),
    "traffic_daily_by_region": ("edge_stat_by_region",),
    "transcode_minutes_daily": ("transcode_info",),
    "viewers_daily": ("stream_session_by_domain",),
    "viewers_hourly": ("stream_session_by_domain",),
    "viewers_of_days": ("stream_session_account", "stream_session_by_domain"),
}
"""Table -> datasets. Not here: tables about all datasets, which are never empty."""

OF_PUSH_DOMAINS = {
    "push_interruptions_daily",
    "stream_health_daily",
    "transcode_minutes_daily",
}
"""Tables whose domains are push domains: they have no row of a pull domain."""
