"""The tab "Billing": bandwidth under the usual billing rules, and transcoding."""

from __future__ import annotations

from pipelines.superset.model import MBPS, SHORT, Chart, Filter, Kind, Tab
from pipelines.superset.shared import DAY, SERIES, TOTAL

_OF_A_DOMAIN = Filter(column="domain", operator="IS NOT NULL")
_NO_TASK = "Empty: nothing was transcoded."


BILLING = Tab(
    title="Billing",
    rows=(
        (
            Chart(
                title="Bandwidth and what is billed of it", table="bandwidth_and_p95",
                kind=Kind.LINE,
                note="Averages of 5 minutes, upstream plus downstream, and the 95th percentile of "
                "each month by now. Where domains are chosen: the sum of their bandwidths, and the "
                "95th percentile of the domain with most. Monitoring data, not the bill.",
                metrics=("average_mbps", "max_p95_so_far_mbps"), rows=50_000, width=12,
                options={"y_axis_format": MBPS},
            ),
        ),
        (
            Chart(
                title="Billing bandwidth by month", table="billing_of_days", kind=Kind.TABLE,
                note="Mbps, upstream plus downstream, by now, of each month with a chosen day: of "
                "the account, or of the domain with most where domains are chosen. Monitoring "
                "data, not the bill.",
                metrics=(
                    "max_p95_so_far_mbps", "max_fourth_peak_mbps", "max_daily_peak_average_mbps",
                    "max_peak_mbps", "max_days_captured",
                ),
                by=("month",), order="newest_first", filters=(TOTAL,), width=6,
                options={"table_timestamp_format": "%Y-%m"},
            ),
            Chart(
                title="Billing bandwidth by domain", table="billing_of_days", kind=Kind.TABLE,
                note="Mbps, upstream plus downstream, by now, of each month with a chosen day; "
                "domains are never added up. Monitoring data, not the bill.",
                metrics=(
                    "max_p95_so_far_mbps", "max_fourth_peak_mbps", "max_daily_peak_average_mbps",
                    "max_peak_mbps",
                ),
                by=("month", "domain"), order="newest_first", filters=(TOTAL, _OF_A_DOMAIN), width=6,
                options={"table_timestamp_format": "%Y-%m"},
            ),
        ),
        (
            Chart(
                title="Transcoding by day", table="transcode_minutes_daily", kind=Kind.BAR,
                note="Minutes of transcoding by codec and resolution.", empty=_NO_TASK,
                metrics=("total_transcode_minutes",), by=("transcode_type", "resolution"),
                grain=DAY, top=SERIES, width=8, options={"y_axis_format": SHORT},
            ),
            Chart(
                title="Transcoding by domain", table="transcode_minutes_daily", kind=Kind.TABLE,
                note="Minutes of the chosen days.", empty=_NO_TASK,
                metrics=("total_transcode_minutes",), by=("domain",), width=4,
                options={"show_cell_bars": True},
            ),
        ),
    ),
)  # fmt: skip
