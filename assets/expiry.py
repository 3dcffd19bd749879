"""Whether a day is about to be forgotten, as a check of the served copy: seen in time to act."""

from __future__ import annotations

import dagster as dg

from resources.archive import Archive
from resources.ledger import State

CHECK = "nothing_expires"

_SHOWN = 20  # days of a dataset that are named


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
    """A warning with the days of each dataset that the API is about to forget."""
    expiring = {
        dataset.name: [
            line.day.isoformat()
            for line in archive.ledger(dataset, archive.first_day, archive.today)
            if line.state is State.EXPIRING
        ]
        for dataset in archive.daily
    }
    found = {name: days for name, days in expiring.items() if days}
    return dg.AssetCheckResult(
        passed=not found,
        check_name=CHECK,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "expiring_days": sum(map(len, found.values())),
            **{name: ", ".join(days[:_SHOWN]) for name, days in found.items()},
        },
    )
