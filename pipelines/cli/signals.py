"""SIGTERM and SIGHUP end a command as Ctrl-C does: by an exception that every cleanup runs for.

Not here: the message and the exit code (pipelines/cli/__init__.py). Read next: backfill/run.py.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from resources.sql import interrupts

_ENDING = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}
"""The signals, each with what Python does by itself."""

_REPEATED_S = 5.0
"""`timeout` and service managers signal a process and its group: the second must not end the cleanup."""


class Terminated(KeyboardInterrupt):
    """The process was asked to end by the signal `number`; handled wherever Ctrl-C is."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


CAME = "livestats.ending"
"""Where click's context has the Ending of the command that runs."""

FAREWELL = "livestats.farewell"
"""Where it has what the command says when it is ended, if that is not what all say."""


@dataclass
class Ending:
    """What came during a block."""

    number: int | None = None
    """The first signal. DuckDB raises an error of its own in the place of Terminated, if one comes
    while a statement runs."""


@contextmanager
def ending_cleanly() -> Iterator[Ending]:
    """Raise Terminated in the main thread when one of these signals arrives during the block.

    A signal that is ignored (nohup) or handled by the caller stays so. As process 1 of a container,
    a process without a handler would not end at all.
    """
    found = Ending()
    if threading.current_thread() is not threading.main_thread():
        yield found
        return
    last_s = float("-inf")

    def end(number: int, _frame: FrameType | None) -> None:
        nonlocal last_s
        before_s, last_s = last_s, time.monotonic()
        found.number = found.number or number
        if last_s - before_s > _REPEATED_S:
            raise Terminated(number)

    ours = {n: action for n, action in _ENDING.items() if signal.getsignal(n) is action}
    for number in ours:
        signal.signal(number, end)
    try:
        with interrupts.by_signals(ours):
            yield found
    finally:
        for number, action in ours.items():
            signal.signal(number, action)
