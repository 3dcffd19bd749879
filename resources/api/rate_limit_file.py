"""Instants in a file that processes share: locked for the moment of reading and writing them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resources.api.errors import FixSetup


@contextmanager
def locked(path: Path) -> Iterator[list[int]]:
    """The instants in a file, for changing in place; nobody else sees it meanwhile.

    The file and its folder are made if need be; what it holds that is no instant is left out.

    Raises FixSetup where it cannot be read and written.
    """
    try:
        descriptor = _opened(path)
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


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)


def _parse(text: bytes) -> list[int]:
    """The numbers in a file; what is not a number, or too long for an instant, does not count."""
    return [int(word) for word in text.split() if word.isdigit() and len(word) < 20]
