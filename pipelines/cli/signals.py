"""SIGTERM and SIGHUP end a command as Ctrl-C does: by an exception that every cleanup runs for.

Not here: the message and the exit code (pipelines/cli/__init__.py). Read next: backfill/run.py.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGTERM, signal.SIGHUP)
_REPEATED_S = 5.0
"""`timeout` and service managers signal a process and its group: the second must not end the cleanup."""


class Terminated(KeyboardInterrupt):
    """The process was asked to end by the signal `number`; handled wherever Ctrl-C is."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Raise Terminated in the main thread when one of these signals arrives during the block.

    A signal that is ignored (nohup) or handled by the caller stays so. As process 1 of a container,
    a process without a handler would not end at all.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    last_s = float("-inf")

    def end(number: int, _frame: FrameType | None) -> None:
        nonlocal last_s
        before_s, last_s = last_s, time.monotonic()
        if last_s - before_s > _REPEATED_S:
            raise Terminated(number)

    ours = [number for number in _ENDING if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
