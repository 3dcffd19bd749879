"""Folders of a home that this user cannot use: left by another user, read-only, or a file.

Looks at permissions only. Not here: what a capture does about them (resources/capture), who is told
(pipelines/doctor, pipelines/backfill). Read next: layout.py.
"""

from __future__ import annotations

import os
import pwd
import shlex
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from resources.home.layout import Home


@dataclass(frozen=True)
class FolderFault:
    """A folder that cannot be used, why, and what to do."""

    path: Path
    text: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.text}. {self.remedy}"


def unusable(home: Home, names: Iterable[str]) -> dict[str, FolderFault]:
    """Dataset -> the first of its folders in raw/ and lake/ that cannot be read and written."""
    found: dict[str, FolderFault] = {}
    for name in names:
        faults = (_fault(layer / name) for layer in (home.raw, home.lake))
        first = next((fault for fault in faults if fault is not None), None)
        if first is not None:
            found[name] = first
    return found


def unreadable(home: Home, names: Iterable[str]) -> set[str]:
    """The datasets whose folder in raw/ this user cannot list."""
    return {name for name in names if is_closed(home.raw / name)}


def is_closed(folder: Path) -> bool:
    """True if a folder is there and this user may not look into it: nothing is known of what it holds."""
    return folder.is_dir() and not os.access(folder, os.R_OK | os.X_OK)


def faults(home: Home) -> Iterator[FolderFault]:
    """Every folder of the home that cannot be read and written; days below raw/, lake/, logs/ too.

    Folders below one that cannot be used are not looked at.
    """
    layers = (home.raw, home.lake, home.logs, home.warehouse.parent, home.served.parent, home.state)
    for layer in (*layers, home.budget, home.locks, home.dagster):
        fault = _fault(layer)
        if fault is not None:
            yield fault
        elif layer == home.logs:
            yield from _faults_of_days(layer)
        elif layer in (home.raw, home.lake) and layer.is_dir():
            for dataset in sorted(p for p in layer.iterdir() if not p.name.startswith(".")):
                fault = _fault(dataset)
                if fault is not None:
                    yield fault
                else:
                    yield from _faults_of_days(dataset)


def _faults_of_days(folder: Path) -> Iterator[FolderFault]:
    """The same for the days below a folder, which may not be there yet."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as days:
        listed = sorted(day.path for day in days if day.is_dir() or _is_day(day.name))
    yield from (one for day in listed if (one := _fault(Path(day))) is not None)


def open_to_others(home: Home) -> Iterator[FolderFault]:
    """Folders of the home with more permissions than they need.

    A home that is closed protects what lies in it. Whoever can write into the folders of locks and
    of the call budget, or open files there, can hold up all work.
    """
    closed = {
        home.root: (0o027, "o=,g-w"),
        **dict.fromkeys((home.locks, home.budget), (0o077, "go=")),
    }
    for path, (too_much, change) in closed.items():
        mode = stat.S_IMODE(path.stat().st_mode) if path.is_dir() else 0
        if mode & too_much:
            who = "every user of this machine" if mode & 0o007 else "the group"
            text = f"{path} is open to {who} (mode {mode:03o})"
            yield FolderFault(path, text, f"Close it: `chmod {change} {shlex.quote(str(path))}`.")


def _is_day(name: str) -> bool:
    """True for the name of a day's folder in raw/ or lake/."""
    try:
        date.fromisoformat(name.removeprefix("day="))
    except ValueError:
        return False
    return True


def _fault(path: Path) -> FolderFault | None:
    """What is wrong with a folder; None if nothing is, or it is not there yet."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        text = f"{path} cannot be looked at: {error.strerror}"
        return FolderFault(path, text, "Mend its permissions or its disk.")
    if not stat.S_ISDIR(found.st_mode):
        text = f"{path} is a file, and a folder belongs there"
        return FolderFault(path, text, f"Move {path} out of the home.")
    lacking = [
        word
        for word, mode in (("read", os.R_OK | os.X_OK), ("write", os.W_OK))
        if not os.access(path, mode)
    ]
    if not lacking:
        return None
    us = _name(os.geteuid())
    text = (
        f"{path} belongs to {_name(found.st_uid)} (mode {stat.S_IMODE(found.st_mode):03o}), and "
        f"{us} cannot {' or '.join(lacking)} there"
    )
    return FolderFault(path, text, f"Give it back: `sudo chown -R {us} {path}`.")


def _name(user: int) -> str:
    """The name of a user; the number where the system has no name for it."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
