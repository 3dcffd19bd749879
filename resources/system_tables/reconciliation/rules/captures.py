"""Rules about a single dataset: all slots of the day are there, and rows add up to the totals.

Not here: rules that compare two datasets (streams.py, usage.py).
"""

from __future__ import annotations

from resources.api.catalog import DAILY
from resources.api.catalog.columns import SLOT_START_AT
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import ColumnType
from resources.system_tables.reconciliation.rules.model import ACCOUNT, DAY_S, FLOAT32, Rule


def _has_all_slots(dataset: Dataset) -> bool:
    """True if every slot of the day has a row. Status codes have rows only for what occurred."""
    slotted = any(f.column == SLOT_START_AT for f in dataset.endpoint.rows.levels[-1].fields)
    return slotted and dataset.bucket_s == 300


def _slots(dataset: Dataset) -> Rule:
    fields = dataset.endpoint.rows.levels[-1].fields
    values = [
        f.column for f in fields if f.column and f.kind in (ColumnType.INTEGER, ColumnType.FLOAT)
    ]
    has_domain = "domain" in dataset.column
    who, scope = ("A domain", "domain") if has_domain else ("The account", f"'{ACCOUNT}'")
    return Rule(
        name=f"slots_of_{dataset.name}",
        meaning=f"{who} with anything in {dataset.name} has all {DAY_S // 300} slots of the "
        "day there; with fewer the day is sparse.",
        unit="slots",
        tolerance=0.0,
        if_less="sparse",
        why="The vendor does not say whether it leaves out slots in which nothing happened. "
        "Where it does, sparse days of quiet domains are no fault, and nobody is warned of them.",
        needs=(dataset.name,),
        sql=f"""
            SELECT business_date, {scope} AS scope, {DAY_S} // max(slot_seconds) AS expected,
                   count(DISTINCT slot_start_at) AS actual, 0 AS slack, NULL AS note
            FROM {dataset.name} WHERE business_date IN (FROM days)
            GROUP BY ALL HAVING max(greatest({", ".join(values)})) > 0""",
    )


def _totals(dataset: Dataset) -> Rule:
    names = ", ".join(t.name for t in dataset.endpoint.totals if t.of)
    return Rule(
        name=f"totals_of_{dataset.name}",
        meaning=f"{names} of the answers are what their rows add up to; the row names those that "
        "are not. Decided when the answers were read.",
        unit="totals",
        tolerance=0.0,
        why="The totals themselves are compared with a tolerance of 0.0001: " + FLOAT32,
        needs=(dataset.name,),
        from_origins=True,
        sql=f"""
            SELECT business_date, '{ACCOUNT}' AS scope, 0 AS expected, len(disagreeing) AS actual,
                   0 AS slack, CASE WHEN disagreeing IS NULL THEN 'the lake file cannot be read'
                       ELSE nullif(array_to_string(disagreeing, ', '), '') END AS note
            FROM origins WHERE dataset = '{dataset.name}' AND business_date IN (FROM days)""",
    )


def rules_of(dataset: Dataset) -> tuple[Rule, ...]:
    """The rules about a single dataset; those of a cut are like those of any other."""
    has_totals = any(total.of for total in dataset.endpoint.totals)
    return (
        *([_slots(dataset)] if _has_all_slots(dataset) else []),
        *([_totals(dataset)] if has_totals else []),
    )


_FIXED = tuple(dataset for dataset in DAILY if not dataset.is_cut)
SLOTS = tuple(_slots(d) for d in _FIXED if _has_all_slots(d))
TOTALS = tuple(_totals(d) for d in _FIXED if any(t.of for t in d.endpoint.totals))
