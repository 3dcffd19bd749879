"""Folders for temporary files: in the home if it can be written, else where the system has them.

A machine may have no /tmp, or a small one; a home may be on a read-only disk. Not here: files that
are written whole (atomic.py).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resources.errors import LivestatsError
from resources.fs import access, locks

_PREFIX = "scratch-"


class NoScratch(LivestatsError):
    """No folder for temporary files can be made; the message says where it was tried, and why."""


@contextmanager
def folder(state: Path) -> Iterator[Path]:
    """A new folder, removed after the block; `state` is the folder of notes of the home.

    Raises NoScratch.
    """
    if not state.parent.is_dir():  # there is no home yet, and none is created
        found, why = None, "it does not exist"
    else:
        found, why = _in_home(state)
    if found is None:
        found = _of_system(state, why)
    path, lock = found
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def _in_home(state: Path) -> tuple[tuple[Path, int] | None, str]:
    """A folder in the home, locked while it is in use; and why there is none.

    Removes those of processes that were killed.
    """
    try:
        state.mkdir(exist_ok=True)
        path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=state))
        lock = locks.try_lock(path)
        if lock is None:
            raise BlockingIOError(f"{path} is locked")
    except OSError as error:
        return None, access.reason(error)
    _remove_stale(state, path)
    return (path, lock), ""


def _remove_stale(state: Path, ours: Path) -> None:
    for path in state.glob(f"{_PREFIX}*"):
        if path == ours:
            continue
        try:
            lock = locks.try_lock(path)
        except OSError:
            continue  # of another user, or just gone
        if lock is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)


def _of_system(state: Path, why: str) -> tuple[Path, int]:
    try:
        path = Path(tempfile.mkdtemp(prefix="livestats-"))
        return path, os.open(path, os.O_RDONLY)
    except OSError as error:
        raise NoScratch(
            f"No folder for temporary files can be made: neither in {state} ({why}) nor where the "
            f"system has them ({access.reason(error)}). Set TMPDIR to a folder with free space that "
            "this user can write."
        ) from error
