"""Which complete days are suspect: an empty or nearly empty answer that two siblings contradict.

The rule counts rows by the names of captures and reads no file. Not here: the notes of a person
who accepts such a day (acceptance.py), states (states.py), single domains (domain_suspicion.py).
Read next: evidence.py.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from resources.api.catalog import DATASETS
from resources.api.windows import day_of

if TYPE_CHECKING:
    from resources.ledger.states import Entry

Counts = Mapping[date, int]
"""Rows of the newest capture of each captured day."""

NEARLY_EMPTY = 0.05
"""Share of the usual rows below which an answer is nearly empty."""

NORMAL = 0.5
"""Share of its own usual rows from which a sibling contradicts."""

NEEDED = 2
"""Siblings of different actions that must contradict."""

ASKED_AGAIN_DAYS = (1, 2, 3, 7, 14, 30)
"""Days after the capture on which a suspect day is asked again; after the last it is confirmed."""

_NEAR = timedelta(weeks=8)  # how far the days lie that tell what is usual
_FEWEST = 3  # days that are needed to call something usual


@dataclass(frozen=True, kw_only=True)
class Siblings:
    """The datasets that measure the same activity as one dataset."""

    proof: tuple[str, ...]
    """If one of these has rows, the dataset must have rows, whatever was usual before."""
    usual: tuple[str, ...] = ()
    """The same, for a dataset that usually has rows."""


# Series (sessions, edge, billed usage, stream counts) are filled with zeros by the vendor, and rankings name domains
# without traffic: their rows prove no activity. They are at most the second sibling, and only against
# a dataset that usually has rows.
_VIEWED = ("batch_stream_session",)
_MOVED = ("batch_stream_traffic",)
_ANSWERED = ("play_status_code",)
_PUSHED = ("push_stream_info", "batch_push_stream_metrics")
ACTIVE = frozenset((*_VIEWED, *_MOVED, *_ANSWERED, *_PUSHED, "push_stream_metrics"))
_EDGE = Siblings(proof=(*_VIEWED, *_MOVED, *_PUSHED), usual=_ANSWERED)
_SESSIONS = Siblings(proof=_VIEWED, usual=(*_ANSWERED, *_MOVED))
_CODES = Siblings(proof=(*_VIEWED, *_MOVED, *_PUSHED))
# Streams may come from an origin instead of a push, hence `usual`. A push that goes on is not in
# push_stream_info, and one of some seconds has no metrics.
_PUSHES = (*_PUSHED, *_VIEWED, *_MOVED)

SIBLINGS: Mapping[str, Siblings] = MappingProxyType(
    {
        "stream_session": _SESSIONS,
        "stream_session_by_domain": _SESSIONS,
        "stream_session_account": _SESSIONS,
        "batch_stream_session": Siblings(proof=(), usual=_ANSWERED),
        "batch_stream_traffic": Siblings(proof=(*_VIEWED, *_PUSHED), usual=_ANSWERED),
        "edge_stat": _EDGE,
        "edge_stat_by_protocol": _EDGE,
        "edge_stat_by_region": _EDGE,
        "edge_stat_by_domain": _EDGE,
        "edge_stat_account": _EDGE,
        "traffic": _EDGE,
        "bandwidth": _EDGE,
        "play_status_code": _CODES,
        "play_status_code_by_domain": _CODES,
        "play_status_code_account": _CODES,
        "top_play": Siblings(proof=_VIEWED, usual=(*_ANSWERED, *_MOVED)),
        "push_stream_info": Siblings(proof=(), usual=_PUSHES),
        "batch_push_stream_metrics": Siblings(proof=(), usual=_PUSHES),
        "push_stream_metrics": Siblings(proof=_PUSHED[1:], usual=_PUSHES),
        "stream_count": Siblings(proof=_PUSHED),
        "stream_count_account": Siblings(proof=_PUSHED),
        "push_stream_count": Siblings(proof=_PUSHED),
    }
)
"""Dataset -> what contradicts it when it is empty. Any of them can be the second sibling."""


def suspect_days(
    name: str,
    rows: Callable[[str], Counts],
    comparable: Iterable[str] = tuple(SIBLINGS),
    is_empty_normal: Callable[[], bool] = lambda: False,
) -> set[date]:
    """Captured days of the dataset `name` that its siblings contradict.

    `rows` gives the counts of a dataset; siblings are read only if a day is empty or nearly empty.
    `comparable` names the datasets that are about the same part of the account. `is_empty_normal`
    tells whether an empty day of the dataset was confirmed or accepted before: a feature that the
    account does not use.
    """
    siblings = SIBLINGS.get(name)
    if siblings is None:
        return set()
    own = Usual(rows(name))
    low = {day: usual for day in own.counts if (usual := own.usual_if_low(day)) is not None}
    if not low:
        return set()
    others = {other: Usual(rows(other)) for other in comparable if other in SIBLINGS}
    others.pop(name, None)
    found = set()
    for day, usual in low.items():
        against = {
            other
            for other, its in others.items()
            if (usual or other in ACTIVE) and its.is_normal(day)
        }
        proof = against.intersection((*siblings.proof, *(siblings.usual if usual else ())))
        actions = {DATASETS[other].endpoint.action for other in against}
        if proof and len(actions) >= NEEDED:
            found.add(day)
    unusual = {day for day in found if low[day]}
    return unusual if found != unusual and is_empty_normal() else found


class Usual:
    """Row counts of one dataset, and what is usual around each day."""

    def __init__(self, counts: Counts) -> None:
        """Sort the days once."""
        self.counts = counts
        self._most = max(counts.values(), default=0)
        self._days = sorted(counts)
        self._of_weekday: dict[int, list[date]] = defaultdict(list)
        for day in self._days:
            self._of_weekday[day.weekday()].append(day)

    def usual_if_low(self, day: date) -> float | None:
        """The usual rows (0: none or unknown) if the day has no or nearly no rows; else None."""
        rows = self.counts[day]
        if rows and rows >= NEARLY_EMPTY * self._most:
            return None  # no median is above the maximum
        usual = self.usual(day) or 0
        return usual if not rows or rows < NEARLY_EMPTY * usual else None

    def is_normal(self, day: date) -> bool:
        """True if the day has rows, and not far fewer than usual."""
        rows = self.counts.get(day, 0)
        return rows > 0 and rows >= NORMAL * (self.usual(day) or 0)

    def usual(self, day: date) -> float | None:
        """Median of the same weekday, else of all days around; None for a young archive."""
        for days in (self._of_weekday[day.weekday()], self._days):
            near = days[bisect_left(days, day - _NEAR) : bisect_right(days, day + _NEAR)]
            others = [self.counts[one] for one in near if one != day]
            if len(others) >= _FEWEST:
                return median(others)
        return None


def is_confirmed(captured_at: datetime, last_seen_at: datetime | None, zone: ZoneInfo) -> bool:
    """True if the API gave the same answer again on the last day of ASKED_AGAIN_DAYS or later."""
    if last_seen_at is None:
        return False
    waited = day_of(last_seen_at, zone) - day_of(captured_at, zone)
    return waited.days >= ASKED_AGAIN_DAYS[-1]


def is_due(line: Entry, now: datetime, zone: ZoneInfo) -> bool:
    """True for a suspect day that is to be asked again today."""
    if not line.is_suspect or line.captured_at is None:
        return False
    if line.askable_until is not None and now >= line.askable_until:
        return False
    captured = day_of(line.captured_at, zone)
    seen = (day_of(line.last_seen_at or line.captured_at, zone) - captured).days
    passed = (day_of(now, zone) - captured).days
    return any(seen < days <= passed for days in ASKED_AGAIN_DAYS)
