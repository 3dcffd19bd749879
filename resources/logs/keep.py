"""Downloads the log files of days: the list with fresh links, the files, the note.

One file's fault costs that file alone. A link is in memory only; the key goes to the API alone. Not
here: HTTP (api/download.py), what lacks (states.py). Read next: workers.py.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from resources.api.download import LinkRefused
from resources.api.errors import ApiError, FixSetup, printable
from resources.capture.capturer import Capturer
from resources.errors import LivestatsError
from resources.fs import access, locks
from resources.home.layout import Home
from resources.logs import erase, lines, listing, notes, states, workers
from resources.logs.listing import Listing
from resources.logs.notes import DayNote, Listed, LogFile, Version
from resources.logs.states import LogDay
from resources.raw.erasures import Erasures

LEEWAY_BYTES = 16 << 20
"""A file may be larger than listed by as much again and this: what is longer is not a log file."""

ROUNDS = 5
"""How often fresh links are asked for, as long as each time brings files."""

SPARE_BYTES = 1_000_000_000
"""Of the disk, that downloads leave free."""

_TOLD = 5  # faults of a day that the log names
_NOTE_EVERY = 200  # files after which the note is written meanwhile

log = logging.getLogger("livestats.logs")


class NoRoom(LivestatsError):
    """The disk has no room for the files of a day."""


@dataclass
class DayDone:
    """What a run did for a day."""

    day: date
    files: int = 0  # that were downloaded
    bytes: int = 0
    requests: int = 0  # of the API
    error: str = ""  # why the day as a whole could not be worked on
    is_down: bool = False  # where the links point to does not answer
    after: LogDay | None = None  # what is kept now

    @property
    def is_kept(self) -> bool:
        """Whether nothing lacks."""
        return self.after is not None and self.after.state is states.LogState.KEPT

    @property
    def reason(self) -> str:
        """Why something lacks."""
        return self.error or (self.after.reason if self.after is not None else "")


def keep(capturer: Capturer, days: Sequence[date]) -> Iterator[DayDone]:
    """Download what the days lack, one day after the other; what was done for each.

    Raises FixSetup if no call of the API can succeed.
    """
    is_down = False
    for day in days:
        if is_down:
            yield DayDone(day, error="not tried: those of another day were not answered")
            continue
        done = _keep_day(capturer, day)
        is_down = done.is_down
        yield done


def _keep_day(capturer: Capturer, day: date) -> DayDone:
    done, home = DayDone(day), capturer.home
    held = locks.try_lock(notes.lock_file(home, day))
    if held is None:
        done.error = "another process is downloading them"
        return done
    with held:
        try:
            _Day(capturer, day, done).run()
        except FixSetup:
            raise
        except (ApiError, NoRoom, notes.UnreadableNote) as error:
            done.is_down = isinstance(error, workers.StorageDown) and error.no_answer
            done.error = printable(str(error))
        except OSError as error:
            if not access.is_of_one_place(error):
                raise
            done.error = access.reason(error)
        done.after = states.of_day(home, capturer.settings, day, capturer.clock())
    return done


@dataclass
class _Day:
    """One day that is being worked on, under its lock."""

    capturer: Capturer
    day: date
    done: DayDone
    note: DayNote = field(default_factory=DayNote)
    told: int = 0  # faults

    @property
    def _home(self) -> Home:
        return self.capturer.home

    @property
    def _folder(self) -> Path:
        return notes.folder_of(self._home, self.day)

    def run(self) -> None:
        """Take up what killed runs left, then ask and download until nothing more comes."""
        notes.make(self._folder)
        notes.tidy(self._folder)
        self.note = notes.read(self._folder)
        if notes.adopt(self._folder, self.note, self.capturer.clock()):
            notes.write(self._folder, self.note)
        for _ in range(ROUNDS):
            found = self._list()
            came, refused = self._download(found)
            if not (came and refused):
                break

    def _list(self) -> Listing:
        """Ask for the list, and note it. What it does not name any more is noted as gone."""
        capturer = self.capturer
        erasures = Erasures.of(self._home.raw)
        found = listing.ask(
            capturer.client, capturer.settings, self.day, capturer.clock(), erasures
        )
        self.done.requests += found.requests
        before = states.required(self._home, self.day, self.note)
        gone = {
            file: Listed(one.hour, one.bytes, is_gone=True)
            for file, one in before.items()
            if file not in found.files
        }
        self.note.listed = {**gone, **found.files}
        self.note.listed_at = found.at
        self.note.capture = states.capture_of(self._home, self.day)
        self.note.faults = dict.fromkeys(gone, "the vendor does not list it any more")
        return found

    def _download(self, found: Listing) -> tuple[int, int]:
        """Download what lacks; how many files came, and how many links were refused."""
        lacks = states.lacking(self._home, self.day, self.note, self.note.listed)
        jobs = []
        for file in lacks:
            if not file.is_storable:
                self.note.faults[file] = "its name is too long for a file"
            elif file in found.links:
                jobs.append(workers.Job(file, found.links[file], self._most_bytes(found, file)))
            elif file not in self.note.faults:
                self.note.faults[file] = "the list has no link to it"
        self._check_room(sum(found.files[job.file].bytes for job in jobs))
        came = refused = 0
        client, halt = self.capturer.client, self.capturer.halt
        count = min(self.capturer.settings.workers, workers.MOST)
        clean = self._cleaner()
        results = workers.download(client.downloader(), jobs, self._folder, count, halt, clean)
        try:
            for result in results:
                if isinstance(result.outcome, Exception):
                    refused += isinstance(result.outcome, LinkRefused)
                    self._fault(result.job.file, result.outcome)
                else:
                    came += 1
                    self._add(found, result.job.file, result.outcome)
                    if came % _NOTE_EVERY == 0:
                        notes.write(self._folder, self.note)
        finally:
            results.close()
            notes.write(self._folder, self.note)
        return came, refused

    def _check_room(self, size: int) -> None:
        """Raise NoRoom if the files would fill the disk, which all else needs as well."""
        free = shutil.disk_usage(self._folder).free
        if size + SPARE_BYTES > free:
            raise NoRoom(
                f"the files have {size / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB are free, of which "
                f"{SPARE_BYTES / 1e9:,.0f} GB stay so"
            )

    def _cleaner(self) -> workers.Clean | None:
        """Takes what was erased from days up to now out of files that come after it."""
        items = Erasures.of(self._home.raw).about(self.day)
        if not items:
            return None
        return lambda file, path: erase.without(path, file.domain, items)

    def _most_bytes(self, found: Listing, file: LogFile) -> int:
        return 2 * found.files[file].bytes + LEEWAY_BYTES

    def _fault(self, file: LogFile, error: Exception) -> None:
        self.note.faults[file] = fault = printable(str(error))
        level = logging.WARNING if self.told < _TOLD else logging.DEBUG
        log.log(level, "%s %s: %s", self.day, printable(str(file)), fault)
        self.told += 1
        if self.told == _TOLD:
            log.warning("%s: further files that fail are counted only", self.day)

    def _add(self, found: Listing, file: LogFile, came: workers.Stored) -> None:
        """Note a file that lies in its place."""
        listed = found.files[file].bytes
        at: datetime = self.capturer.clock()
        is_gzip = came.bytes != listed and file.name.lower().endswith(".gz")
        version = Version(
            listed_bytes=listed,
            bytes=came.bytes,
            sha256=came.sha256,
            kept_at=at.isoformat(timespec="seconds"),
            lines_erased=came.lines_erased,
            is_sound=not is_gzip or lines.is_whole_gzip(file.path(self._folder, came.sha256)),
        )
        self.note.add(file, version)
        self.note.faults.pop(file, None)
        newest = self.note.newest(file)
        if newest is not None and not newest.is_whole:
            end = "it is kept if they come again" if newest.is_sound else "they are no gzip file"
            self.note.faults[file] = f"{came.bytes} bytes came, and {listed} are listed: {end}"
        self.done.files += 1
        self.done.bytes += came.bytes
