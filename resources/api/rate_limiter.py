"""The call budget: how soon the next call may be made, agreed among all processes of one home.

The limits of the API count per account and action, whoever calls: a schedule, a backfill and a
person at a prompt draw on the same ones. So the budget lives in small files that every process
locks for the moment of reading and writing it. The file of an action lists the instants of its last
calls, as many as the limit allows in a second: the next call may be made a second after the first
of them. Who wants to call adds an instant to the list, and waits for it outside of the lock.

**Why no second holds too many.** Two calls that are as many calls apart as the limit allows leave
here a second and SPARE_NS apart, so no second holds more of them at the API, wherever that second
begins (sliding, or by the clock), as long as one call is not SPARE_NS longer on its way than the
other. A call that leaves late, because the machine was busy, says so in the list: what comes a
second later keeps its distance from when it left, and nothing is lost or sent in a burst.

A file is a cache of the near future and never needs care: a lost, cut or nonsensical one means
"free now", and a process that dies holds no lock and at worst leaves a few instants unused.
"""

from __future__ import annotations

import math
import re
import threading
import time
from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

from resources.api.rate_limit_file import locked

_SECOND_NS = 1_000_000_000

# What a call may be longer on its way than the call that left a second before: the network's
# jitter, and what LATE_NS leaves unsaid. On a path that loses no packet 15 ms is much; where one is
# lost (200 ms) no spare helps that leaves nine tenths of the limit.
SPARE_NS = 30_000_000
SHARE_OF_LIMIT = _SECOND_NS / (_SECOND_NS + SPARE_NS)  # 0.97, where nothing else binds

# Time that was lost, because nobody asked or all that did slept too long, is made up a quarter
# faster than the limit. All at once would be as sound, but no server likes bursts.
_GAP = 0.8

# Who sleeps longer than that past its instant moves it, or takes another where it is too late for
# that: the calls that are to keep their distance from it have their instants already. On a machine
# that is late every time it is no use to go on.
LATE_NS = SPARE_NS // 2
MOST_MISSED = 3

# Beyond that the list is told when a call has left: most leave within it.
_ON_TIME_NS = 2_000_000

# Calls of a process and action that make ready or hold an instant; others wait without one. Four,
# so that one is ready when another goes, also where each needs a new connection.
IN_TURN = 4

# A ceiling over all actions has no such list: instants may be given out of their order there. Its
# calls are spaced for this part of it, evenly, and whoever is later than that takes another.
SHARE_OF_CEILING = 0.93
_LATE_UNDER_CEILING_NS = 50_000_000

LONGEST_BACK_OFF_S = 60.0  # for everybody; who was told to wait longer waits on its own
# Nothing sets an instant further ahead than a back-off and a minute's queue of waiting calls, so
# one beyond was written before the clock was set back. It is forgotten.
LONGEST_AHEAD_S = 120.0
SLOWEST_PER_S = 1 / 50  # a slower limit would set instants further ahead than believed

# Instants that a file lists at most: each call reads and writes them.
_MOST_LISTED = 100

_NAME = re.compile(r"[A-Za-z0-9_]+")


@dataclass(frozen=True)
class _Pace:
    """At most `calls` within `window_ns`, no two nearer than `gap_ns`."""

    calls: int
    window_ns: int
    gap_ns: int


class Turn:
    """One call's place in the queue of its action; see `Budget.turn`."""

    def __init__(self, budget: RateLimiter, action: str, places: threading.Semaphore) -> None:
        """Of those who may hold an instant at the same time."""
        self._budget, self._action, self._places = budget, action, places
        self._is_held = False

    def __enter__(self) -> Self:
        self._places.acquire()
        self._is_held = True
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_held:
            self._is_held = False
            self._places.release()

    @contextmanager
    def moment(self) -> Iterator[None]:
        """Wait until the call may be made, which is to be sent inside of the block, once."""
        instant = self._budget.wait(self._action)
        try:
            yield
        finally:
            self._budget.left(self._action, instant)
            self.__exit__()  # for the next one's turn this call need not be answered


