"""The dashboard "Live overview": its sections, and its filters."""

from __future__ import annotations

from pipelines.superset.dashboard import Choice
from pipelines.superset.model import BYTES, MBPS, PERCENT, WHOLE, Chart, Filter, Kind, Section
from pipelines.superset.quality import COVERAGE, ERRORS, HEALTH
from pipelines.superset.shared import ACCESS, DAY, ONLINE, TOTAL
from pipelines.superset.usage import TRAFFIC, VIEWERS

TITLE = "Live overview"
TIME_RANGE = "Last 30 days"

CHOICES = (
    Choice(title="Domain", follower="domain", table="traffic_daily_by_domain", column="domain"),
    Choice(
        title="Push domain", follower="push domain", table="stream_health_daily", column="domain"
    ),
)

_HIGH = 24  # of a big number
_WEEK_AGO = {"compare_lag": 7, "compare_suffix": "against a week before"}


def _latest(
    title: str,
    table: str,
    metric: str,
    note: str,
    form: str,
    *follows: str,
    filters: tuple[Filter, ...] = (),
) -> Chart:
    """A big number: the last complete day, and the line that led to it."""
    return Chart(
        title=title, table=table, kind=Kind.BIG_NUMBER, note=note, metrics=(metric,),
        filters=filters, grain=DAY, width=2, height=_HIGH, follows=("time", *follows),
        options={"y_axis_format": form, **_WEEK_AGO},
    )  # fmt: skip


_LATEST = Section(
    title="",
    rows=(
        (
            _latest(
                "Traffic", "traffic_daily_by_domain", "total_down_traffic_bytes",
                "Downstream traffic of the newest complete day.", BYTES, "domain",
            ),
            Chart(
                title="95th percentile, Mbps", table="billing_monthly_account",
                kind=Kind.BIG_NUMBER, width=2, height=_HIGH, follows=(),
                note="Billing bandwidth of the account and the newest month by now, upstream plus "
                "downstream. Monitoring data, not the bill.",
                metrics=("max_p95_so_far_mbps",), filters=(TOTAL,), grain="P1M",
                options={
                    "y_axis_format": MBPS, "time_format": "%Y-%m", "compare_lag": 1,
                    "compare_suffix": "against the month before",
                },
            ),
            _latest(
                "Peak viewers", "viewers_daily_account", "max_peak_online_users",
                "Most viewers of the whole account in one slot, open sessions.", WHOLE,
                filters=(ONLINE,),
            ),
            _latest(
                "Good minutes", "stream_health_daily", "share_of_good",
                "Live minutes of pushed streams without any breach of health_threshold.", PERCENT,
                "push domain",
            ),
            _latest(
                "5xx answers", "error_rate_daily", "share_of_5xx",
                "Answers that the server failed, over all answers to pushes and plays.", PERCENT,
                "domain", filters=(ACCESS,),
            ),
            Chart(
                title="Days missing", table="freshness", kind=Kind.TOTAL, width=2, height=_HIGH,
                note="Dataset-days that were never captured, or not completely, and still can be.",
                metrics=("total_missing_days",), follows=(),
                options={"y_axis_format": WHOLE, "subheader": "of all datasets"},
            ),
        ),
    ),
)  # fmt: skip

SECTIONS = (_LATEST, TRAFFIC, VIEWERS, HEALTH, ERRORS, COVERAGE)
