"""The check `complete` of a daily dataset: fails while days are partial, incomplete, suspect or lost.

Not here: how the state of a day is derived (resources/ledger/states.py). Read next: expiry.py.
"""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

from resources.ledger.states import Entry, State

CHECK = "complete"
SUSPECT = "suspect"

_SHOWN = 50  # days of each state that are listed; `livestats status` lists all


def spec(asset: dg.AssetKey) -> dg.AssetCheckSpec:
    """The check, on the asset of a dataset."""
    return dg.AssetCheckSpec(
        CHECK,
        asset=asset,
        description="No day is partial (tried, and something could not be had yet: an error until a "
        "later run completes it), incomplete (captured, and some items lack: a warning), suspect "
        "(other datasets or the answer itself contradict it: a warning until the vendor's later answer "
        "or a person settles it) or lost (never captured, and the API no longer answers for it: a warning "
        "that stays). Days that were never asked do not count.",
    )


def result(asset: dg.AssetKey, lines: Iterable[Entry]) -> dg.AssetCheckResult:
    """Result for `lines`, the ledger of one dataset: ERROR if days are partial, else WARN."""
    days: dict[str, list[str]] = {
        State.PARTIAL: [],
        State.INCOMPLETE: [],
        SUSPECT: [],
        State.LOST: [],
    }
    for line in lines:
        reason = SUSPECT if line.is_suspect else line.state
        if reason in days:
            days[reason].append(line.day.isoformat())
    facts: dict[str, str | int] = {}
    for reason, found in days.items():
        facts[f"{reason}_days"] = len(found)
        if found:
            more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
            facts[str(reason)] = ", ".join([*found[:_SHOWN], *more])
    severity = dg.AssetCheckSeverity.ERROR if days[State.PARTIAL] else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(
        passed=not any(days.values()),
        check_name=CHECK,
        asset_key=asset,
        severity=severity,
        metadata=facts,
    )
