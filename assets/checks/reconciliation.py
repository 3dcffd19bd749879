"""Whether endpoints agree, as a check of the served copy: two events a run, and no step more."""

from __future__ import annotations

from typing import Any

import dagster as dg

from assets import metadata
from resources.archive import Archive
from resources.system_tables.reconciliation import table

CHECK = "endpoints_agree"

_SHOWN = 50
_COLUMNS = ("day", "rule", "scope", "expected", "actual", "unit", "tolerance", "note")


def spec(served: dg.AssetKey) -> dg.AssetCheckSpec:
    """The check, on the asset that publishes the table."""
    return dg.AssetCheckSpec(
        CHECK,
        asset=served,
        description="What endpoints say of the same thing agrees, for every day and domain: see "
        f"the tables {table.TABLE} and {table.RULE_TABLE}. A difference is "
        "shown, and nothing is altered for it.",
    )


def result(archive: Archive) -> dg.AssetCheckResult:
    """The verdict of the served copy, with the newest differences as a table."""
    with archive.reading() as connection:
        found = table.reconciliation_status(connection, _SHOWN)
    facts: dict[str, Any] = {
        "comparisons": found.comparisons,
        "differing": found.differing,
        "not_comparable": found.not_comparable,
        "sparse": found.sparse,
    }
    if found.differences:
        facts["differences"] = _table(found)
    return dg.AssetCheckResult(
        passed=not found.differing,
        check_name=CHECK,
        severity=dg.AssetCheckSeverity.WARN,
        description=_summary(found),
        metadata=facts,
    )


def _summary(found: table.ReconciliationStatus) -> str:
    if not found.differing:
        sparse = f", {found.sparse} days are sparse" if found.sparse else ""
        agreeing = found.comparisons - found.not_comparable - found.sparse
        return f"{agreeing} comparisons agree{sparse}."
    days = {d.business_date for d in found.differences}
    rules = sorted({d.rule for d in found.differences})
    shown = f", the newest {_SHOWN} of them" if found.differing > _SHOWN else ""
    return (
        f"{found.differing} of {found.comparisons} comparisons differ{shown} between {min(days)} "
        f"and {max(days)}, by {', '.join(rules)}. Where late data may be the reason, capture the "
        "day again with `livestats backfill --force`."
    )


def _table(found: table.ReconciliationStatus) -> dg.MetadataValue[Any]:
    rows = [
        (
            d.business_date,
            d.rule,
            d.scope,
            f"{d.expected:,.6g}" if abs(d.expected) < 1 else f"{d.expected:,.0f}",
            f"{d.actual:,.6g}" if abs(d.actual) < 1 else f"{d.actual:,.0f}",
            d.unit,
            f"{d.tolerance:.2%}",
            d.note,
        )
        for d in found.differences
    ]
    return metadata.table(_COLUMNS, rows)
