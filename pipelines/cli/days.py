"""Days as people write them: 2026-11-01, 2026-11, yesterday, today, -7d.

Not here: the option types (options.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

FORMS = (
    "Write it like 2026-11-01, yesterday, today or -7d (seven days ago), or a month like 2026-11."
)

_AGO = re.compile(r"-(?P<days>\d{1,4})d")
_MONTH = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})")


def day(text: str, today: Callable[[], date], *, is_last: bool = False) -> date:
    """The day that `text` names; of a month its first day, with `is_last` its last one.

    `today` is called only for days that are counted from it. Raises ValueError, with what to write
    instead.
    """
    word = text.strip().lower()
    if word in ("today", "yesterday"):
        return today() - timedelta(days=word == "yesterday")
    try:
        if ago := _AGO.fullmatch(word):
            return today() - timedelta(days=int(ago["days"]))
        if _MONTH.fullmatch(word):
            first = date.fromisoformat(f"{word}-01")
            return _last_of_month(first) if is_last else first
        return date.fromisoformat(word)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not a day. {FORMS}") from None


def days(text: str, today: Callable[[], date]) -> tuple[date, date]:
    """First and last day of `FIRST..LAST`, of a month or of one day. Raises ValueError."""
    first, dots, last = text.partition("..")
    found = day(first, today), day(last if dots else first, today, is_last=True)
    if found[1] < found[0]:
        raise ValueError(f"{text!r} ends before it begins: give the earlier day first.")
    return found


def is_day(text: str) -> bool:
    """True for text in one of the forms, also for a day that there is not, such as 2026-02-30."""
    word = text.strip().lower()
    return word in ("today", "yesterday") or bool(
        _AGO.fullmatch(word) or _MONTH.fullmatch(word) or re.fullmatch(r"\d{4}-\d{2}-\d{2}", word)
    )


def _last_of_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
