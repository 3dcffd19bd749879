"""Rules that hold bandwidth against the traffic of the same rows: another unit of one of them breaks one.

A bandwidth is the peak inside its slot. So a slot carries no more than its peak all the time, and the
second of the peak carries no more than the slot. Not here: billed bandwidth (billing.py).
"""

from __future__ import annotations

from resources.system_tables.reconciliation.rules.model import FLOAT32, Rule

_BYTES_PER_MBIT = 125_000
_ROUNDED_MBPS = 0.01
"""A peak may be rounded by so much, which is all of a small one."""


def _rules(prefix: str, table: str, traffic: str, bandwidth: str, what: str) -> tuple[Rule, Rule]:
    second = f"{bandwidth} * {_BYTES_PER_MBIT}"
    sums = f"""
        SELECT business_date, domain AS scope, {{expected}} AS expected, {{actual}} AS actual,
               sum(slot_seconds * {_ROUNDED_MBPS} * {_BYTES_PER_MBIT})::BIGINT AS slack,
               NULL AS note
        FROM {table} WHERE business_date IN (FROM days) GROUP BY ALL"""
    carried = f"sum({traffic}::BIGINT)"
    return (
        Rule(
            name=f"{prefix}_traffic_of_bandwidth",
            meaning=f"{what} traffic of {table} is no more than its peaks of bandwidth can carry.",
            relation="<=",
            unit="bytes",
            tolerance=0.01,
            why=FLOAT32,
            needs=(table,),
            sql=sums.format(expected=f"sum(({second} * slot_seconds)::BIGINT)", actual=carried),
        ),
        Rule(
            name=f"{prefix}_bandwidth_of_traffic",
            meaning=f"What {table} carries in the seconds of its peaks of {what.lower()} bandwidth, "
            "one a slot, is no more than its traffic.",
            relation="<=",
            unit="bytes",
            tolerance=0.01,
            why=FLOAT32,
            needs=(table,),
            sql=sums.format(expected=carried, actual=f"sum(({second})::BIGINT)"),
        ),
    )


UNITS = (
    *_rules("edge", "edge_stat", "down_traffic_bytes", "down_bandwidth_mbps", "Downstream"),
    *_rules("origin", "source_traffic", "origin_traffic_bytes", "origin_bandwidth_mbps", "Origin"),
)
