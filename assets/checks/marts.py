"""The checks of marts: their keys are unique, and every day could be made.

Not here: whether a mart is what its SQL makes of the tables (`livestats verify`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date

import dagster as dg

UNIQUE_KEY, EVERY_DAY_MADE = "unique_key", "every_day_made"


def specs(asset: dg.AssetKey, mart_key: Collection[str]) -> list[dg.AssetCheckSpec]:
    """The checks of a mart that is a table with the key `mart_key`."""
    return [
        dg.AssetCheckSpec(
            UNIQUE_KEY,
            asset=asset,
            description=f"No two rows of the days that were made have one {', '.join(mart_key)}.",
        ),
        dg.AssetCheckSpec(
            EVERY_DAY_MADE,
            asset=asset,
            description="Every day could be made; else its rows are as they were, or left out of a table made anew.",
        ),
    ]


def results(
    asset: dg.AssetKey, doubled_keys: int, impossible: Mapping[date, str]
) -> Iterator[dg.AssetCheckResult]:
    """Results of both checks.

    `doubled_keys` is the number of keys that come more than once, `impossible` has the days that
    could not be made, and why.
    """
    yield dg.AssetCheckResult(
        passed=not doubled_keys,
        asset_key=asset,
        check_name=UNIQUE_KEY,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"keys_that_come_twice": doubled_keys},
    )
    yield dg.AssetCheckResult(
        passed=not impossible,
        asset_key=asset,
        check_name=EVERY_DAY_MADE,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={day.isoformat(): why for day, why in impossible.items()},
    )
