"""Which captured days are suspect because their answers contradict themselves, say a total its rows.

What the vendor always counts in its own way is left alone once a person or the API has confirmed it.
Not here: contradictions among datasets (suspicion.py), their finding (api/parsing). Read next: evidence.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from resources.ledger.raw_day import RawDayFacts

EMPTIED = "no rows, and an earlier answer has some"
"""The vendor restates figures; that all of them go is rather a fault."""

USUAL_DAYS = 7
"""Days that have the same contradiction, from which it may be the vendor's way to count."""


def contradicted_days(
    facts: Mapping[date, RawDayFacts], is_settled: Callable[[date], bool]
) -> dict[date, tuple[str, ...]]:
    """Day -> what contradicts the rows of its newest capture, in words: its own answer, or an earlier one.

    Left out is what most days have, USUAL_DAYS at least, if one of them was confirmed by the API or
    accepted by a person, as `is_settled` tells.
    """
    days: dict[str, list[date]] = {}
    for day, one in facts.items():
        for text in (*one.contradictions, *([EMPTIED] if _is_emptied(one) else ())):
            days.setdefault(text, []).append(day)
    captured = sum(bool(one.captures) for one in facts.values())
    found: dict[date, tuple[str, ...]] = {}
    for text, with_it in sorted(days.items()):
        is_usual = len(with_it) >= USUAL_DAYS and 2 * len(with_it) > captured
        if not (is_usual and any(map(is_settled, with_it))):
            for day in with_it:
                found[day] = (*found.get(day, ()), text)
    return found


def _is_emptied(facts: RawDayFacts) -> bool:
    """True if the newest capture has no rows, one before has, and it is no erasure that took them."""
    if not facts.captures or facts.captures[-1].rows or facts.erased_rows:
        return False
    return any(name.rows for name in facts.captures)
