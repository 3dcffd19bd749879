"""Ending a process at once: nothing of what it holds is worth tidying up, the kernel takes it all.

Before it ends, Python takes apart every module, class and object, and looks for garbage among them
twice: a second of CPU where Dagster was imported.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG = 10_000
"""Objects that come before the youngest are looked through for garbage; Python's own figure is 700.

A command makes few cycles, and keeps most of what it makes while it starts.
"""


class Leaving:
    """What a process does last: it writes out what it has said, and is gone."""

    def __init__(self) -> None:
        """What is to be done at the end by others, registered from now on, is done before."""
        self.status: int | None = None  # None: the process ends as Python does it
        atexit.register(self._leave)

    def _leave(self) -> None:
        if self.status is None:
            return
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):  # Python knows how to tell of it
            return
        os._exit(self.status)


@contextmanager
def leaving() -> Iterator[None]:
    """For the whole of a process's work: once it ends with a status, the process ends at once.

    Threads are waited for and what is registered with atexit is called, as ever. An exception that
    nobody expects ends the process as Python does it, with all it has to say.
    """
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
    last = Leaving()
    try:
        yield
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            last.status = (end.code or 0) & 0xFF
        raise
    else:
        last.status = 0
