"""The folder of a backup: whose it is, and that only one process writes it. Read next: copy.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from resources.config import SettingsError
from resources.errors import LivestatsError
from resources.fs import atomic, locks, sealed
from resources.home.layout import FOLDER_MODE, Home
from resources.raw import captures, owner, tombstones

MARKER = owner.BACKUP_MARKER
FORMAT = 1
_IDENTITY = ("time_zone", "first_day", "created_at")


class Unsuitable(LivestatsError):
    """The folder cannot hold the backup of this home; the message says why."""


@contextmanager
def opened(home: Home, root: Path) -> Iterator[Home]:
    """The target as a home, created and locked for the block.

    Raises Unsuitable before anything is written there: if it is or contains the home or lies in it,
    holds something else or the backup of another home, or another backup is at work.
    """
    if home.identity is None:
        raise Unsuitable(f"There is no archive in {home.root}. Is LIVESTATS_HOME right?")
    one, other = home.root.resolve(), root.resolve()
    if one == other or one in other.parents or other in one.parents:
        raise Unsuitable(f"{root} and the home {home.root} must lie apart from each other.")
    target = Home(root)
    _check(home, target)
    root.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    held = locks.try_lock(target.lock_file("backup"))
    if held is None:
        raise Unsuitable(f"Another backup is at work in {root}. Wait for its end.")
    try:
        write_marker(home, target, None)
        yield target
    finally:
        held.release()


def write_marker(home: Home, target: Home, ended: datetime | None) -> None:
    """Note whose backup it is, and when all of it was copied last; None: not by this run yet."""
    path = target.root / MARKER
    before = None
    with suppress(OSError, ValueError):
        before = sealed.unseal(path.read_bytes()).get("complete_at")
    at = ended.isoformat(timespec="seconds") if ended else before
    facts = {"format": FORMAT, "home": _identity_of(home), "complete_at": at}
    atomic.write_atomically(path, sealed.seal(facts))


def _identity_of(home: Home) -> dict[str, object]:
    identity = home.identity or {}
    return {key: identity[key] for key in _IDENTITY if key in identity}


def _check(home: Home, target: Home) -> None:
    root = target.root
    if root.is_symlink() or root.exists():
        if not root.is_dir():
            raise Unsuitable(f"{root} is not a folder.")
        there = {p.name for p in root.iterdir() if not p.name.startswith(atomic.TEMP_PREFIX)}
        there -= {target.locks.name}  # of a backup that was killed as it began
        if not there:
            return
        if not there & {MARKER, target.identity_file.name}:
            raise Unsuitable(f"{root} holds something else. Name an empty or a new folder.")
        if _identity_in(target) != _identity_of(home) or not _shares_captures(home, target):
            raise Unsuitable(
                f"{root} is the backup of another home than {home.root}. Name another folder."
            )


def _identity_in(target: Home) -> dict[str, object]:
    """Whose backup it is, by its marker, or by the identity file of a home."""
    path = target.root / MARKER
    if not path.exists():
        return _identity_of(target)
    try:
        facts = sealed.unseal(path.read_bytes())
    except ValueError as error:
        if target.identity_file.exists():
            with suppress(SettingsError):
                return _identity_of(target)
        raise Unsuitable(
            f"{path} is damaged ({error}), so it is not known whose backup it is. Name another folder."
        ) from error
    if facts.get("format") != FORMAT:
        raise Unsuitable(f"{target.root} was written by a newer livestats. Update livestats.")
    return dict(facts["home"])


def _shares_captures(home: Home, target: Home) -> bool:
    """False if both have captures of the same days, and not one in common: two accounts."""
    has_common_day = False
    for folder in sorted(target.raw.iterdir()) if target.raw.is_dir() else ():
        for day, path in captures.days_of(target.raw, folder.name).items():
            theirs = {*captures.captures_in(path)}
            at = captures.folder_of(home.raw, folder.name, day)
            ours = {*captures.captures_in(at)}
            erased = tombstones.erased_names(at)  # theirs may be older than an erasure
            if theirs & ours or erased.intersection(one.text for one in theirs):
                return True
            has_common_day = has_common_day or bool(theirs and ours)
    return not has_common_day
