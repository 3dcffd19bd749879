"""Times: RFC3339 in and out, slots. Inside, a time is a whole number of seconds since 1970 (UTC)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from tests.second_server.errors import wrong

DAY_S = 86_400
SHANGHAI_S = 8 * 3600
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")


def parse(text: object, name: str) -> int:
    """The instant of an RFC3339 text with an offset and whole seconds."""
    if not isinstance(text, str) or not _RFC3339.fullmatch(text):
        raise wrong(f"{name} is not RFC3339 with an offset and whole seconds: {text!r}")
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError as error:
        raise wrong(f"{name}: {error}") from error


def stamp(epoch_s: int, offset: str) -> str:
    """The instant as RFC3339 with the offset "+08:00" or "Z"."""
    if offset == "Z":
        return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    zone = timezone(timedelta(seconds=SHANGHAI_S))
    return datetime.fromtimestamp(epoch_s, zone).strftime("%Y-%m-%dT%H:%M:%S+08:00")


def shanghai_day(epoch_s: int) -> int:
    """The number of the calendar day in Shanghai (days since 1970-01-01)."""
    return (epoch_s + SHANGHAI_S) // DAY_S


def day_start_s(day: int) -> int:
    """The instant at which that day starts in Shanghai."""
    return day * DAY_S - SHANGHAI_S


def slots(start: int, stop: int, width_s: int, day_start: str = "shanghai") -> list[int]:
    """The starts of the slots that a window [start, stop) touches.

    Slots are counted from the full hour; those of a day start at midnight in Shanghai or in UTC.
    """
    shift = SHANGHAI_S if width_s == DAY_S and day_start == "shanghai" else 0
    first = (start + shift) // width_s * width_s - shift
    return list(range(first, stop, width_s))
