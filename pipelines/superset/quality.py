"""The tab "Quality": health of pushed streams, interruptions, errors."""

from __future__ import annotations

from pipelines.superset.model import PERCENT, Chart, Filter, Kind, Tab
from pipelines.superset.shared import ACCESS, DAY, SERIES

_WAS_INTERRUPTED = Filter(column="interruption_reason", operator="IS NOT NULL")
_NO_INTERRUPTION = "Empty: no push was interrupted."

QUALITY = Tab(
    title="Quality",
    rows=(
        (
            Chart(
                title="Good minutes by domain", table="stream_health_daily", kind=Kind.LINE,
                note="Live minutes of pushed streams without any breach of `health_threshold`.",
                metrics=("share_of_good",), by=("domain",), grain=DAY,
                top=SERIES, rank="total_live_slots", width=12, height=34,
                options={
                    "y_axis_format": ".0%", "truncateYAxis": True, "y_axis_bounds": (None, 1),
                },
            ),
        ),
        (
            Chart(
                title="Streams with most bad minutes", table="stream_health_daily",
                kind=Kind.TABLE,
                note="Share of the live minutes with any breach, and what it was; a minute may have "
                "several. Limits: table `health_threshold`.",
                metrics=(
                    "share_of_bad", "total_live_slots", "total_stall_slots",
                    "total_bitrate_dip_slots", "total_framerate_drop_slots",
                    "total_audio_gap_slots", "total_av_offset_slots",
                ),
                by=("domain", "app", "stream"), width=12,
            ),
        ),
        (
            Chart(
                title="Why pushes were interrupted", table="push_interruptions_daily",
                kind=Kind.TABLE, note="Interruptions by the reason for which the push had ended.",
                empty=_NO_INTERRUPTION, filters=(_WAS_INTERRUPTED,),
                metrics=("total_interruptions", "total_interrupted_s"),
                by=("interruption_reason",), width=6, options={"show_cell_bars": True},
            ),
            Chart(
                title="Streams with most interruptions", table="push_interruptions_daily",
                kind=Kind.TABLE, note="Pushes that went on after an interruption.",
                empty=_NO_INTERRUPTION, filters=(_WAS_INTERRUPTED,),
                metrics=("total_interruptions",), by=("domain", "stream"), width=6,
                options={"show_cell_bars": True},
            ),
        ),
        (
            Chart(
                title="5xx by carrier", table="errors_daily", kind=Kind.LINE,
                note="From counts: 5xx answers over all answers to pushes and plays.",
                metrics=("share_of_5xx",), by=("isp_name",), filters=(ACCESS,), grain=DAY,
                top=SERIES, rank="total_responses", width=8,
                options={"y_axis_format": PERCENT, "markerEnabled": True},
            ),
            Chart(
                title="Answers that were errors", table="errors_daily", kind=Kind.TABLE,
                note="Counts of 4xx and 5xx answers to pushes and plays by code.",
                empty="Empty: no answer was an error.", metrics=("total_responses",),
                by=("status_class", "status_code"),
                filters=(ACCESS, Filter(column="status_class", values=("4xx", "5xx"))),
                rows=50, width=4, options={"show_cell_bars": True},
            ),
        ),
    ),
)  # fmt: skip
