"""The check `nothing_expires` of the served copy: warns of days that soon leave the API's history.

Not here: the alarm about them (resources/monitoring). Read next: reconciliation.py.
"""

from __future__ import annotations

import dagster as dg

from resources.archive import Archive
from resources.ledger.states import State

CHECK = "nothing_expires"

_SHOWN = 20  # days of a dataset that are listed


def spec(served: dg.AssetKey) -> dg.AssetCheckSpec:
    """The check, on the asset that publishes the ledger."""
    return dg.AssetCheckSpec(
        CHECK,
        asset=served,
        description="No day that is missing will be forgotten by the API within the days of "
        "archive.expiry_warning_days. The schedule asks for such days before all others; a warning "
        "that stays means that it cannot get them: see the runs, then `livestats backfill`.",
    )


def result(archive: Archive) -> dg.AssetCheckResult:
    """Result with the expiring days of the served ledger, by dataset."""
    with archive.reading() as connection:
        rows = connection.execute(
            "SELECT dataset, list(business_date::VARCHAR ORDER BY business_date) FROM ledger "
            "WHERE state = ? GROUP BY dataset ORDER BY dataset",
            [State.EXPIRING],
        ).fetchall()
    found: dict[str, list[str]] = dict(rows)
    return dg.AssetCheckResult(
        passed=not found,
        check_name=CHECK,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "expiring_days": sum(map(len, found.values())),
            **{name: ", ".join(days[:_SHOWN]) for name, days in found.items()},
        },
    )
