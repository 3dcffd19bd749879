"""Folders for temporary files: in the home if it can be written, else where the system has them.

A machine may have no /tmp, or a small one; a home may be on a read-only disk. Not here: files that
are written whole (atomic.py).
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resources.errors import LivestatsError
from resources.fs import access, locks

_PREFIX = "scratch-"
_SYSTEM_PREFIX = "livestats-scratch-"  # where files of all programs lie


class NoScratch(LivestatsError):
    """No folder for temporary files can be made; the message says where it was tried, and why."""


@contextmanager
def folder(state: Path) -> Iterator[Path]:
    """A new folder, removed after the block; `state` is the folder of notes of the home.

    Raises NoScratch.
    """
    token = secrets.token_hex(6)  # in its name: a signal may come before its path is known here
    lock = -1
    try:
        if not state.parent.is_dir():  # there is no home yet, and none is created
            found, why = None, "it does not exist"
        else:
            found, why = _in_home(state, token)
        path, lock = found or _of_system(state, why, token)
        yield path
    finally:
        for parent in (state, Path(tempfile.tempdir or state)):
            for left in parent.glob(f"*{token}*"):
                shutil.rmtree(left, ignore_errors=True)
        if lock >= 0:
            os.close(lock)


def _in_home(state: Path, token: str) -> tuple[tuple[Path, int] | None, str]:
    """A folder in the home, locked while it is in use; and why there is none."""
    try:
        state.mkdir(exist_ok=True)
        return _locked(state, _PREFIX, token), ""
    except OSError as error:
        return None, access.reason(error)


def _locked(parent: Path, prefix: str, token: str) -> tuple[Path, int]:
    """A new folder of this user alone and a descriptor with its lock.

    Removes those of processes that were killed.
    """
    while True:
        path = Path(tempfile.mkdtemp(prefix=f"{prefix}{token}-", dir=parent))
        try:
            lock = locks.try_lock_folder(path)
        except FileNotFoundError:
            continue  # taken for one of a killed process before it was locked
        if lock is not None and os.fstat(lock).st_nlink:
            _remove_stale(parent, prefix, path)
            return path, lock
        if lock is not None:
            os.close(lock)


def _remove_stale(parent: Path, prefix: str, ours: Path) -> None:
    for path in parent.glob(f"{prefix}*"):
        if path == ours:
            continue
        try:
            lock = locks.try_lock_folder(path)
        except OSError:
            continue  # of another user, or just gone
        if lock is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)


def _of_system(state: Path, why: str, token: str) -> tuple[Path, int]:
    try:
        return _locked(Path(tempfile.gettempdir()), _SYSTEM_PREFIX, token)
    except OSError as error:
        raise NoScratch(
            f"No folder for temporary files can be made: neither in {state} ({why}) nor where the "
            f"system has them ({access.reason(error)}). Set TMPDIR to a folder with free space that "
            "this user can write."
        ) from error
