"""What verify reports: the fault, the file, and how to repair it.

The base class is resources/findings. Who looks for what is in raw, lake and tables; run calls them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from resources.api.catalog.datasets import Dataset
from resources.archive import Archive
from resources.findings import Finding, Severity
from resources.fs import access
from resources.ledger import states
from resources.raw import captures


class FindingKind(StrEnum):
    """What is wrong."""

    DAMAGED = "damaged"  # its bytes have changed since it was written
    MISSING = "missing"  # another file or table says that it existed
    EXTRA = "extra"  # not written by livestats
    MISMATCH = "mismatch"  # intact, but inconsistent with its path or its source
    ERASED = "erased"  # gone on purpose, with a tombstone; a fingerprint of before covers it
    BEHIND = "behind"  # older than its source
    LEFTOVER = "leftover"  # left by a killed run: harmless
    UNVERIFIED = "not verified"  # could not be looked at: nothing is said of its bytes


class Repair(StrEnum):
    """How it is repaired."""

    REPLAY = "replay"  # the lake file, from the raw archive
    PUBLISH = "publish"  # tables and served copy, from the lake
    CAPTURE = "capture"  # from the API, which still has the day
    RESTORE = "restore"  # from a backup, otherwise lost
    REMOVE = "remove"  # by hand
    VERIFY = "verify"  # once it can be looked at
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class FileFinding(Finding):
    """Something wrong with a file, a folder or a table."""

    kind: FindingKind
    subject: Path  # the file or folder; the served copy for a table
    repair: Repair
    remedy: str  # `repair` as a sentence that can be acted on
    dataset: str | None = None
    day: date | None = None

    @property
    def is_harmless(self) -> bool:
        """True if the archive is intact nevertheless."""
        return self.severity is not Severity.PROBLEM

    @property
    def is_unverified(self) -> bool:
        """True if it could not be looked at, which says nothing of the archive."""
        return self.kind is FindingKind.UNVERIFIED


def unverified(
    path: Path, error: Exception, dataset: Dataset | None = None, day: date | None = None
) -> FileFinding:
    """A file or folder that the system did not let be looked at."""
    return FileFinding(
        kind=FindingKind.UNVERIFIED, subject=path, text=f"not looked at: {access.reason(error)}",
        repair=Repair.VERIFY, remedy=_LOOK_AGAIN, dataset=dataset.name if dataset else None, day=day,
    )  # fmt: skip


_LOOK_AGAIN = (
    "Make it readable for this user (permissions, free space, disk) and run `livestats verify` "
    "again. Nothing says that it is damaged: leave it where it is."
)


OnRead = Callable[[Path, int], None]
"""Called after each file that was read, with its path and size."""


@dataclass(frozen=True)
class Place:
    """One (dataset, day): its folders, and how its files can be repaired."""

    archive: Archive
    dataset: Dataset
    day: date

    @property
    def raw(self) -> Path:
        """The folder of its captures and notes."""
        return captures.folder_of(self.archive.home.raw, self.dataset.name, self.day)

    @property
    def range(self) -> str:
        """The command-line options that select it."""
        return f"--from {self.day} --to {self.day} --dataset {self.dataset.name}"

    def finding(
        self, kind: FindingKind, path: Path, what: str, mend: tuple[Repair, str]
    ) -> FileFinding:
        """A finding about it."""
        repair, remedy = mend
        severity = Severity.WARNING if kind is FindingKind.LEFTOVER else Severity.PROBLEM
        return FileFinding(
            severity=severity, kind=kind, subject=path, text=what, repair=repair, remedy=remedy,
            dataset=self.dataset.name, day=self.day,
        )  # fmt: skip

    def unverified(self, path: Path, error: Exception) -> FileFinding:
        """A file of it that could not be looked at."""
        return unverified(path, error, self.dataset, self.day)

    def look_again(self) -> tuple[Repair, str]:
        """Repair it after its source could be read."""
        return Repair.VERIFY, _LOOK_AGAIN

    def replay(self) -> tuple[Repair, str]:
        """Rebuild the lake file."""
        return Repair.REPLAY, f"Run `livestats replay {self.range}`: it is made again from raw/."

    def capture_again(self, damaged: Path | None) -> tuple[Repair, str]:
        """Capture the day again if the API still has it, otherwise restore it.

        `damaged` is a file that must be moved away first.
        """
        until = states.expires_at(self.dataset, self.day, self.archive.settings.zone)
        now, zone = self.archive.now(), self.archive.settings.zone
        away = f"move {damaged} out of the home and " if damaged else ""
        if self.dataset.is_dimension:
            return Repair.RESTORE, (
                f"Restore it from a backup. The API tells only how it is now: to capture that, {away}"
                f"run `livestats backfill --force`. What it said on {self.day} is lost without one."
            )
        if until is not None and now >= until:
            return Repair.RESTORE, (
                f"Restore it from a backup. The API has forgotten the day since {_local(until, zone)}: "
                "without a backup what it said is lost, and only rows that lake and tables still "
                "hold are left; leave them as they are."
            )
        has_it = "has the day" if until is None else f"has the day until {_local(until, zone)}"
        return Repair.CAPTURE, (
            f"Restore it from a backup, or {away}run `livestats backfill --force {self.range}`: the "
            f"API {has_it}."
        )

    def restore_revision(self) -> tuple[Repair, str]:
        """Restore an earlier capture: the API has only the newest."""
        return Repair.RESTORE, (
            "Restore it from a backup. It is an earlier revision, which the API no longer tells: "
            "without a backup it is lost; the rows of the day do not depend on it."
        )

    def restore_rejected(self) -> tuple[Repair, str]:
        """Restore an answer that was kept because it could not be proven."""
        return Repair.RESTORE, (
            "Restore it from a backup. No row depends on it: it was kept for a later livestats that "
            "may understand it."
        )

    def fault_of_ours(self) -> tuple[Repair, str]:
        """Files with valid checksums and inconsistent content."""
        return Repair.RESTORE, (
            "The file is as it was written, so either it was moved here or livestats wrote it "
            f"wrongly: restore {self.raw} from a backup, and report it."
        )


def remove(path: Path) -> tuple[Repair, str]:
    """Remove a file that livestats did not write."""
    return Repair.REMOVE, f"It is not read. Move {path.name!r} out of the home if nobody needs it."


def leftover() -> tuple[Repair, str]:
    """Leave what a killed run left behind."""
    return Repair.NOTHING, "Never read; the next run that works on the day removes it."


def captures_of(place: Place) -> list[captures.Capture]:
    """The captures of a day, oldest first."""
    return [
        captures.Capture(place.raw / name.text, name) for name in captures.captures_in(place.raw)
    ]


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"
