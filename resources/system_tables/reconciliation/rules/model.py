"""The class of reconciliation rules, and texts and SQL that several rules share.

The SELECT of a rule gives one row for each day of `days` (a table of `business_date`) and scope, a
domain or 'account':

    business_date, scope, expected, actual, slack, note

`slack` is an absolute allowance in the rule's unit, beside its relative tolerance; `note` names the
worst case, or is NULL. A scope that is missing on one side counts as 0 there: whether the side was
captured at all is decided before. A rule reads only what its tables captured of the day itself, so
its verdict does not depend on the order in which days were loaded. Values are added up as whole
bytes and requests: sums of floats depend on the order of the rows.
"""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass
from functools import cached_property
from typing import Literal

ACCOUNT = "account"
DAY_S = 86_400

LATE = "Both count the same, but are asked minutes apart: late data may reach one of them only."
FLOAT32 = "The vendor rounds to 32-bit floats."


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One comparison. `actual` must equal `expected`, or not exceed it, within the tolerance."""

    name: str
    meaning: str
    unit: str
    tolerance: float  # relative to `expected`
    why: str  # reason for the tolerance
    needs: tuple[str, ...]  # datasets; a day that lacks one of them is not comparable
    sql: str
    relation: Literal["=", "<="] = "="
    if_less: Literal["differs", "sparse"] = "differs"
    """Verdict if `actual` is less than expected. `sparse` is listed but raises no warning."""
    from_origins: bool = (
        False  # reads `origins`: totals that disagree, from the footers of the lake files
    )

    @cached_property
    def version(self) -> str:
        """Changes whenever anything in the rule changes."""
        return hashlib.sha256(repr(astuple(self)).encode()).hexdigest()[:12]


def sums(expected: tuple[str, str, str], actual: tuple[str, str, str]) -> str:
    """Two sums per domain. Each side is a table, a column and a condition on its rows."""
    one, other = (
        f"SELECT business_date, domain AS scope, sum({column}::BIGINT) AS total FROM {table} "
        f"WHERE business_date IN (FROM days) AND {condition} GROUP BY ALL"
        for table, column, condition in (expected, actual)
    )
    return f"""
        SELECT business_date, scope, coalesce(e.total, 0) AS expected,
               coalesce(a.total, 0) AS actual, 0 AS slack, NULL AS note
        FROM ({one}) e FULL JOIN ({other}) a USING (business_date, scope)"""
