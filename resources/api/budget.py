"""The call budget: how soon the next call may be made, agreed among all processes of one home.

The limits of the API count per account and action, whoever calls: a schedule, a backfill and a
person at a prompt draw on the same ones. So the budget lives in small files that every process
locks for the moment of reading and writing one number. This is the generic cell rate algorithm
(GCRA): a file holds the instant at which the next call is free; who wants to call takes that
instant, moves the number on by one interval, and waits outside of the lock.

A file is a cache of the near future and never needs care: a lost, cut or nonsensical one means
"free now", and a process that dies holds no lock and at worst leaves a few instants unused.
"""

import fcntl
import math
import os
import re
import threading
import time
from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from resources.api.errors import FixSetup

# Calls are spaced for this part of a limit. The rest absorbs the network, which may delay one call
# and not the next: of 30 calls within a second, 70 ms of that. Evenly spaced at less than the
# whole, no window of one second can hold more calls than the limit.
SHARE_OF_LIMIT = 0.93

# Who sleeps longer than that past its instant, because the machine was busy, lets it go and takes
# another: all that slept through the same moment would else call in one burst. It leaves a part of
# the 70 ms for the way to the API. On a machine that is late every time it is no use to go on.
LATEST_NS = 50_000_000
MOST_MISSED = 3

# Calls of a process that hold an instant and sleep until it comes, of each action; others wait for
# their turn without one. What a process holds is lost to all when the machine lets it sleep on, and
# comes in a burst when that was not for long. Two, so that one is ready when the other goes.
IN_TURN = 2

LONGEST_BACK_OFF_S = 60.0  # for everybody; who was told to wait longer waits on its own
# Nothing sets an instant further ahead than a back-off and a minute's queue of waiting calls, so
# one beyond was written before the clock was set back. It is forgotten.
LONGEST_AHEAD_S = 120.0
SLOWEST_PER_S = 1 / 50  # a slower limit would set instants further ahead than believed

_SECOND_NS = 1_000_000_000
_NAME = re.compile(r"[A-Za-z0-9_]+")


class Budget:
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
        self._clock = clock
        self._sleep = sleep
        self._turns: dict[str, threading.Semaphore] = {}

    def take(self, action: str) -> None:
        """Wait until one call of `action` may be made; come back to make it at once."""
        with self._turns.setdefault(action, threading.Semaphore(IN_TURN)):
            for _ in range(1 + MOST_MISSED):
                instant = self.reserve(action)
                wait_s = (instant - self._now_ns()) / _SECOND_NS
                if wait_s <= 0:
                    return
                # Bounded, should the clock have been set back between the two lines above.
                self._sleep(min(wait_s, LONGEST_AHEAD_S))
                if self._now_ns() <= instant + LATEST_NS:
                    return

    def reserve(self, action: str) -> int:
        """Reserve the next free instant for one call of `action`, in ns of Unix time."""
        interval_ns = _interval_ns(self._per_action(action))
        # Always the action's file before the account's: two processes cannot wait for each other.
        with self._locked(f".{_checked(action)}") as free_from:
            now = self._now_ns()
            instant = max([now, *_believable(free_from, now)])
            if self._account_interval_ns:
                instant = self._reserve_for_account(instant, now)
            free_from[:] = [instant + interval_ns]
        return instant

    def back_off(self, action: str, seconds: float) -> None:
        """Let no process start a call of `action` in the next `seconds`, at most 60.

        Calls that have reserved their instant already are still made.
        """
        ahead_ns = round(min(max(seconds, 0.0), LONGEST_BACK_OFF_S) * _SECOND_NS)
        with self._locked(f".{_checked(action)}") as free_from:
            now = self._now_ns()
            free_from[:] = [max([now + ahead_ns, *_believable(free_from, now)])]

    def _reserve_for_account(self, earliest: int, now: int) -> int:
        """The first instant from `earliest` on that keeps its distance to all other calls.

        The account's file lists the instants given out, not only the next free one: an action
        that was told to wait reserves far ahead, and the others may use the time until then.
        """
        interval_ns = self._account_interval_ns
        with self._locked("") as taken:
            recent = [at for at in _believable(taken, now) if at > now - interval_ns]
            instant = first_gap(sorted(recent), earliest, interval_ns)
            insort(recent, instant)
            taken[:] = recent
        return instant

    def _now_ns(self) -> int:
        return round(self._clock() * _SECOND_NS)

    @contextmanager
    def _locked(self, suffix: str) -> Iterator[list[int]]:
        """The instants in a file, for changing in place; no other process sees it meanwhile."""
        path = self._directory / f"{self._account}{suffix}"
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                # A lock belongs to the opened file, so it keeps threads apart as well.
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                instants = _parse(os.read(descriptor, os.fstat(descriptor).st_size))
                yield instants
                text = "".join(f"{instant}\n" for instant in instants).encode("ascii")
                os.pwrite(descriptor, text, 0)
                os.ftruncate(descriptor, len(text))
            finally:
                # Said aloud: a process forked meanwhile has the file open, and would keep the lock.
                fcntl.flock(descriptor, fcntl.LOCK_UN)
                os.close(descriptor)
        except OSError as error:
            raise FixSetup(
                f"cannot keep the call budget in {path}: {error.strerror}",
                "Make the directory writable for this user, on a disk with room that can lock "
                "files, or choose another home (LIVESTATS_HOME).",
            ) from error


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


def _interval_ns(per_s: float | None) -> int:
    if per_s is None:
        return 0
    if not SLOWEST_PER_S <= per_s < math.inf:
        raise ValueError(
            f"limit of {per_s} calls per second: give a number from {SLOWEST_PER_S} on, "
            "or None for no limit"
        )
    return math.ceil(_SECOND_NS / (SHARE_OF_LIMIT * per_s))


def _believable(instants: Sequence[int], now: int) -> list[int]:
    return [at for at in instants if at <= now + LONGEST_AHEAD_S * _SECOND_NS]


def _parse(text: bytes) -> list[int]:
    """The numbers in a file; what is not a number, or too long for an instant, does not count."""
    return [int(word) for word in text.split() if re.fullmatch(rb"[0-9]{1,19}", word)]


def _checked(name: str) -> str:
    """`name`, if it may become part of a file name."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot name a file of the budget: use letters, digits and _")
    return name