class RateLimiter:
    """Hands out the instants at which calls may be made; safe for many threads and processes.

    `directory` is made if need be; `account` names the files in it (`Credentials.account_id()`).
    `per_action` gives the documented limit of an action in calls/s, `account_per_s` one that all
    actions share; None is no limit. `clock` is Unix time in seconds and may be set back or
    forward while we run.

    Raises FixSetup where the files cannot be written, ValueError for a limit below one call in
    50 s and for a name that is not made of letters, digits and `_`.
    """

    def __init__(
        self,
        directory: Path,
        account: str,
        per_action: Callable[[str], float | None],
        account_per_s: float | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._directory = directory
        self._account = _checked(account)
        self._per_action = per_action
        self._account_interval_ns = _interval_ns(account_per_s)
        self._late_ns = LATE_NS if account_per_s is None else _LATE_UNDER_CEILING_NS
        self._clock = clock
        self._sleep = sleep
        self._turns: dict[str, threading.Semaphore] = {}
        self._paths: dict[str | None, Path] = {}

    def turn(self, action: str) -> Turn:
        """The place in the queue of one call: get it ready inside of the block, then send it.

        with budget.turn("A") as turn:
            ...  # sign, connect
            with turn.moment():
                ...  # send
            ...  # others have their turn meanwhile
        """
        return Turn(self, action, self._turns.setdefault(action, threading.Semaphore(IN_TURN)))

    def wait(self, action: str) -> int:
        """Wait until one call of `action` may be made; its instant, in ns of Unix time."""
        missed = 0
        while True:
            instant = self.reserve(action)
            wait_s = (instant - self._now_ns()) / _SECOND_NS
            if wait_s <= 0:
                return instant
            # Bounded, should the clock have been set back between the two lines above.
            self._sleep(min(wait_s, LONGEST_AHEAD_S))
            now = self._now_ns()
            if now <= instant + self._late_ns or missed == MOST_MISSED:
                return instant
            if not self._account_interval_ns and self._move(action, instant, now):
                return now
            missed += 1

    def left(self, action: str, instant: int) -> None:
        """Note that the call of this instant has been sent just now."""
        now = self._now_ns()
        if now > instant + _ON_TIME_NS:
            self._move(action, instant, now)

    def reserve(self, action: str) -> int:
        """Reserve the next free instant for one call of `action`, in ns of Unix time."""
        pace = _pace(self._per_action(action))
        # Always the action's file before the account's: two processes cannot wait for each other.
        with self._locked(action) as taken:
            now = self._now_ns()
            recent = _recent(taken, now, pace.window_ns)
            instant = max([now, *(last + pace.gap_ns for last in recent[-1:])])
            if len(recent) >= pace.calls:
                instant = max(instant, recent[-pace.calls] + pace.window_ns)
            if self._account_interval_ns:
                instant = self._reserve_for_account(instant, now)
            taken[:] = [*recent, instant][-pace.calls :]
        return instant

    def _move(self, action: str, instant: int, now: int) -> bool:
        """Let `instant` be now; False if a call was given its own by it already.

        The calls after it that have one are fewer than a second may hold, so they need no distance
        from it.
        """
        if self._per_action(action) is None:
            return True
        with self._locked(action) as taken:
            if instant not in taken:
                return False
            taken.remove(instant)
            insort(taken, now)
        return True

    def back_off(self, action: str, seconds: float) -> None:
        """Let no process start a call of `action` in the next `seconds`, at most 60.

        Calls that have reserved their instant already are still made.
        """
        ahead_ns = round(min(max(seconds, 0.0), LONGEST_BACK_OFF_S) * _SECOND_NS)
        pace = _pace(self._per_action(action))
        with self._locked(action) as taken:
            now = self._now_ns()
            recent = _recent(taken, now, pace.window_ns)
            # As if the call before that moment had been made.
            before = now + ahead_ns - pace.gap_ns
            if not recent or recent[-1] < before:
                recent.append(before)
            taken[:] = recent[-pace.calls :]

    def _reserve_for_account(self, earliest: int, now: int) -> int:
        """The first instant from `earliest` on that keeps its distance to all other calls.

        The account's file lists the instants given out, not only the next free one: an action
        that was told to wait reserves far ahead, and the others may use the time until then.
        """
        interval_ns = self._account_interval_ns
        with self._locked(None) as taken:
            recent = _recent(taken, now, interval_ns)
            instant = first_gap(sorted(recent), earliest, interval_ns)
            insort(recent, instant)
            taken[:] = recent
        return instant

    def _now_ns(self) -> int:
        return round(self._clock() * _SECOND_NS)

    def _locked(self, action: str | None) -> AbstractContextManager[list[int]]:
        """The instants of an action, None for those of all."""
        path = self._paths.get(action)
        if path is None:
            of_action = "" if action is None else f".{_checked(action)}"
            name = f"{self._account}{of_action}"
            path = self._paths.setdefault(action, self._directory / name)
        return locked(path)


def first_gap(taken: Sequence[int], earliest: int, interval: int) -> int:
    """The first instant from `earliest` on that is `interval` or more away from all of `taken`.

    `taken` is in order.
    """
    instant = earliest
    for other in taken:
        if other >= instant + interval:
            break
        instant = max(instant, other + interval)
    return instant


@lru_cache(maxsize=64)
def _pace(per_s: float | None) -> _Pace:
    """How calls of a limit follow each other; a limit below one is one call in so many seconds.

    One above _MOST_LISTED is kept over whole parts of a second: as many calls as one of them may
    hold leave here in a part and SPARE_NS, so that all parts of a second hold no more than it may.
    """
    if per_s is None:
        return _Pace(1, 0, 0)
    _check_limit(per_s)
    parts = math.ceil(per_s / _MOST_LISTED)
    calls = max(1, math.floor(per_s / parts + 1e-9))  # 0.1 * 30 is 3, and a little less in floats
    part_ns = math.ceil(_SECOND_NS / min(per_s, 1.0) / parts)
    window_ns = part_ns + SPARE_NS
    return _Pace(calls, window_ns, round(_GAP * (window_ns if parts == 1 else part_ns) / calls))


def _interval_ns(per_s: float | None) -> int:
    """Between two calls under a ceiling."""
    if per_s is None:
        return 0
    _check_limit(per_s)
    return math.ceil(_SECOND_NS / (SHARE_OF_CEILING * per_s))


def _check_limit(per_s: float) -> None:
    if not SLOWEST_PER_S <= per_s < math.inf:
        raise ValueError(
            f"limit of {per_s} calls per second: give a number from {SLOWEST_PER_S} on, "
            "or None for no limit"
        )


def _recent(instants: Sequence[int], now: int, back_ns: int) -> list[int]:
    """Those that matter: none from before, and none that is too far ahead to be believed."""
    return [at for at in instants if now - back_ns < at <= now + LONGEST_AHEAD_S * _SECOND_NS]


def _checked(name: str) -> str:
    """`name`, if it may become part of a file name."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot name a file of the budget: use letters, digits and _")
    return name
