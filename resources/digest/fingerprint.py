"""The fingerprint of an archive: range of days, cut-off time, number of captures, Merkle root.

Each leaf names a capture with the full SHA-256 of its manifest, which holds the checksums of the answers.
Not here: comparing with an archive (compare.py), the proof of one day (proof.py).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Self

from resources.digest import merkle
from resources.errors import LivestatsError
from resources.fs import atomic
from resources.home.layout import Home
from resources.raw import captures
from resources.raw.captures import MANIFEST, STAMP, CaptureName

_FORM = re.compile(
    r"livestats1:(?:all|(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)):(\d{8}T\d{12})Z:(\d+):([0-9a-f]{64})"
)


class DigestError(LivestatsError):
    """A fingerprint or proof cannot be made or read; the message says why."""


@dataclass(frozen=True, order=True)
class Leaf:
    """One capture: where it lies, and the SHA-256 of its manifest as it lies on the disk."""

    dataset: str
    day: str
    capture: str
    sha256: str

    @property
    def place(self) -> tuple[str, str, str]:
        """Where it lies."""
        return self.dataset, self.day, self.capture

    @property
    def data(self) -> bytes:
        """What is hashed: the four parts, with a line feed between them."""
        return "\n".join((*self.place, self.sha256)).encode()


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """What a fingerprint says. Its text is all that is needed to compare an archive with it."""

    first: date | None  # None, with `last`: all days
    last: date | None
    until: datetime  # captures that were fetched up to this time
    count: int
    root: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read its text. Raises DigestError."""
        match = _FORM.fullmatch(text.strip())
        try:
            if match is None:
                raise ValueError("another form")
            first, last, stamp, count, root = match.groups()
            days = [date.fromisoformat(day) if day else None for day in (first, last)]
            until = datetime.strptime(f"{stamp}+0000", f"{STAMP}%z")
        except ValueError as error:
            raise DigestError(
                f"{text!r} is no fingerprint of livestats: take the whole line that `livestats "
                "digest` printed, from livestats1: on."
            ) from error
        return cls(first=days[0], last=days[1], until=until, count=int(count), root=root)

    @property
    def text(self) -> str:
        """The line that is kept."""
        days = "all" if self.first is None else f"{self.first}..{self.last}"
        return f"livestats1:{days}:{self.until:{STAMP}}Z:{self.count}:{self.root}"

    def covers(self, day: date, name: CaptureName) -> bool:
        """True if a capture of this day belongs to what was fingerprinted, if it was there."""
        return self.has_day(day) and name.fetched_at <= self.until

    def has_root_of(self, leaves: list[Leaf]) -> bool:
        """True if these are the leaves of the fingerprint, in whatever order."""
        return _of(self, [*leaves]) == self

    def has_day(self, day: date) -> bool:
        """True for a day of its range."""
        return self.first is None or self.last is None or self.first <= day <= self.last


def digest(
    home: Home,
    until: datetime,
    first: date | None = None,
    last: date | None = None,
    *,
    is_now: bool = False,
) -> tuple[Fingerprint, list[Leaf]]:
    """The fingerprint of all captures of a range that were fetched until then, and its leaves.

    Reads each manifest once. `is_now`: also captures that seem to be later, since the clock was set
    back. Raises DigestError if a manifest cannot be read.
    """
    empty = Fingerprint(first=first, last=last, until=until.astimezone(UTC), count=0, root="")
    found = [*leaves_of(home, empty)]
    if is_now:
        latest = max((name.fetched_at for *_, name in found), default=empty.until)
        empty = replace(empty, until=max(empty.until, latest))
    leaves = [leaf for leaf, day, name in found if empty.covers(day, name)]
    return _of(empty, leaves), leaves


def _of(like: Fingerprint, leaves: list[Leaf]) -> Fingerprint:
    leaves.sort()
    return Fingerprint(
        first=like.first, last=like.last, until=like.until, count=len(leaves),
        root=merkle.root([leaf.data for leaf in leaves]).hex(),
    )  # fmt: skip


def leaves_of(home: Home, range_of: Fingerprint) -> Iterable[tuple[Leaf, date, CaptureName]]:
    """Every capture of the range, whenever it was fetched, also of unknown datasets."""
    for dataset in sorted(p.name for p in home.raw.iterdir()) if home.raw.is_dir() else ():
        for day, folder in captures.days_of(home.raw, dataset).items():
            for name in captures.captures_in(folder) if range_of.has_day(day) else ():
                path = folder / name.text / MANIFEST
                try:
                    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
                except FileNotFoundError:
                    continue  # a capture without a manifest is gone
                except OSError as error:
                    raise DigestError(f"{path} cannot be read: {error.strerror}.") from error
                yield Leaf(dataset, str(day), name.text, sha256), day, name


# The list of leaves that is kept in the home ----------------------------------------------------


def keep_leaves(home: Home, made: Fingerprint, leaves: list[Leaf]) -> None:
    """Keep the leaves in the home, so that what is gone later can be named.

    The list needs no protection: it counts only if it has the root of the fingerprint.
    """
    if not os.access(home.root, os.W_OK):
        return
    path = _path(home, made)
    path.parent.mkdir(exist_ok=True)
    text = json.dumps([(*leaf.place, leaf.sha256) for leaf in leaves])
    atomic.write_atomically(path, gzip.compress(text.encode(), mtime=0))


def kept_leaves(home: Home, made: Fingerprint) -> list[Leaf] | None:
    """The leaves of a fingerprint; None if they were not kept, or are not those of its root."""
    with suppress(OSError, EOFError, ValueError, TypeError):
        leaves = [
            Leaf(*parts) for parts in json.loads(gzip.decompress(_path(home, made).read_bytes()))
        ]
        if _of(made, leaves) == made:
            return leaves
    return None


def _path(home: Home, made: Fingerprint) -> Path:
    return home.digests / f"{made.root}.json.gz"
