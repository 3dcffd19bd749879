"""The check `endpoints_agree` of the served copy: results of the reconciliation rules.

Not here: the rules. Read next: resources/system_tables/reconciliation/table.py.
"""

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
    """Result from the served copy, with the newest differences as a table."""
    with archive.reading() as connection:
        status = table.reconciliation_status(connection, _SHOWN)
    facts: dict[str, Any] = {
        "comparisons": status.comparisons,
        "differing": status.differing,
        "not_comparable": status.not_comparable,
        "sparse": status.sparse,
    }
    if status.differences:
        facts["differences"] = _table(status)
    return dg.AssetCheckResult(
        passed=not status.differing,
        check_name=CHECK,
        severity=dg.AssetCheckSeverity.WARN,
        description=_summary(status),
        metadata=facts,
    )


def _summary(status: table.ReconciliationStatus) -> str:
    if not status.differing:
        sparse = f", {status.sparse} days are sparse" if status.sparse else ""
        agreeing = status.comparisons - status.not_comparable - status.sparse
        return f"{agreeing} comparisons agree{sparse}."
    days = {d.business_date for d in status.differences}
    rules = sorted({d.rule for d in status.differences})
    shown = f", the newest {_SHOWN} of them" if status.differing > _SHOWN else ""
    return (
        f"{status.differing} of {status.comparisons} comparisons differ{shown} between {min(days)} "
        f"and {max(days)}, by {', '.join(rules)}. Where late data may be the reason, capture the "
        "day again with `livestats backfill --force`."
    )


def _table(status: table.ReconciliationStatus) -> dg.MetadataValue[Any]:
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
        for d in status.differences
    ]
    return metadata.table(_COLUMNS, rows)
