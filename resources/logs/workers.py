"""Threads that download files of one day, each into a temporary file that gets its name when complete.

Not here: which files (keep.py). Read next: api/download.py.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from resources.api.download import Downloader, Link
from resources.capture.fetcher import RunCancelled
from resources.errors import LivestatsError
from resources.fs import atomic
from resources.home.layout import FOLDER_MODE
from resources.logs import notes
from resources.logs.notes import LogFile

MOST = 8
"""Downloads at the same time, at most."""

_LAST_S = 0.3
"""A run that ends waits so long for each download; those that stall are left, their threads too."""


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

    Raises what is no fault of a single file: OSError of the disk, RunCancelled.
    """
    todo: queue.SimpleQueue[Job] = queue.SimpleQueue()
    done: queue.SimpleQueue[Done] = queue.SimpleQueue()
    ends = threading.Event()
    for job in jobs:
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
            try:
                check()
                done.put(Done(job, _store(downloader, job, folder, check, clean)))
            except Exception as error:  # noqa: BLE001 - judged by whoever waits for it
                done.put(Done(job, error))

    # Daemons: an interpreter that exits does not wait for a server that stalls.
    names = range(min(count, len(jobs)))
    threads = [threading.Thread(target=work, name=f"log file {n}", daemon=True) for n in names]
    for thread in threads:
        thread.start()
    try:
        for _ in jobs:
            one = done.get()
            if isinstance(one.outcome, RunCancelled) or not isinstance(
                one.outcome, Stored | LivestatsError
            ):
                raise one.outcome
            yield one
    finally:
        ends.set()
        for thread in threads:
            thread.join(_LAST_S)


def _store(
    downloader: Downloader,
    job: Job,
    folder: Path,
    check: Callable[[], None],
    clean: Clean | None,
) -> Stored:
    """Download a file to a temporary name, and give it its own once it is on the disk."""
    aside = job.file.path(folder, "0" * 12)
    aside.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
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
