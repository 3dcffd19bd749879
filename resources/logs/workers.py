"""Threads that download files of one day, each into a temporary file that gets its name when complete.

Not here: which files (keep.py). Read next: api/download.py.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from resources.api.download import Downloader, Link
from resources.api.errors import AGAIN_LATER, ApiError, TryLater
from resources.capture.fetcher import RunCancelled
from resources.errors import LivestatsError
from resources.fs import atomic
from resources.logs import notes
from resources.logs.notes import LogFile

MOST = 8
"""Downloads at the same time, at most."""

MOST_FAILURES = 20
"""Downloads in a row that fail although they were tried again: then the others are not tried."""

_LAST_S = 0.3
"""A run that ends waits so long for each download; those that stall are left, their threads too."""


class StorageDown(ApiError):
    """So many downloads in a row failed that no other of the day is tried for now."""

    def __init__(self, what: str, *, no_answer: bool) -> None:
        super().__init__(what, AGAIN_LATER)
        self.no_answer = no_answer  # not even a connection came about


@dataclass(frozen=True)
class Job:
    """A file to download."""

    file: LogFile
    link: Link
    most_bytes: int


@dataclass(frozen=True)
class Stored:
    """A file that came and lies in its place."""

    bytes: int
    sha256: str
    lines_erased: int = 0


Clean = Callable[[LogFile, Path], int]
"""Takes lines that were erased out of a file that came; how many."""


@dataclass(frozen=True)
class Done:
    """A job, and what became of it."""

    job: Job
    outcome: Stored | Exception


def download(
    downloader: Downloader,
    jobs: Sequence[Job],
    folder: Path,
    count: int,
    halt: threading.Event,
    clean: Clean | None = None,
) -> Generator[Done, None, None]:
    """Download every job below the day's `folder`, by `count` threads; what became of each.

    `clean` sees each file before it gets its name.

    Raises what is no fault of a single file: OSError of the disk, RunCancelled, StorageDown.
    """
    todo: queue.SimpleQueue[Job] = queue.SimpleQueue()
    done: queue.SimpleQueue[Done] = queue.SimpleQueue()
    ends, streak = threading.Event(), _Streak()
    # In no order: files that fail, as all of a domain may, are not one after the other.
    for job in sorted(jobs, key=lambda one: hashlib.sha256(str(one.file).encode()).digest()):
        todo.put(job)

    def check() -> None:
        if halt.is_set() or ends.is_set():
            raise RunCancelled("the run was cancelled")

    def work() -> None:
        while not ends.is_set():
            try:
                job = todo.get_nowait()
            except queue.Empty:
                return
            outcome: Stored | Exception
            try:
                check()
                outcome = _store(downloader, job, folder, check, clean)
            except Exception as error:  # noqa: BLE001 - judged by whoever waits for it
                outcome = error
            done.put(Done(job, outcome))
            if (down := streak.down_after(outcome)) is not None:
                done.put(Done(job, down))  # before others tell that they are ended
                ends.set()

    # Daemons: an interpreter that exits does not wait for a server that stalls.
    names = range(min(count, len(jobs)))
    threads = [threading.Thread(target=work, name=f"log file {n}", daemon=True) for n in names]
    try:  # Ctrl-C may be raised while a thread starts
        for thread in threads:
            thread.start()
        for _ in jobs:
            one = done.get()
            if isinstance(one.outcome, Exception) and not _is_of_file(one.outcome):
                raise one.outcome
            yield one
    finally:
        ends.set()
        for thread in threads:
            if thread.is_alive():
                thread.join(_LAST_S)


def _is_of_file(error: Exception) -> bool:
    """Whether an error says nothing of other files."""
    return isinstance(error, LivestatsError) and not isinstance(error, RunCancelled | StorageDown)


class _Streak:
    """Failed downloads in a row, over all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0

    def down_after(self, outcome: Stored | Exception) -> StorageDown | None:
        """The error that ends all, if this outcome makes one too many."""
        with self._lock:
            self._failures = self._failures + 1 if isinstance(outcome, TryLater) else 0
            if self._failures != MOST_FAILURES or not isinstance(outcome, TryLater):
                return None
        what = f"{MOST_FAILURES} downloads in a row failed, the last one: {outcome}"
        return StorageDown(what.removesuffix("."), no_answer=outcome.no_answer)


def _store(
    downloader: Downloader,
    job: Job,
    folder: Path,
    check: Callable[[], None],
    clean: Clean | None,
) -> Stored:
    """Download a file to a temporary name, and give it its own once it is on the disk."""
    aside = job.file.path(folder, "0" * 12)
    notes.make(aside.parent)
    temp = atomic.temp_path(aside)
    try:
        with temp.open("xb") as target:
            came = downloader.fetch(job.link, target, job.most_bytes, check)
        stored = Stored(came.bytes, came.sha256)
        if clean is not None and (number := clean(job.file, temp)):
            stored = Stored(temp.stat().st_size, notes.checksum(temp), number)
        atomic.rename_into_place(temp, job.file.path(folder, stored.sha256))
    finally:
        temp.unlink(missing_ok=True)
    return stored
