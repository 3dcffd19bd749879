"""Charts of traffic, billing bandwidth and viewers."""

from __future__ import annotations

from pipelines.superset.model import BYTES, MBPS, PERCENT, SHORT, WHOLE, Chart, Kind, Section
from pipelines.superset.shared import DAY, ONLINE, TOTAL, headed

_MONTHS = {"table_timestamp_format": "%Y-%m"}
_BILLED = headed(
    MBPS,
    p95_so_far_mbps="95th percentile",
    fourth_peak_mbps="Fourth peak",
    daily_peak_average_mbps="Daily peaks, average",
    peak_mbps="Peak",
)

TRAFFIC = Section(
    title="Traffic and billing bandwidth",
    rows=(
        (
            Chart(
                title="Bandwidth and what is billed of it", table="bandwidth_and_p95",
                kind=Kind.LINE,
                note="5-minute averages of the account, upstream plus downstream, and the 95th "
                "percentile of each month by now. Monitoring data, not the bill.",
                metrics=("max_total_mbps", "max_p95_so_far_mbps"), rows=50_000, width=8,
                follows=("time",), options={"y_axis_format": MBPS},
            ),
            Chart(
                title="Billing bandwidth of the account", table="billing_monthly_account",
                kind=Kind.TABLE,
                note="Mbps, upstream plus downstream, by now. Monitoring data, not the bill.",
                columns=(
                    "month", "p95_so_far_mbps", "fourth_peak_mbps", "peak_mbps", "days_captured",
                ),
                order=(("month", False),), filters=(TOTAL,), rows=100, width=4, follows=(),
                options={**_MONTHS, **_BILLED},
            ),
        ),
        (
            Chart(
                title="Traffic by domain", table="traffic_daily_by_domain", kind=Kind.BAR,
                note="Downstream traffic of each day.",
                metrics=("total_down_traffic_bytes",), by=("domain",), grain=DAY, width=6,
                options={"y_axis_format": BYTES},
            ),
            Chart(
                title="Billing bandwidth by domain", table="billing_monthly_by_domain",
                kind=Kind.TABLE,
                note="Mbps, upstream plus downstream, by now; domains are never added up. "
                "Monitoring data, not the bill.",
                columns=(
                    "month", "domain", "p95_so_far_mbps", "fourth_peak_mbps",
                    "daily_peak_average_mbps", "peak_mbps",
                ),
                order=(("month", False), ("p95_so_far_mbps", False)), filters=(TOTAL,), rows=1000,
                width=6, follows=("domain",), options={**_MONTHS, **_BILLED},
            ),
        ),
        (
            Chart(
                title="Traffic by carrier", table="traffic_daily_by_isp", kind=Kind.PIE,
                note="Downstream traffic over all days shown.",
                metrics=("total_down_traffic_bytes",), by=("isp_name",), width=4,
                options={"number_format": BYTES},
            ),
            Chart(
                title="Traffic by country", table="traffic_daily_by_region", kind=Kind.PIE,
                note="Downstream traffic over all days shown, by the viewers' country.",
                metrics=("total_down_traffic_bytes",), by=("country_name",), width=4,
                options={"number_format": BYTES},
            ),
            Chart(
                title="Pulled from origins", table="origin_pull_daily", kind=Kind.LINE,
                note="Traffic pulled from the origins over traffic sent to viewers.",
                metrics=("share_of_origin",), by=("domain",), grain=DAY, width=4,
                options={"y_axis_format": PERCENT},
            ),
        ),
    ),
)  # fmt: skip

VIEWERS = Section(
    title="Viewers",
    rows=(
        (
            Chart(
                title="Viewers by domain and hour", table="viewers_hourly", kind=Kind.LINE,
                note="Peak of each hour by domain, open sessions. Peaks are not stacked: domains "
                "peak at different moments.",
                metrics=("max_peak_online_users",), by=("domain",), filters=(ONLINE,),
                grain="PT1H", rows=50_000, width=8,
                options={"y_axis_format": WHOLE},
            ),
            Chart(
                title="Streams with most traffic", table="stream_traffic_daily", kind=Kind.TABLE,
                note="Downstream traffic over all days shown, from every stream of every day.",
                metrics=("total_down_traffic_bytes", "max_peak_online_users"),
                by=("domain", "app", "stream"), width=4,
                options={"show_cell_bars": True},
            ),
        ),
        (
            Chart(
                title="Minutes watched by day", table="viewers_daily", kind=Kind.BAR,
                note="Viewers of each slot times its length; minutes add up.",
                metrics=("total_viewer_minutes",), by=("domain",), filters=(ONLINE,), grain=DAY,
                width=6, options={"y_axis_format": SHORT},
            ),
            Chart(
                title="Peak viewers of the account", table="viewers_daily_account",
                kind=Kind.LINE,
                note="The highest slot of the account's own series; where that is not captured, of its "
                "domains added up. Open sessions, sessions seen in the minute, and distinct addresses.",
                metrics=("max_peak_online_users",), by=("online_user_type",), grain=DAY, width=6,
                follows=("time",), options={"y_axis_format": WHOLE, "markerEnabled": True},
            ),
        ),
    ),
)  # fmt: skip
