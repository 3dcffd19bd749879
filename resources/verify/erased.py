"""Verifies what an archive says of its erasures: the file of all, and the tombstones of a day.

Not here: captures (raw.py), comparison with a fingerprint (resources/digest).
"""

from __future__ import annotations

from collections.abc import Iterator

from resources.fs import access
from resources.home.layout import Home
from resources.raw import captures, erasures, tombstones
from resources.raw.erasures import Erasures, ErasuresUnreadable
from resources.verify.findings import FileFinding, FindingKind, Place, Repair, unverified


def findings(home: Home) -> Iterator[FileFinding]:
    """What is wrong with the file of all erasures, and whether one is not finished."""
    path = home.root / erasures.FILE
    try:
        every = Erasures.of(home.raw).every
    except ErasuresUnreadable as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and access.is_local(cause):
            yield unverified(path, cause)
            return
        kind, text = FindingKind.DAMAGED, str(cause)
        if cause is None:
            kind, text = FindingKind.MISSING, "notes beside captures tell that something was erased"
        yield FileFinding(
            kind=kind, subject=path, text=text, repair=Repair.RESTORE, remedy=error.remedy
        )
        return
    if any(not one.is_finished for one in every):
        yield FileFinding(
            kind=FindingKind.BEHIND, subject=path, text="an erasure was broken off",
            repair=Repair.PUBLISH, remedy="Run `livestats publish`: it finishes the erasure.",
        )  # fmt: skip


def back(place: Place) -> Iterator[FileFinding]:
    """Captures that an erasure took and that somebody copied back."""
    for one in captures.erased_in(place.raw):
        what = "an erasure took it, and it is back"
        mend = Repair.REMOVE, captures.ERASED_REMEDY
        yield place.finding(FindingKind.EXTRA, one.folder, what, mend)


def missing(place: Place, there: frozenset[str]) -> Iterator[FileFinding]:
    """Captures that an erasure left of others, and that are gone. `there`: folders of the day."""
    try:
        notes = tombstones.of_day(place.raw)
    except (OSError, ValueError):
        return  # its note is named as damaged
    gone = {one.capture for one in notes}
    for one in notes:
        if one.became not in there | gone:
            yield place.finding(
                FindingKind.MISSING, place.raw / one.became,
                "what an erasure left of a capture is gone", place.restore_revision(),
            )  # fmt: skip
