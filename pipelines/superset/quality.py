"""Charts of stream health, errors and coverage."""

from __future__ import annotations

from pipelines.superset.model import PERCENT, Chart, Filter, Kind, Section
from pipelines.superset.shared import ACCESS, DAY, headed

HEALTH = Section(
    title="Stream health",
    rows=(
        (
            Chart(
                title="Streams with most bad minutes", table="stream_health_daily",
                kind=Kind.TABLE,
                note="Share of the live minutes with any breach, and what it was; a minute may have "
                "several. Limits: table health_threshold.",
                metrics=(
                    "share_of_bad", "total_live_slots", "total_stall_slots",
                    "total_bitrate_dip_slots", "total_framerate_drop_slots",
                    "total_audio_gap_slots", "total_av_offset_slots",
                ),
                by=("domain", "app", "stream"), width=8,
                follows=("time", "push domain"),
            ),
            Chart(
                title="Why pushes were interrupted", table="push_interruptions_daily",
                kind=Kind.PIE, note="Interruptions by the reason for which the push had ended.",
                metrics=("total_interruptions",), by=("interruption_reason",), width=4,
                follows=("time", "push domain"),
            ),
        ),
    ),
)  # fmt: skip

ERRORS = Section(
    title="Errors",
    rows=(
        (
            Chart(
                title="5xx by carrier", table="error_rate_by_isp", kind=Kind.LINE,
                note="From counts: 5xx answers over all answers to pushes and plays.",
                metrics=("share_of_5xx",), by=("isp_name",), filters=(ACCESS,), grain=DAY,
                width=8, follows=("time",),
                options={"y_axis_format": PERCENT, "markerEnabled": True},
            ),
            Chart(
                title="Answers that were errors", table="errors_daily", kind=Kind.TABLE,
                note="Counts of 4xx and 5xx answers to pushes and plays by code.",
                metrics=("total_responses",), by=("status_class", "status_code"),
                filters=(ACCESS, Filter(column="status_class", values=("4xx", "5xx"))),
                rows=50, width=4, options={"show_cell_bars": True},
            ),
        ),
    ),
)  # fmt: skip

COVERAGE = Section(
    title="Coverage",
    rows=(
        (
            Chart(
                title="How far each dataset has come", table="freshness", kind=Kind.TABLE,
                note="From the ledger, today; the time filter does not apply.",
                columns=(
                    "dataset", "newest_complete_day", "days_behind", "complete_days",
                    "missing_days", "expiring_days", "lost_days", "restated_days",
                ),
                order=(("days_behind", False), ("dataset", True)), rows=100, width=8, follows=(),
                options={
                    "table_timestamp_format": "%Y-%m-%d",
                    **headed(
                        newest_complete_day="complete up to", days_behind="days behind",
                        complete_days="complete", missing_days="missing",
                        expiring_days="expiring", lost_days="lost", restated_days="restated",
                    ),
                },
            ),
            Chart(
                title="Complete days by month", table="coverage_monthly", kind=Kind.BAR,
                note="Complete over due dataset-days of each month, all datasets.",
                metrics=("share_of_complete",), width=4, follows=(), grain="P1M",
                options={"y_axis_format": PERCENT, "y_axis_bounds": [0, 1], "show_legend": False},
            ),
        ),
    ),
)  # fmt: skip
