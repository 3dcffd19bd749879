"""Bandwidth of the calendar months of the range by the usual billing rules.

The rules are in the billing marts; this turns their rows into text. Read next: traffic.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.reports.usage import words
from pipelines.reports.usage.scope import Source
from resources.i18n import say

TEXTS: Mapping[str, str] = {
    "caption": "Bandwidth of the calendar months, by the usual billing rules",
    "absent": "No billing bandwidth: the served copy has no {mart}. Run `livestats publish`.",
    "note": "Whole months, whatever the days shown. Days that are not captured or still to come count "
    "as 0, so the value of an incomplete month can only rise.",
    "whole": "{month} has a billing 95th percentile of {p95}.",
    "so_far": "{month} has a billing 95th percentile of {p95} from the {captured} of {days} days that are "
    "captured.",
    "if_similar": "It is {p95} if its other days are similar.",
    "decisive": "The 95th percentile of {month} is that of the 5 minutes from {moment}: {parts}.",
    "part": "{captured} of {days}",
    "incomplete": "{month}, not complete",
}
HEAD = (
    "Month",
    "95th percentile",
    "Fourth peak",
    "Average of daily peaks",
    "Peak",
    "Days captured",
)
_MONTHS = """
SELECT {name}, month, p95_mbps, p95_so_far_mbps, fourth_peak_mbps, daily_peak_average_mbps, peak_mbps,
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
class Billing:
    """What the page says of calendar months."""

    sentences: Sequence[str] = ()
    caption: str = ""
    head: Sequence[str] = ()
    rows: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    """Of each domain; those of what the report is about under ""."""
    note: str = ""


def billing(source: Source, domains: Sequence[str], language: str) -> Billing:
    """Each calendar month of the range by billing rules, always as a whole; of `domains` too."""
    mart = "billing_monthly_account" if source.domain is None else "billing_monthly_by_domain"
    if not source.has(mart):
        return Billing([_text("absent", language, mart=mart)])
    where = "" if source.domain is None else "AND domain = $domain"
    domain = source.domain and source.domain.name
    months = source.rows(_MONTHS.format(name="''", mart=mart, where=where), domain=domain)
    if not months:
        return Billing()
    every = list(months)
    if domains and source.has("billing_monthly_by_domain"):
        where = "AND domain IN (SELECT unnest($names))"
        sql = _MONTHS.format(name="domain", mart="billing_monthly_by_domain", where=where)
        every += source.rows(sql, names=domains)
    rows: dict[str, list[Sequence[str]]] = {}
    for name, *month in every:
        rows.setdefault(name, []).append(_row(month, language))
    return Billing(
        _sentences(months[-1][1:], language),
        _text("caption", language),
        [say(head, language) for head in HEAD],
        rows,
        " ".join([_text("note", language), *_decisive_slots(source, language)]),
    )


def _text(key: str, language: str, **values: object) -> str:
    return say(TEXTS[key], language).format(**values)


def _sentences(month: Sequence[Any], language: str) -> list[str]:
    first, p95, so_far, *_, captured, days, is_complete = month
    name, value = words.month(first, language), words.bandwidth(p95)
    if is_complete:
        return [_text("whole", language, month=name, p95=value)]
    found = _text("so_far", language, month=name, p95=value, captured=captured, days=days)
    if so_far is not None:
        found += f" {_text('if_similar', language, p95=words.bandwidth(so_far))}"
    return [found]


def _row(month: Sequence[Any], language: str) -> Sequence[str]:
    first, p95, _, fourth, average, peak, captured, days, is_complete = month
    name = words.month(first, language)
    return (
        name if is_complete else _text("incomplete", language, month=name),
        *(words.bandwidth(value) for value in (p95, fourth, average, peak)),
        _text("part", language, captured=captured, days=days),
    )


def _decisive_slots(source: Source, language: str) -> list[str]:
    """For each month, the 5-minute slot of its 95th percentile and the domains with most of it."""
    if source.domain is not None or not source.has("billing_instants"):
        return []
    by_month: dict[Any, list[tuple[Any, ...]]] = {}
    for month, *rest in source.rows(_DECISIVE):
        by_month.setdefault(month, []).append(tuple(rest))
    return [
        _text(
            "decisive",
            language,
            month=words.month(month, language),
            moment=words.moment(rows[0][0]),
            parts=", ".join(f"{domain} {words.share(part / 100)}" for _, domain, part in rows[:3])
            + (" …" if len(rows) > 3 else ""),
        )
        for month, rows in by_month.items()
    ]
