"""The check `complete` of a daily dataset: fails while days are partial or lost, and names them.

Not here: how the state of a day is derived (resources/ledger/states.py). Read next: expiry.py.
"""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

from resources.ledger.states import Entry, State

CHECK = "complete"

_SHOWN = 50  # days of each state that are listed; `livestats status` lists all


def spec(asset: dg.AssetKey) -> dg.AssetCheckSpec:
    """The check, on the asset of a dataset."""
    return dg.AssetCheckSpec(
        CHECK,
        asset=asset,
        description="No day is partial (tried, and something could not be had yet: an error until a "
        "later run completes it) or lost (never captured, and the API no longer answers for it: a "
        "warning that stays). Days that were never asked do not count.",
    )


def result(asset: dg.AssetKey, lines: Iterable[Entry]) -> dg.AssetCheckResult:
    """Result for `lines`, the ledger of one dataset: ERROR if days are partial, else WARN."""
    days: dict[State, list[str]] = {State.PARTIAL: [], State.LOST: []}
    for line in lines:
        if line.state in days:
            days[line.state].append(line.day.isoformat())
    facts: dict[str, str | int] = {}
    for state, found in days.items():
        facts[f"{state}_days"] = len(found)
        if found:
            more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
            facts[state] = ", ".join([*found[:_SHOWN], *more])
    severity = dg.AssetCheckSeverity.ERROR if days[State.PARTIAL] else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(
        passed=not any(days.values()),
        check_name=CHECK,
        asset_key=asset,
        severity=severity,
        metadata=facts,
    )
