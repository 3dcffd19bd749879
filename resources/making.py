"""One day in the making: its lock, its questions, its files aside, and giving them their names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from resources import files, lake, ledger, raw
from resources.account import Account, snapshots
from resources.api.catalogue import DATASETS
from resources.api.catalogue.model import Dataset
from resources.api.errors import ApiError, printable
from resources.api.plan import Known, Walk, walks
from resources.asking import Answered
from resources.home import Home
from resources.ledger import State
from resources.settings import Settings

NO_WARNING = timedelta(0)
"""Whether a day expires soon does not matter once it is being asked."""

_MOST_NAMED = 20  # failed questions in the note of a day


def questions(
    home: Home, settings: Settings, dataset: Dataset, day: date, now: datetime
) -> list[Walk]:
    """All questions of a day, from what the lake knows of the account.

    Raises NotYet if another dataset must be captured first; one that is lost is done without.
    """
    if dataset.is_dimension:
        return [*walks(dataset, day, settings.zone, Known())]
    needed = (DATASETS[name] for name in dataset.needs)
    lost = frozenset(one.name for one in needed if _is_lost(home, settings, one, day, now))
    known = Account(home.lake, settings).known(dataset, day, lost)
    return [*walks(dataset, day, settings.zone, known)]


def _is_lost(home: Home, settings: Settings, needed: Dataset, day: date, now: datetime) -> bool:
    folder = home.raw / needed.name / day.isoformat()
    line = ledger.entry(needed, day, folder, now, settings.zone, NO_WARNING)
    return line.state is State.LOST


@dataclass
class Job:
    """One day being captured. The holder has its lock, and ends with `release`."""

    dataset: Dataset
    day: date
    home: Home
    lock: int
    walks: Sequence[Walk]
    before: raw.Capture | None
    domains: Sequence[str]
    writer: raw.CaptureWriter = field(init=False)
    table: lake.LakeWriter = field(init=False)
    taken: int = 0  # questions that are done with, answered or not
    answered: int = 0  # of these, questions that were answered
    error: Exception | None = None  # the first in the order of the questions
    failed: list[Walk] = field(default_factory=list)
    is_given_up: bool = False  # set by any worker that fails: the others then ask no more
    _parts: int = 0

    @property
    def folder(self) -> Path:
        """Its place in the raw archive."""
        return self.home.raw / self.dataset.name / self.day.isoformat()

    def open(self) -> None:
        """Start the files aside."""
        self.writer = raw.CaptureWriter(self.folder, self.dataset, self.day)
        try:
            path = lake.path_of(self.home.lake, self.dataset.name, self.day)
            self.table = lake.LakeWriter(path, self.dataset, self.day)
        except BaseException:
            self.writer.abandon()
            raise

    def add(self, answered: Sequence[Answered]) -> None:
        """Add the answer to the next question to the files, unless the day has failed already."""
        self.answered += bool(answered)
        for one in answered if self.error is None else ():
            for part in one.parts:
                self.writer.add(
                    raw.Response(
                        self._parts,
                        part.page,
                        part.payload,
                        part.fetched_at,
                        part.size,
                        part.stored,
                    )
                )
            self.table.add(one.rows)
            self._parts += 1

    def fail(self, walk: Walk, error: Exception) -> None:
        """Note a question that has no answer."""
        self.error = self.error or error
        self.failed.append(walk)

    def abandon(self) -> None:
        """Forget what is aside."""
        self.writer.abandon()
        self.table.abandon()

    def release(self) -> None:
        """Let others at the day."""
        with suppress(OSError):
            os.close(self.lock)

    def commit(self, now: datetime, time_zone: str) -> tuple[lake.Origin, bool]:
        """Name the day captured; where its rows come from, and whether they are new.

        Rows that are those of the newest capture add nothing but a note. If the lake file cannot be
        swapped in after the capture has its name, the next run makes it from the capture.
        """
        tally = self.table.tally
        facts = {"time_zone": time_zone, "domains": [*self.domains], **tally.facts()}
        before = self.before.name if self.before else None
        name = self.writer.seal(now, tally.rows, before, facts)
        origin = self.table.seal(name, self.writer.requests)
        same = self._same_as_before()
        if same is not None:
            self.abandon()
            raw.note_seen(same.folder.parent, same.name, now)
        else:
            self.writer.commit(name)
            self.table.commit()
        (self.folder / ledger.PARTIAL).unlink(missing_ok=True)
        return origin, same is None

    def _same_as_before(self) -> raw.Capture | None:
        """The earlier capture that the new one is equal to."""
        before, path = self.before, self.table.path
        if before is None and self.dataset.is_dimension:
            earlier = snapshots(self.home.lake, self.dataset.name)
            if not earlier:
                return None
            path = earlier[-1]
            day = lake.day_of(path).isoformat()
            before = raw.newest(self.home.raw / self.dataset.name / day)
        if before is None:
            return None
        origin = lake.proven_origin(path)
        if not lake.is_level(origin, before.name):  # damaged, or of an older normaliser
            origin = self._made_anew(before, path)
        if origin is None:
            return None
        if tuple(sorted(self.table.tally.unknown)) != origin.unknown:
            return None  # a new field: only raw has it, so the answer is worth keeping
        return before if lake.same_rows(path, self.table.aside) else None

    def _made_anew(self, before: raw.Capture, path: Path) -> lake.Origin | None:
        """The lake file made again, since what counts is the capture; None if that is damaged."""
        try:
            return lake.normalise(self.home.lake, self.dataset, lake.day_of(path), before)
        except (raw.DamagedCapture, ApiError):
            return None


def note_partial(folder: Path, now: datetime, error: Exception, job: Job | None) -> None:
    """Say beside a day's captures what was missing when it was last tried."""
    note: dict[str, object] = {
        "at": now.isoformat(timespec="seconds"),
        "error": str(error),
        "answered": job.answered if job else 0,
        "questions": len(job.walks) if job else None,
    }
    if job is not None:
        note["failed"] = [
            {
                "asked": printable(str(walk)),
                "from": walk.window and walk.window[0].isoformat(),
                "until": walk.window and walk.window[1].isoformat(),
            }
            for walk in job.failed[:_MOST_NAMED]
        ]
    files.write_whole(folder / ledger.PARTIAL, files.sealed(note))
