"""How fast calls may follow each other, agreed among all threads and processes of a home.

Here are the limits of the API and the files that share them; what each action's limit is stands in
the catalog, and what a refused call waits in `retry`. Next: `client`, which acquires each call.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import math
import os
import re
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from resources.api.errors import FixSetup

SHARE_OF_LIMIT = 0.93
"""Calls are spaced evenly at this part of a limit. The rest is for calls that travel longer than
others: a second at the server holds one call too many only if one took 50 ms longer than another."""

CATCH_UP_S = 0.02
"""A caller that wakes up to this much late does not delay the calls after it. It is small enough
that n calls never leave within a second of a limit of fewer: (1 s + 0.02 s) * 0.93 < 1 s."""

LONGEST_BACK_OFF_S = 60.0  # for every process; a call that has to wait longer waits on its own
SLOWEST_PER_S = 1 / 50

LONGEST_LOCK_S = 60.0
TELL_AFTER_S = 3.0
LOCK_POLL_S = 0.05

# No interval and no back-off is longer, so a time further ahead was written before a restart of the
# machine, or is damage.
_LONGEST_AHEAD_S = 61.0

log = logging.getLogger("livestats.api")

_NAME = re.compile(r"[A-Za-z0-9_]+")


@dataclass
class _Schedule:
    """The content of one file while it is locked."""

    next_s: float  # when the next call is due
    interval_s: float

    def add(self, now_s: float) -> None:
        """Note a call that is made now."""
        self.next_s = max(self.next_s, now_s - CATCH_UP_S) + self.interval_s


class RateLimiter:
    """Delays calls so that no second holds more than the limit. Safe for threads and processes.

    Each action has a file with the time at which its next call is due. A caller locks the file,
    takes its turn if that time has come, or sleeps without the lock and looks again. Nothing is
    reserved ahead: a process that dies or is suspended leaves nothing behind, and a lost or damaged
    file means that a call may be made now. The time is `time.monotonic`, which is the same for all
    processes of a machine and is not changed with its clock.

    `directory` is made if need be; `account` names the files (`Credentials.account_id()`).
    `per_action` gives the documented limit of an action in calls/s, `account_per_s` one that all
    actions share; None is no limit.

    Raises FixSetup where the files cannot be written, ValueError for a limit below one call in
    50 s and for a name that is not made of letters, digits and `_`.
    """

    def __init__(
        self,
        directory: Path,
        account: str,
        per_action: Callable[[str], float | None],
        account_per_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._directory = directory
        self._account = _checked(account)
        self._per_action = per_action
        self._account_interval_s = _interval_s(account_per_s)
        self._clock = clock
        self._sleep = sleep
        self._queues: dict[str, threading.Lock] = {}

    def acquire(self, action: str) -> None:
        """Wait until one call of `action` may be made, which is to be made at once."""
        # One thread of a process sleeps for each action. All of them would wake for one call.
        with self._queues.setdefault(action, threading.Lock()):
            while (wait_s := self._try(action)) > 0:
                self._sleep(wait_s)

    def back_off(self, action: str, seconds: float) -> None:
        """Let no process make a call of `action` in the next `seconds`, at most 60."""
        with self._locked(action, _interval_s(self._per_action(action))) as schedule:
            ahead_s = min(max(seconds, 0.0), LONGEST_BACK_OFF_S)
            schedule.next_s = max(schedule.next_s, self._clock() + ahead_s)

    def _try(self, action: str) -> float:
        """Take a turn if there is one now; else the seconds until there may be one."""
        with ExitStack() as stack:
            # Always the action's file before the account's: two processes cannot wait for each other.
            of_action = self._locked(action, _interval_s(self._per_action(action)))
            schedules = [stack.enter_context(of_action)]
            if self._account_interval_s:
                of_account = self._locked(None, self._account_interval_s)
                schedules.append(stack.enter_context(of_account))
            now_s = self._clock()
            wait_s = max(schedule.next_s for schedule in schedules) - now_s
            if wait_s <= 0:
                for schedule in schedules:
                    schedule.add(now_s)
        return wait_s

    def _lock(self, descriptor: int, path: Path) -> None:
        """Lock an opened file. Raises FixSetup if it is locked for too long: a process hangs.

        A lock belongs to the opened file, so it keeps threads apart as well. The system releases it
        if the process is killed.
        """
        began_s, is_told = time.monotonic(), False
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                waited_s = time.monotonic() - began_s
            if waited_s > LONGEST_LOCK_S:
                raise FixSetup(
                    f"the call budget in {path} was locked for {waited_s:.0f} s",
                    "A process of this home hangs or is stopped: end it, and run again.",
                )
            if waited_s > TELL_AFTER_S and not is_told:
                is_told = True
                log.warning("Waiting for the call budget %s, which another process holds.", path)
            if waited_s > LOCK_POLL_S:
                self._sleep(LOCK_POLL_S)  # ends with the run
            else:
                time.sleep(0.001)  # it is held for the time of a few system calls

    @contextmanager
    def _locked(self, action: str | None, interval_s: float) -> Iterator[_Schedule]:
        """The schedule of an action, None for that of the account; written back if it changes."""
        name = self._account if action is None else f"{self._account}.{_checked(action)}"
        path = self._directory / name
        try:
            try:
                descriptor = _opened(path)
            except FileNotFoundError:
                for folder in (self._directory.parent, self._directory):  # not a home that is gone
                    folder.mkdir(mode=0o700, exist_ok=True)
                descriptor = _opened(path)
            try:
                self._lock(descriptor, path)
                next_s = _parsed(os.read(descriptor, 64), self._clock())
                schedule = _Schedule(next_s, interval_s)
                yield schedule
                if schedule.next_s != next_s:
                    text = f"{schedule.next_s:.6f}\n".encode("ascii")
                    os.pwrite(descriptor, text, 0)
                    os.ftruncate(descriptor, len(text))
            finally:
                # Explicit: a process that was forked meanwhile would keep the lock.
                fcntl.flock(descriptor, fcntl.LOCK_UN)
                os.close(descriptor)
        except OSError as error:
            raise FixSetup(
                f"cannot keep the call budget in {path}: {error.strerror}", _remedy(error)
            ) from error


def _remedy(error: OSError) -> str:
    if error.errno in (errno.EMFILE, errno.ENFILE):  # with 128 a backfill has been seen to end well
        return "Let it open more files: `ulimit -n 1024`, LimitNOFILE=1024 in a unit of systemd."
    return (
        "Make the directory writable for this user, on a disk with room that can lock files, or "
        "choose another home (LIVESTATS_HOME)."
    )


def _opened(path: Path) -> int:
    """The file, for its owner alone: whoever can open it can lock it, and so hold up all calls."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except PermissionError:
            if path.lstat().st_uid == os.geteuid():
                raise
            log.warning("%s belongs to another user, and is made anew", path)
            path.unlink()  # left by one run with sudo, in a folder that is ours
            continue
        if not stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            return descriptor
        os.close(descriptor)
        path.unlink(missing_ok=True)  # of an earlier version; a call may be made now


def _parsed(text: bytes, now_s: float) -> float:
    """When the next call is due; a time long past if `text` holds no time that can be right."""
    try:
        next_s = float(text)
    except ValueError:
        return -math.inf
    return next_s if next_s <= now_s + _LONGEST_AHEAD_S else -math.inf


def _interval_s(per_s: float | None) -> float:
    """Seconds between two calls."""
    if per_s is None:
        return 0.0
    if not SLOWEST_PER_S <= per_s < math.inf:
        raise ValueError(
            f"limit of {per_s} calls per second: give a number from {SLOWEST_PER_S} on, "
            "or None for no limit"
        )
    return 1 / (SHARE_OF_LIMIT * per_s)


def _checked(name: str) -> str:
    """`name`, if it may become part of a file name."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot name a file of the budget: use letters, digits and _")
    return name
