"""Datasets that are made of several tables: names beside codes, and what one chart needs of two marts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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


# Rows of the whole account, whose domain is NULL, stand beside those of the domains: the account's
# peaks and percentiles are not those of its domains added up. A filter of domains takes the account's
# rows away; as long as they are there, metrics look at no others (metrics.of_account).
_RULES = ("p95_so_far_mbps", "fourth_peak_mbps", "daily_peak_average_mbps", "peak_mbps")
_MONTHS = f"""SELECT month, NULL AS domain, direction, days_captured, {", ".join(_RULES)}
  FROM main.billing_monthly_account
  UNION ALL
  SELECT month, domain, direction, days_captured, {", ".join(_RULES)}
  FROM main.billing_monthly_by_domain"""
_MONTHLY = ("billing_monthly_account", "billing_monthly_by_domain")

BILLING_OF_DAYS = Joined(
    name="billing_of_days",
    comment="Each day with the billing bandwidth of its month, as it is by now, so that a filter of "
    "days finds every month that one of them is in. Domain NULL: the whole account. Monitoring "
    "data, not the bill. Key: business_date, domain, direction.",
    columns=(
        ("dim_date", "business_date"),
        ("billing_monthly_by_domain", "month"),
        ("billing_monthly_by_domain", "domain"),
        ("billing_monthly_by_domain", "direction"),
        ("billing_monthly_by_domain", "days_captured"),
        *(("billing_monthly_by_domain", rule) for rule in _RULES),
    ),
    sql=f"""SELECT d.business_date, m.*
FROM main.dim_date d JOIN (
  {_MONTHS}
) m ON m.month = d.month""",
    reads=("dim_date", *_MONTHLY),
)

BANDWIDTH_AND_P95 = Joined(
    name="bandwidth_and_p95",
    comment="Traffic of each 5-minute slot beside the 95th percentile of its month, as it is by now. "
    "Domain NULL: the whole account. Monitoring data, not the bill. Key: domain, slot_start_at.",
    columns=(
        ("bandwidth_5min", "business_date"),
        ("bandwidth_5min", "slot_start_at"),
        ("bandwidth_5min", "slot_seconds"),
        ("bandwidth_5min", "domain"),
        ("bandwidth_5min", "up_traffic_bytes"),
        ("bandwidth_5min", "down_traffic_bytes"),
        ("billing_monthly_by_domain", "p95_so_far_mbps"),
    ),
    sql=f"""SELECT b.*, m.p95_so_far_mbps
FROM (
  SELECT business_date, slot_start_at, slot_seconds, NULL AS domain,
         up_traffic_bytes, down_traffic_bytes
  FROM main.bandwidth_5min_account
  UNION ALL
  SELECT business_date, slot_start_at, slot_seconds, domain, up_traffic_bytes, down_traffic_bytes
  FROM main.bandwidth_5min
) b
LEFT JOIN (
  {_MONTHS}
) m ON m.month = date_trunc('month', b.business_date) AND m.direction = 'total'
   AND m.domain IS NOT DISTINCT FROM b.domain""",
    reads=("bandwidth_5min", "bandwidth_5min_account", *_MONTHLY),
)

VIEWERS_OF_DAYS = Joined(
    name="viewers_of_days",
    comment="Most concurrent viewers of each domain and day, and of the whole account, whose domain "
    "is NULL. Key: business_date, domain, online_user_type.",
    columns=(
        ("viewers_daily", "business_date"),
        ("viewers_daily", "domain"),
        ("viewers_daily", "online_user_type"),
        ("viewers_daily", "peak_online_users"),
    ),
    sql="""SELECT business_date, NULL AS domain, online_user_type, peak_online_users
FROM main.viewers_daily_account
UNION ALL
SELECT business_date, domain, online_user_type, peak_online_users
FROM main.viewers_daily""",
    reads=("viewers_daily", "viewers_daily_account"),
)

JOINED = (BILLING_OF_DAYS, BANDWIDTH_AND_P95, VIEWERS_OF_DAYS)

_NAMED = (("domain", "dim_domain", "vhost"), ("isp", "dim_isp", "isp_name"))
"""A column, the dimension that has a row for each of its values, and the column to take from there."""


def with_joined(tables: Sequence[Table], language: str = ENGLISH) -> list[Table]:
    """The tables and those that can be made of them, each with domain spaces and carrier names."""
    known = {table.name: table for table in tables}
    found = [*tables]
    for joined in JOINED:
        if {*joined.reads} <= {*known}:
            columns = tuple(known[table].column(column) for table, column in joined.columns)
            comment = say(joined.comment, language)
            found.append(Table(name=joined.name, comment=comment, columns=columns, sql=joined.sql))
    for code, dimension, name in _NAMED:
        if dimension in known:
            found = [_named(table, code, known[dimension], name) for table in found]
    return found


def _named(table: Table, code: str, dimension: Table, name: str) -> Table:
    """The table with a column of the dimension; unchanged where it has it or lacks the code."""
    if table.name == dimension.name or table.has(name) or not table.has(code):
        return table
    return replace(
        table,
        columns=(*table.columns, dimension.column(name)),
        sql=f"SELECT t.*, d.{name}\nFROM {table.source} t "
        f"LEFT JOIN main.{dimension.name} d ON d.{code} = t.{code}",
    )
