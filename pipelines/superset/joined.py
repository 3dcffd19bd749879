"""Datasets that join two marts for one chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.superset.model import Table
from resources.config import ENGLISH
from resources.i18n import say


@dataclass(frozen=True, kw_only=True)
class Joined:
    """A query over other tables; left out if one of them is missing."""

    name: str
    comment: str
    columns: tuple[tuple[str, str], ...]  # (table, column) whose type and comment it has
    sql: str
    reads: tuple[str, ...]


BANDWIDTH_AND_P95 = Joined(
    name="bandwidth_and_p95",
    comment="Bandwidth of the account in each 5-minute slot beside the 95th percentile of its "
    "month, as it is by now. Monitoring data, not the bill. Key: slot_start_at.",
    columns=(
        ("bandwidth_5min_account", "business_date"),
        ("bandwidth_5min_account", "slot_start_at"),
        ("bandwidth_5min_account", "total_mbps"),
        ("billing_monthly_account", "p95_so_far_mbps"),
    ),
    sql="""SELECT b.business_date, b.slot_start_at, b.total_mbps, m.p95_so_far_mbps
FROM main.bandwidth_5min_account b
LEFT JOIN main.billing_monthly_account m
  ON m.month = date_trunc('month', b.business_date) AND m.direction = 'total'""",
    reads=("bandwidth_5min_account", "billing_monthly_account"),
)

JOINED = (BANDWIDTH_AND_P95,)


def with_joined(tables: Sequence[Table], language: str = ENGLISH) -> list[Table]:
    """The tables, and those that can be made of them."""
    known = {table.name: table for table in tables}
    found = [*tables]
    for joined in JOINED:
        if {*joined.reads} <= {*known}:
            columns = tuple(known[table].column(column) for table, column in joined.columns)
            comment = say(joined.comment, language)
            found.append(Table(name=joined.name, comment=comment, columns=columns, sql=joined.sql))
    return found
