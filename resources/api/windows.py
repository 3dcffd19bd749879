"""Half-open windows of time: the calendar day, and the windows that one request may cover.

In a request EndTime is one second before the end. The API does not document whether EndTime is
inclusive; this is right either way, since every slot is a multiple of 5 s. Next: `request_plan`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

Window = tuple[datetime, datetime]

VENDOR_ZONE = timezone(timedelta(hours=8))
"""Where slots of a day begin at midnight: of the vendor, whatever zone the archive has."""

_LAST_SECOND = timedelta(seconds=1)


def day_window(day: date, zone: ZoneInfo) -> Window:
    """The calendar day `day` of `zone` as [00:00, next 00:00)."""
    start = datetime.combine(day, time(), zone)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    return start, end


def slots_end(end: datetime, bucket_s: int | None) -> datetime:
    """When the last slot that begins before `end` is over: the end itself, or later for wide slots.

    Slots of a day begin at midnight of the vendor, which is another time in other zones.
    """
    if bucket_s is None:
        return end
    begins = datetime(1970, 1, 1, tzinfo=VENDOR_ZONE)
    over = (begins - end.astimezone(UTC)) % timedelta(seconds=bucket_s)
    return (end.astimezone(UTC) + over).astimezone(end.tzinfo)


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day of `zone` that `instant` falls into."""
    if instant.tzinfo is None:
        raise ValueError(f"time without a zone: {instant}. Add one, e.g. +08:00")
    return instant.astimezone(zone).date()


def split(start: datetime, end: datetime, longest: timedelta) -> list[Window]:
    """Cut [start, end) into the fewest consecutive windows no longer than `longest`.

    The windows come in time order and cover the range exactly; an empty range gives [].

    Raises ValueError if a time has no zone, `end` precedes `start`, or `longest` <= 0.
    """
    if start.tzinfo is None or end.tzinfo is None:
        raise ValueError(f"time without a zone in {start} .. {end}: add one, e.g. +08:00")
    # Elapsed time is counted in UTC: in a zone with summer time, differences, sums and comparisons
    # of wall clocks would be wrong.
    zone, first, last = start.tzinfo, start.astimezone(UTC), end.astimezone(UTC)
    if last < first or longest <= timedelta(0):
        raise ValueError(f"cannot cut {start} .. {end} into windows of {longest}")
    edges = [first]
    while edges[-1] < last:
        edges.append(min(edges[-1] + longest, last))
    return [(a.astimezone(zone), b.astimezone(zone)) for a, b in pairwise(edges)]


def wire_time(instant: datetime) -> str:
    """RFC 3339 with the offset of the instant's own zone, whole seconds."""
    return instant.isoformat(timespec="seconds")


def wire_window(window: Window, *, last_second: bool = False) -> dict[str, str]:
    """StartTime and EndTime of a request for a half-open window.

    `last_second` sends the end itself: for single events, one of which may begin in the last
    second, and where one that begins at the end can be told apart and dropped.
    """
    start, end = window
    # In UTC, like all sums: on a wall clock the second before a change to summer time is another.
    last = (end.astimezone(UTC) - _LAST_SECOND).astimezone(end.tzinfo)
    wire_end = end if last_second else last
    return {"StartTime": wire_time(start), "EndTime": wire_time(wire_end)}


def read_window(payload: Mapping[str, object], *, last_second: bool = False) -> Window | None:
    """The half-open window that a request made by `wire_window` asked for; None without times."""
    start, end = payload.get("StartTime"), payload.get("EndTime")
    if start is None or end is None:
        return None
    return _read_window(str(start), str(end), last_second)


@lru_cache(maxsize=256)  # hundreds of requests of a day have the same
def _read_window(start: str, end: str, last_second: bool) -> Window:
    wire_end = datetime.fromisoformat(end)
    return datetime.fromisoformat(start), wire_end if last_second else wire_end + _LAST_SECOND


def has_constant_offset(zone: ZoneInfo) -> bool:
    """True if `zone` has had one UTC offset in all years that the API could be asked about.

    A day of 23 or 25 hours cannot be asked in one request of 24 h, and its totals do not add up.
    """
    first = date(2015, 1, 1)
    noons = (datetime.combine(first + timedelta(days=7 * i), time(12), zone) for i in range(1300))
    return len({n.utcoffset() for n in noons}) == 1
