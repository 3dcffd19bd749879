"""The tab "Operations": what of the chosen days is captured, and whether datasets agree."""

from __future__ import annotations

from pipelines.superset.model import WHOLE, Chart, Kind, Tab
from pipelines.superset.shared import DAY, over_days

OPERATIONS = Tab(
    title="Operations",
    rows=(
        (
            over_days(
                "Days missing", "ledger", "total_missing_days",
                "Dataset-days that were never captured, or not completely, and still can be: "
                "`livestats backfill`.", WHOLE, "of all datasets", width=3,
            ),
            over_days(
                "Days expiring soon", "ledger", "total_expiring_days",
                "Those of them that the API forgets soon: capture them first.",
                WHOLE, "of all datasets", width=3,
            ),
            over_days(
                "Days lost", "ledger", "total_lost_days",
                "Dataset-days that nobody captured and the API has forgotten.",
                WHOLE, "of all datasets", width=3,
            ),
            over_days(
                "Differences", "reconciliation", "differing",
                "Comparisons between datasets whose two sides differ.",
                WHOLE, "of all comparisons", width=3,
            ),
        ),
        (
            Chart(
                title="Dataset-days by state", table="ledger", kind=Kind.BAR,
                note="Each day of each dataset, by what is captured of it; days that the vendor has "
                "not settled yet are left out.",
                metrics=(
                    "total_complete_days", "total_incomplete_days", "total_missing_days",
                    "total_expiring_days", "total_lost_days",
                ),
                grain=DAY, width=8, options={"y_axis_format": WHOLE},
            ),
            Chart(
                title="Comparisons between datasets", table="reconciliation", kind=Kind.TABLE,
                note="What must agree, how often it was compared, and how often it differs.",
                empty="Empty: no two datasets of these days can be compared.",
                metrics=("differing", "comparisons"), by=("rule",), width=4,
            ),
        ),
        (
            Chart(
                title="How far each dataset has come", table="ledger", kind=Kind.TABLE,
                note="Of the chosen days, from the ledger. Click a dataset to see it alone.",
                metrics=(
                    "newest_complete_day", "share_of_complete", "total_complete_days",
                    "total_incomplete_days", "total_missing_days", "total_expiring_days",
                    "total_lost_days", "total_restated_days",
                ),
                by=("dataset",), order="share_of_complete", ascending=True, width=12, height=60,
            ),
        ),
    ),
)  # fmt: skip
