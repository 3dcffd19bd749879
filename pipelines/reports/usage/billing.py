"""Bandwidth of the calendar months of the range by the usual billing rules.

The rules are in the billing marts; this turns their rows into text. Read next: traffic.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.reports.usage import words
from pipelines.reports.usage.scope import Source
from pipelines.reports.usage.section import Table

_MONTHS = """
SELECT month, p95_mbps, p95_so_far_mbps, fourth_peak_mbps, daily_peak_average_mbps, peak_mbps,
       days_captured, days_in_month, is_complete
FROM {mart}
WHERE direction = 'total' AND month BETWEEN date_trunc('month', $first) AND $last {where}
ORDER BY month
"""
_DECISIVE = """
SELECT month, slot_start_at, domain, share_percent FROM billing_instants
WHERE direction = 'total' AND rule = 'p95' AND domain_mbps > 0
  AND month BETWEEN date_trunc('month', $first) AND $last
ORDER BY month, share_percent DESC, domain
"""


@dataclass(frozen=True)
class BillingSummary:
    """Sentences and tables about the calendar months of the range."""

    sentences: Sequence[str] = ()
    tables: Sequence[Table] = ()


def billing_summary(source: Source) -> BillingSummary:
    """Bandwidth of each calendar month of the range by billing rules, always of the whole month."""
    mart = "billing_monthly_account" if source.domain is None else "billing_monthly_by_domain"
    if not source.has(mart):
        return BillingSummary(
            [f"No billing bandwidth: the served copy has no {mart}. Run `livestats publish`."]
        )
    where = "" if source.domain is None else "AND domain = $domain"
    domain = source.domain and source.domain.name
    months = source.rows(_MONTHS.format(mart=mart, where=where), domain=domain)
    if not months:
        return BillingSummary()
    decisive = _decisive_slots(source)
    table = Table(
        "Bandwidth of the calendar months, by the usual billing rules",
        ("Month", "95th percentile", "Fourth peak", "Average of daily peaks", "Peak", "Days captured"),
        [_row(month) for month in months],
        figures=5,
        note="Whole months, whatever the range. Days that are not captured or still to come count as "
        "0, so the value of an incomplete month can only rise."
        + "".join(f" {text}" for text in decisive),
    )  # fmt: skip
    return BillingSummary([_sentence(months[-1])], [table])


def _sentence(month: tuple[Any, ...]) -> str:
    first, p95, so_far, *_, captured, days, is_complete = month
    if is_complete:
        return f"{first:%B %Y} has a billing 95th percentile of {words.bandwidth(p95)}."
    end = "" if so_far is None else f", {words.bandwidth(so_far)} if its other days are similar"
    return (
        f"{first:%B %Y} has a billing 95th percentile of {words.bandwidth(p95)} from the {captured} of "
        f"{days} days that are captured{end}."
    )


def _row(month: tuple[Any, ...]) -> Sequence[str]:
    first, p95, _, fourth, average, peak, captured, days, is_complete = month
    return (
        f"{first:%B %Y}" + ("" if is_complete else ", not complete"),
        *(words.bandwidth(value) for value in (p95, fourth, average, peak)),
        f"{captured} of {days}",
    )


def _decisive_slots(source: Source) -> list[str]:
    """For each month, the 5-minute slot of its 95th percentile and the domains with most of it."""
    if source.domain is not None or not source.has("billing_instants"):
        return []
    by_month: dict[Any, list[tuple[Any, ...]]] = {}
    for month, *rest in source.rows(_DECISIVE):
        by_month.setdefault(month, []).append(tuple(rest))
    return [
        f"The 95th percentile of {month:%B %Y} is the 5 minutes from {words.moment(rows[0][0])}: "
        + ", ".join(f"{domain} {words.share(part / 100)}" for _, domain, part in rows[:3])
        + (f" and {len(rows) - 3} more." if len(rows) > 3 else ".")
        for month, rows in by_month.items()
    ]
