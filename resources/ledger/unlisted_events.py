"""Days whose list lacks a push that the list of another day shows to belong there.

Some vendors list a push on each day that it touches, some on the day of its end. Only where a list has
one that began before its day and ended after it, is the former known. Not here: streams without
metrics (silent_streams.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from resources.api.windows import day_window
from resources.lake.long_events import LONG_S, MOST, Event
from resources.ledger.raw_day import RawDayFacts


def unlisted_events(
    facts: Mapping[date, RawDayFacts], zone: ZoneInfo
) -> dict[date, tuple[str, ...]]:
    """Day -> in words: domains whose list lacks a push that went on during LONG_S of the day."""
    windows = {day: _seconds(day_window(day, zone)) for day, its in facts.items() if its.captures}
    events = {one: None for day in windows for one in facts[day].long_events}
    is_by_day = any(
        begin < windows[day][0] and end > windows[day][1]
        for day in windows
        for _, _, begin, end in facts[day].long_events
    )
    if not is_by_day:
        return {}
    found: dict[date, tuple[str, ...]] = {}
    for day, (first, last) in windows.items():
        its = facts[day]
        lacking = {
            event[1]
            for event in events
            if min(event[3], last) - max(event[2], first) >= LONG_S and _lacks(its, event)
        }
        if lacking:
            texts = (f"lacks a push of {domain} that another day lists" for domain in lacking)
            found[day] = tuple(sorted(texts))
    return found


def _lacks(day: RawDayFacts, event: Event) -> bool:
    """True if a day that asked about the domain after the event's end does not have it."""
    digest, domain, _, end = event
    if domain in day.erased_rows:  # the push may be what was erased
        return False
    if domain not in day.rows_by_domain or day.captures[-1].fetched_at.timestamp() < end:
        return False
    listed = [one[0] for one in day.long_events]
    is_cut_off = len(listed) >= MOST and digest > listed[-1]
    return digest not in listed and not is_cut_off


def _seconds(window: tuple[datetime, datetime]) -> tuple[float, float]:
    return window[0].timestamp(), window[1].timestamp()
