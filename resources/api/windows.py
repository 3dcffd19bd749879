"""Half-open windows of time: the calendar day, and the windows that one request may cover.

In a request EndTime is one second before the end. The API does not document whether EndTime is
inclusive; this is right either way, since every slot is a multiple of 5 s. Next: `request_plan`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache, lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from resources.api.catalog.datasets import Dataset

Window = tuple[datetime, datetime]

VENDOR_ZONE = timezone(timedelta(hours=8))
"""Where slots of a day begin at midnight: of the vendor, whatever zone the archive has."""

_LAST_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=4096)
def day_window(day: date, zone: ZoneInfo) -> Window:
    """The calendar day `day` of `zone` as [00:00, next 00:00). Cached: every dataset needs the same."""
    start = datetime.combine(day, time(), zone)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    return start, end


def asked_window(dataset: Dataset, day: date, zone: ZoneInfo) -> Window:
    """What the requests of a day are about: from the first day that they name to its end."""
    return day_window(dataset.first_asked(day), zone)[0], day_window(day, zone)[1]


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


TIMES = ("StartTime", "EndTime")
"""Names of the parameters of a window, where an endpoint has no others: `Endpoint.times`."""


def wire_window(
    window: Window,
    *,
    last_second: bool = False,
    names: tuple[str, str] = TIMES,
    in_utc: bool = False,
) -> dict[str, str]:
    """The two times of a request for a half-open window, under `names`.

    `last_second` sends the end itself: for single events, one of which may begin in the last
    second, and where one that begins at the end can be told apart and dropped.
    """
    start, end = window
    # In UTC, like all sums: on a wall clock the second before a change to summer time is another.
    last = (end.astimezone(UTC) - _LAST_SECOND).astimezone(end.tzinfo)
    edges = (start, end if last_second else last)
    if in_utc:
        texts = [wire_time(edge.astimezone(UTC)).replace("+00:00", "Z") for edge in edges]
    else:
        texts = [wire_time(edge) for edge in edges]
    return dict(zip(names, texts, strict=True))


def read_window(
    payload: Mapping[str, object], *, last_second: bool = False, names: tuple[str, str] = TIMES
) -> Window | None:
    """The half-open window that a request made by `wire_window` asked for; None without times."""
    start, end = (payload.get(name) for name in names)
    if start is None or end is None:
        return None
    return _read_window(str(start), str(end), last_second)


@lru_cache(maxsize=256)  # hundreds of requests of a day have the same
def _read_window(start: str, end: str, last_second: bool) -> Window:
    wire_end = datetime.fromisoformat(end)
    return datetime.fromisoformat(start), wire_end if last_second else wire_end + _LAST_SECOND


def window_fields(dataset: Dataset, window: Window) -> dict[str, str]:
    """The times of a request of `dataset` for a window, as its endpoint takes them."""
    return wire_window(
        _widened(window, dataset.endpoint.asked_beyond),
        last_second=dataset.event_start is not None,
        names=dataset.endpoint.times,
        in_utc=dataset.endpoint.times_in_utc,
    )


def window_of(dataset: Dataset, payload: Mapping[str, object]) -> Window | None:
    """The window that a request of `dataset` wanted the rows of."""
    last_second = dataset.event_start is not None
    asked = read_window(payload, last_second=last_second, names=dataset.endpoint.times)
    return None if asked is None else _widened(asked, -dataset.endpoint.asked_beyond)


def _widened(window: Window, by: timedelta) -> Window:
    """A window that reaches so much further on both sides."""
    if not by:
        return window
    start, end = ((edge.astimezone(UTC), edge.tzinfo) for edge in window)
    return (start[0] - by).astimezone(start[1]), (end[0] + by).astimezone(end[1])


@cache
def has_constant_offset(zone: ZoneInfo) -> bool:
    """True if `zone` has had one UTC offset in all years that the API could be asked about.

    A day of 23 or 25 hours cannot be asked in one request of 24 h, and its totals do not add up.
    """
    first = date(2015, 1, 1)
    noons = (datetime.combine(first + timedelta(days=7 * i), time(12), zone) for i in range(1300))
    return len({n.utcoffset() for n in noons}) == 1
