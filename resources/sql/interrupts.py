"""Statements of DuckDB end as soon as a signal arrives.

Python runs handlers of signals between two steps of its own, so a statement of minutes would not
hear them. Not here: what a signal means (pipelines/cli/signals.py).
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    import duckdb

_AGAIN_S = (0.1, 0.3, 0.5)
"""A statement may begin just after the signal, before Python has run the handler."""

_lock = threading.Lock()
_connections: WeakSet[duckdb.DuckDBPyConnection] = WeakSet()


def prepared(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """The connection, whose statements `interrupt_all` ends from now on, and which draws nothing.

    DuckDB draws a bar for statements of some seconds, into logs as well; commands have their own.
    """
    connection.execute("SET enable_progress_bar = false")
    with _lock:
        _connections.add(connection)
    return connection


def interrupt_all() -> None:
    """End the statements that run now: they raise duckdb.InterruptException."""
    import duckdb

    with _lock:
        found = [*_connections]
    for connection in found:
        with suppress(duckdb.ConnectionException):  # it is closed, and the others are not
            connection.interrupt()


@contextmanager
def by_signals(numbers: Collection[int]) -> Iterator[None]:
    """Interrupt all statements when one of these signals arrives during the block.

    The signals need handlers of their own. Called in the main thread.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    is_over = threading.Event()

    def watch() -> None:
        while (came := os.read(reader, 64)) and not is_over.is_set():
            if not {*came} & {*numbers}:
                continue
            interrupt_all()
            for wait_s in _AGAIN_S:
                if is_over.wait(wait_s):
                    break
                interrupt_all()

    watcher = threading.Thread(target=watch, name="signals", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        signal.set_wakeup_fd(before)
        os.close(writer)  # ends the watcher
        watcher.join()
        os.close(reader)
