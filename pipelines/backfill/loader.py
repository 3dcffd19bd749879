"""Loading and publishing in the background, while the capture of further days goes on.

It is done by a process of its own: the memory of capture and load does not add up, and neither
waits for the other's Python.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

import duckdb

from pipelines.backfill import orphans
from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.config import SettingsError
from resources.errors import LivestatsError
from resources.fs.locks import LockTimeout
from resources.home import presence
from resources.serving import publish
from resources.serving.publish import Published
from resources.sql import interrupts
from resources.sql.failures import is_spill_full
from resources.warehouse.connection import WarehouseError
from resources.warehouse.load import Loaded

EXPECTED = (
    presence.HomeGone,
    WarehouseError,
    SettingsError,
    LockTimeout,
    OSError,
    duckdb.Error,
    BrokenProcessPool,
)
"""What the load at the end of the run meets again, if it lasts."""

log = logging.getLogger("livestats.backfill")

_ROOT = str(Path(__file__).parents[2])


_BREAK_OFF = signal.SIGUSR1
_came: list[int] = []
"""In the process that loads: the signals that its parent has sent."""


class BrokenOff(LivestatsError):
    """The load was ended by its parent, which was asked to end."""


class Loader:
    """One thread that brings tables and marts level and publishes, whenever it is asked to.

    A wish while it is at work is granted afterwards, several of them at once: each publication
    copies the whole warehouse. What goes wrong is told at once and does not end the capture; the
    load at the end of the run tries all of it again. An error that nobody expects is raised by
    `finish`.
    """

    def __init__(
        self,
        archive: Archive,
        tell: Callable[[str], None],
        record: Callable[[Loaded | Published], None],
    ) -> None:
        """The thread starts with the first wish; `tell` and `record` are called in it."""
        self._archive, self._tell, self._record = archive, tell, record
        self._changed = threading.Condition()
        self._wish: str | None = None
        self._ends = False
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None
        self._process: int | None = None  # that loads now
        self._is_broken_off = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            self._break_off()
        self._end()

    def _break_off(self) -> None:
        """End the load that is under way; its transaction is rolled back."""
        self._is_broken_off = True
        if (process := self._process) is not None:
            with suppress(ProcessLookupError):
                os.kill(process, _BREAK_OFF)

    def load(self, what: str) -> None:
        """Load all that is in the lake by now; `what` names it for people."""
        with self._changed:
            self._wish = what
            self._changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="loader")
            self._thread.start()

    def finish(self) -> None:
        """Wait for what is under way, and forget other wishes: the load at the end grants them."""
        self._end()
        if self._error is not None:
            raise self._error

    def _end(self) -> None:
        with self._changed:
            self._wish, self._ends = None, True
            self._changed.notify()
        if self._thread is not None and self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        while (what := self._next()) is not None:
            self._tell(f"Loading and publishing {what}, while the capture goes on")
            try:
                self._load()
            except BrokenOff:
                return
            except EXPECTED as error:
                text = str(error)
                if isinstance(error, duckdb.OutOfMemoryException) and not is_spill_full(error):
                    text = text.partition("\n")[0]  # advice about settings of DuckDB follows
                about = " ".join([text, *getattr(error, "__notes__", ())])
                self._tell(f"Not loaded yet: {about} The capture goes on; loading is tried again.")
            except Exception as error:  # noqa: BLE001 - raised by `finish`
                self._error = error
                return

    def _next(self) -> str | None:
        with self._changed:
            self._changed.wait_for(lambda: self._wish is not None or self._ends)
            what, self._wish = self._wish, None
            return what

    def _load(self) -> None:
        presence.check(self._archive.home)  # the process below would make a home that is not there
        # Not with `progress`, which belongs to this process. One thread: the capture has work for
        # the other cores, and more threads take more CPU for the same rows.
        archive = Archive(self._archive.settings, dict(self._archive.environ), threads=1)
        # No max_tasks_per_child: the pool would start a second process, and wait for it to end.
        with ProcessPoolExecutor(1, get_context("spawn"), _begin) as other:
            self._process = other.submit(os.getpid).result()
            try:
                if self._is_broken_off:
                    return
                events, error = other.submit(_load_apart, archive).result()
            finally:
                self._process = None
        for event in events:
            self._record(event)
        if error is not None:
            raise error


def load(archive: Archive, record: Callable[[Loaded | Published], None]) -> None:
    """Bring tables and marts level with the lake, and publish; each step is recorded."""
    names = archive.settings.datasets
    # Else the served copy may hold what the warehouse lacks.
    if publish.is_level(archive.home, archive.masks):
        behind = archive.behind()
        names = tuple(name for name in names if name in behind)
    with archive.keeping_warehouse_open() as at_desk:
        for loaded in at_desk.sync_tables(DATASETS[name] for name in names):
            record(loaded)
        record(at_desk.publish())


def _load_apart(archive: Archive) -> tuple[list[Loaded | Published], Exception | None]:
    """The same in a process of its own: what was done, and the error of EXPECTED that ended it."""
    done: list[Loaded | Published] = []
    try:
        with _broken_off_by(_BREAK_OFF), interrupts.by_signals([_BREAK_OFF]):
            load(archive, done.append)
    except BaseException as error:
        if _came:  # DuckDB has an error of its own for a statement that was interrupted
            raise BrokenOff from error
        if not isinstance(error, EXPECTED):
            raise
        # Neither a traceback nor the statement crosses to the parent, and DuckDB names neither.
        ours = [one for one in traceback.extract_tb(error.__traceback__) if _ROOT in one.filename]
        error.add_note(f"({ours[-1].name}, {Path(ours[-1].filename).name}:{ours[-1].lineno})")
        return done, error
    return done, None


@contextmanager
def _broken_off_by(number: int) -> Iterator[None]:
    """Raise KeyboardInterrupt when the signal arrives during the block, once."""

    def end(number: int, frame: FrameType | None) -> None:
        _note(number, frame)
        if len(_came) == 1:
            raise KeyboardInterrupt

    if _came:
        raise BrokenOff
    signal.signal(number, end)
    try:
        yield
    finally:
        signal.signal(number, _note)


def _begin() -> None:
    """Prepare the process: it ends with its parent, and leaves signals to it.

    Ctrl-C goes to all processes of a terminal, SIGTERM to all of a service. The parent tells this one
    by a signal of its own, and waits until it has ended its transaction.
    """
    orphans.end_with_parent()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(_BREAK_OFF, _note)


def _note(number: int, _frame: FrameType | None) -> None:
    _came.append(number)
