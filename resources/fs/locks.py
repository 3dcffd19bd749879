"""Exclusive locks on folders, shared by threads and processes.

The kernel releases a lock when its process ends, also after kill -9. Not here: files (atomic.py).
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def try_lock(folder: Path) -> int | None:
    """Lock a folder without waiting: a descriptor to close, or None if the lock is held."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return None
        raise
    return descriptor


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold an exclusive lock on a folder for the block; waits until it is free."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
