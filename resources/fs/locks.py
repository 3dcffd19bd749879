"""Exclusive locks between threads and processes, on files that only their owner can open.

The kernel releases a lock when its process ends, also after kill -9. Not here: which file guards
what (resources/home). Read next: atomic.py.
"""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import socket
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from resources.errors import LivestatsError

FOLDER_MODE = 0o700
FILE_MODE = 0o600

TELL_AFTER_S = 3.0
"""A wait of this length is told, with the holder of the lock."""

MOST_S = 3600.0
"""No wait lasts longer. The longest work under a lock, the first load of a year, takes minutes."""

_POLL_S = 0.1

log = logging.getLogger("livestats.locks")


class LockTimeout(LivestatsError):
    """A lock was not free within the bound; the message says who holds it."""


@dataclass
class Held:
    """A lock that this process holds until `release`, or the end of a `with` block."""

    path: Path
    _descriptor: int

    def release(self) -> None:
        """Free the lock, and remove its file. Once is enough."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            with suppress(OSError):  # a file that stays holds nobody up
                self.path.unlink(missing_ok=True)
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def try_lock(path: Path) -> Held | None:
    """Lock the file `path` without waiting; None if the lock is held.

    The file and its folder are made if need be, for their owner alone: whoever can open a file can
    lock it, and so hold up all others. The file is gone when the lock is released.
    """
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, FILE_MODE)
        try:
            is_of_others = _is_of_others(descriptor, path)
            if _is_locked(descriptor) and not is_of_others:
                os.close(descriptor)
                return None
            if _is_at(descriptor, path):
                _describe(descriptor)
                return Held(path, descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # its holder has just removed it


@contextmanager
def lock(path: Path, most_s: float | None = None) -> Iterator[None]:
    """Hold the lock of the file `path` for the block; waits until it is free.

    A wait of some seconds is logged as a warning. Raises LockTimeout after `most_s` (None: MOST_S).
    """
    most_s = MOST_S if most_s is None else most_s
    began_s, is_told = time.monotonic(), False
    while (held := try_lock(path)) is None:
        waited_s = time.monotonic() - began_s
        if waited_s >= most_s:
            raise LockTimeout(
                f"{path} was locked for {most_s:.0f} s by {holder_of(path)}. What is captured stays. "
                "Let that process end, or end it if it hangs; then run again."
            )
        if waited_s >= TELL_AFTER_S and not is_told:
            is_told = True
            log.warning(
                "Waiting for %s, which %s holds; at most %.0f min.",
                path,
                holder_of(path),
                most_s / 60,
            )
        time.sleep(min(_POLL_S, most_s - waited_s))
    with held:
        yield


def holder_of(path: Path) -> str:
    """The process that holds a lock, for a message; what it wrote into the file."""
    try:
        facts = json.loads(path.read_bytes())
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(float(facts["since"])))
        where = "" if facts["host"] == socket.gethostname() else f" on {facts['host']}"
        return f"process {int(facts['pid'])}{where} ({facts['command']!r}) since {at}"
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return "another process"


def try_lock_folder(folder: Path) -> int | None:
    """Lock a folder itself without waiting: a descriptor to close, or None if it is locked.

    For folders that nobody waits for: another user who can read the folder can lock it too.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if _is_locked(descriptor):
            os.close(descriptor)
            return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _is_locked(descriptor: int) -> bool:
    """Take the lock; True if another holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return True
        raise
    return False


def _is_of_others(descriptor: int, path: Path) -> bool:
    """True if other users can open the file, which is then removed: they may hold its lock."""
    if not stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
        return False
    path.unlink(missing_ok=True)
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    """True if the opened file is still the one of this name."""
    try:
        now = path.stat()
    except FileNotFoundError:
        return False
    ours = os.fstat(descriptor)
    return (now.st_dev, now.st_ino) == (ours.st_dev, ours.st_ino)


def _describe(descriptor: int) -> None:
    """Write who holds the lock, for the messages of those who wait."""
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]]) if sys.argv else ""
    facts = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": round(time.time()),
        "command": command[:80],
    }
    with suppress(OSError):  # a full disk holds nobody up
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(facts).encode("utf-8", "replace"), 0)
