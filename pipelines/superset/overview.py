"""The tab "Overview": the newest figures, then from domains to their streams."""

from __future__ import annotations

from pipelines.superset.model import BYTES, MBPS, PERCENT, SHORT, WHOLE, Chart, Filter, Kind, Tab
from pipelines.superset.shared import ACCESS, DAY, MONTH, ONLINE, SERIES, TOTAL, newest, over_days

_SENT = Filter(column="down_traffic_bytes", operator=">", values=(0,))
_PIE = {"number_format": BYTES, "threshold_for_other": 3}


_NEWEST = (
    newest(
        "Traffic", "traffic_daily_by_domain", "total_down_traffic_bytes",
        "Downstream traffic of the newest day.", BYTES,
    ),
    newest(
        "Peak viewers", "viewers_of_days", "max_peak_online_users",
        "Open sessions of the newest day; where domains are chosen, of the one with most.",
        WHOLE, (ONLINE,),
    ),
    newest(
        "P95, Mbps", "billing_of_days", "max_p95_so_far_mbps",
        "95th percentile of the newest month by now; where domains are chosen, of the one with "
        "most. Monitoring data, not the bill.", MBPS, (TOTAL,), grain=MONTH,
    ),
    newest(
        "Good minutes", "stream_health_daily", "share_of_good",
        "Live minutes of pushed streams without any breach of `health_threshold`.", PERCENT,
    ),
    newest(
        "5xx answers", "errors_daily", "share_of_5xx",
        "Answers that the server failed, over all answers to pushes and plays.", PERCENT, (ACCESS,),
    ),
    over_days(
        "Complete days", "ledger", "share_of_complete",
        "Complete over due dataset-days of the chosen days.", ".1%", "of all datasets", width=2,
    ),
)  # fmt: skip

OVERVIEW = Tab(
    title="Overview",
    rows=(
        _NEWEST,
        (
            Chart(
                title="Traffic by domain", table="traffic_daily_by_domain", kind=Kind.BAR,
                note="Downstream traffic of each day.", filters=(_SENT,),
                metrics=("total_down_traffic_bytes",), by=("domain",), grain=DAY, top=SERIES,
                width=8, options={"y_axis_format": BYTES},
            ),
            Chart(
                title="Domains with most traffic", table="traffic_daily_by_domain", kind=Kind.TABLE,
                note="Click a domain, and all tiles show it alone, and its streams; click its space, "
                "and they show its pushes as well. Click again for all.",
                metrics=("total_down_traffic_bytes",), by=("vhost", "domain"), width=4,
                options={"show_cell_bars": True},
            ),
        ),
        (
            Chart(
                title="Streams with most traffic", table="stream_traffic_daily", kind=Kind.TABLE,
                note="Downstream traffic and peak of the chosen days, from every stream of every "
                "day. Click a stream, and the tiles of streams show it alone.",
                metrics=("total_down_traffic_bytes", "max_peak_online_users"), rows=200, filters=(_SENT,),
                by=("domain", "app", "stream"), width=6, options={"show_cell_bars": True},
            ),
            Chart(
                title="Traffic by stream", table="stream_traffic_daily", kind=Kind.BAR,
                note="Downstream traffic of each day, by name of the stream.", filters=(_SENT,),
                metrics=("total_down_traffic_bytes",), by=("stream",), grain=DAY, top=SERIES,
                width=6, options={"y_axis_format": BYTES},
            ),
        ),
        (
            Chart(
                title="Viewers by domain and hour", table="viewers_hourly", kind=Kind.LINE,
                note="Peak of each hour by domain, open sessions. Peaks are not stacked: domains "
                "peak at different moments.",
                metrics=("max_peak_online_users",), by=("domain",), filters=(ONLINE,),
                grain="PT1H", rows=50_000, top=SERIES, width=8,
                options={"y_axis_format": WHOLE},
            ),
            Chart(
                title="Minutes watched by day", table="viewers_daily", kind=Kind.BAR,
                note="Viewers of each slot times its length; minutes add up.",
                metrics=("total_viewer_minutes",), filters=(ONLINE,), grain=DAY, width=4,
                options={"y_axis_format": SHORT, "show_legend": False},
            ),
        ),
        (
            Chart(
                title="Traffic by carrier", table="traffic_daily_by_isp", kind=Kind.PIE,
                note="Downstream traffic of the chosen days.",
                metrics=("total_down_traffic_bytes",), by=("isp_name",), width=4, options=_PIE,
            ),
            Chart(
                title="Traffic by country", table="traffic_daily_by_region", kind=Kind.PIE,
                note="Downstream traffic of the chosen days, by the viewers' country.",
                metrics=("total_down_traffic_bytes",), by=("country_name",), width=4, options=_PIE,
            ),
            Chart(
                title="Pulled from origins", table="origin_pull_daily", kind=Kind.LINE,
                note="Traffic pulled from the origins over traffic sent to viewers.",
                empty="Empty: nothing was sent to viewers, and nothing pulled.",
                metrics=("share_of_origin",), by=("domain",), grain=DAY, top=SERIES,
                rank="total_down_traffic_bytes", width=4, options={"y_axis_format": PERCENT},
            ),
        ),
    ),
)  # fmt: skip
