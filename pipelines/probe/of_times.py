"""Observations about time: ends of windows, offsets, widths, slots that are left out or late.

Read next: of_lists.py.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from pipelines.probe.answers import activity, details, is_zero, items, levels_of, series, step_s
from pipelines.probe.calls import Reply
from pipelines.probe.codes import refusal
from pipelines.probe.questions import EDGE, SESSION, SLOT, STATUS, WIDTH_S, WINDOW, Questions
from pipelines.probe.topics import Finding, likely, open_, sure

SETTLED = (EDGE, SESSION, STATUS)
"""The series that are asked for an evening that has settled."""

_OFFSET = re.compile(r"(Z|[+-]\d\d:\d\d)$")


def end(q: Questions) -> Finding:
    """Whether a slot begins at EndTime: the window up to an hour, and the slot behind it."""
    slots, behind = series(q.evening), series(q.next_slot)
    if q.start not in slots:
        return open_("end", "the evening has no first slot")
    if q.edge in slots:
        return sure("end", "inclusive")
    if q.edge in behind:
        return sure("end", "exclusive")
    return open_("end")


def last_second(q: Questions) -> Finding:
    """Whether a window that ends a second before the hour has the same slots."""
    reply = q.series(EDGE, q.two, q.start, q.edge - timedelta(seconds=1), split=True)
    if reply.failure is not None:
        return refusal("last second", reply)
    slots = {at for at in series(q.evening) if at < q.edge}
    found = {at for at in series(reply) if at < q.edge}
    if not slots:
        return open_("last second")
    return sure("last second", "same" if slots <= found else "short")


def start(q: Questions) -> Finding:
    """From which slot on a window begins that begins inside of one."""
    reply = q.series(EDGE, q.two, q.start + SLOT / 2, q.edge, split=True)
    if reply.failure is not None:
        return refusal("start", reply)
    slots = sorted(series(reply))
    if not slots or q.start not in series(q.evening):
        return open_("start")
    if slots[0] == q.start:
        return sure("start", "holding")
    if (slots[0] - q.start) % SLOT == timedelta(0):
        return sure("start", "next") if slots[0] == q.start + SLOT else open_("start")
    return sure("start", "moved")


def offset(q: Questions) -> Finding:
    """The offsets of all time stamps that came."""
    found = set()
    for reply in q.caller.replies:
        for layout, depth in levels_of(reply.endpoint):
            for row in items(reply.result, layout.levels[: depth + 1]):
                text = row.get("TimeStamp")
                if isinstance(text, str) and "T" in text:
                    match = _OFFSET.search(text)
                    found.add(match.group() if match else "none")
    if not found:
        return open_("offset")
    known = found & {"+08:00", "Z", "+00:00", "none"}
    return sure("offset", known.pop() if len(found) == 1 and known else "other")


def _echoes_window(q: Questions, reply: Reply) -> bool:
    """Whether the echo of the window is what was asked."""
    begins = reply.endpoint.times[0]
    try:
        echo = datetime.fromisoformat(str(reply.result.get(begins)))
        return abs((echo - q.start).total_seconds()) < 60
    except (ValueError, TypeError):
        return False


def width(q: Questions) -> Finding:
    """The step between slots, and what the echo says of it."""
    found = step_s(series(q.evening))
    if not found:
        return open_("width")
    if found <= WIDTH_S or len(series(q.evening)) * found < WINDOW.total_seconds() * 0.7:
        return sure("width", "asked")
    echo = "asked" if q.evening.result.get("Aggregation") == WIDTH_S else "answered"
    return sure("width", "other", seconds=found, echo=echo)


def window(q: Questions) -> Finding:
    """Whether slots lie in the window that was asked for, in three series."""
    away: dict[str, tuple[int, bool]] = {}
    seen, is_outside = False, False
    for action in SETTLED:
        reply = q.settled(action)
        slots = series(reply)
        outside = [at for at in slots if not q.start <= at <= q.edge]
        seen = seen or bool(slots)
        days = round((q.start - min(slots)).total_seconds() / 86_400) if slots else 0
        if outside and len(outside) == len(slots) and days > 0:
            away[action] = (days, _echoes_window(q, reply))
        is_outside = is_outside or bool(outside)
    if away:
        days, is_asked = next(iter(away.values()))
        echo = "asked" if is_asked else "answered"
        return sure("window", "elsewhere", days=days, echo=echo, actions=tuple(sorted(away)))
    if not seen:
        return open_("window")
    return sure("window", "outside" if is_outside else "inside")


def zeros(q: Questions) -> Finding:
    """Whether slots without anything come back: of a deleted domain, of small carriers at night."""
    silent, night = q.no_viewers, q.carriers
    replies = [r for r in (silent, night, q.evening, q.all_domains, q.no_list) if r.is_good]
    for reply in replies:
        for layout, depth in levels_of(reply.endpoint):
            for row in items(reply.result, layout.levels[: depth + 1]):
                if "TimeStamp" in row and is_zero(reply.endpoint, row):
                    return sure("zeros", "sent")
    lacking = any(_has_gap(reply) for reply in replies)
    if lacking or (silent.is_good and activity(silent) == "nothing" and _is_active(q)):
        return likely("zeros", "left out")
    return open_("zeros")


def _is_active(q: Questions) -> bool:
    return activity(q.settled(SESSION)) == "something"


def _has_gap(reply: Reply) -> bool:
    """Whether a slot is missing between two others, in a series or one of its parts."""
    level = reply.endpoint.rows.levels[0].name
    for part in (reply.result, *details(reply)):
        slots = series(Reply(reply.action, {}, {"Result": {level: part.get(level)}}))
        step = step_s(slots)
        if step and len(slots) < (max(slots) - min(slots)).total_seconds() / step + 1:
            return True
    return False


def last_slots(q: Questions) -> list[Finding]:
    """Whether the slots at the end of an old window are there, in three series."""
    found = []
    for action in SETTLED:
        slots = series(q.settled(action))
        step = timedelta(seconds=step_s(slots))
        last = max((at for at in slots if at < q.edge), default=None)
        if last is None or not step or last < q.start:
            found.append(_of("last slots", action))
            continue
        count = max(0, -((last + step - q.edge) // step))
        answer = "missing" if count else "there"
        more = {"count": count} if count else {}
        found.append(sure("last slots", answer, action=action, **more))
    return found


def newest(q: Questions) -> list[Finding]:
    """How old the newest slot is in which something happened, in two series."""
    found = []
    for action in (EDGE, SESSION):
        reply, until = q.newest(action)
        slots = [at for at, is_active in series(reply).items() if is_active and at <= until]
        if not slots:
            found.append(_of("newest", action))
            continue
        minutes = (until - max(slots) - SLOT).total_seconds() / 60
        limits = ((0.0, "at once"), (15.0, "15 min"), (60.0, "1 h"))
        answer = next((name for most, name in limits if minutes <= most), "older")
        found.append(likely("newest", answer, action=action))
    return found


def _of(topic: str, action: str) -> Finding:
    """No conclusion about one action."""
    found = open_(topic)
    return Finding(topic, found.answer, found.confidence, {"action": action})


OBSERVATIONS = (end, last_second, start, offset, width, window, zeros, last_slots, newest)
