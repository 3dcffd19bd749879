"""Ends a child process with its parent, also after kill -9 of the parent. Linux and macOS.

The parent holds one end of a pipe, which the kernel closes when it dies. Read next: loader.py.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from multiprocessing import parent_process

END_WITH_STDIN = f"from {__name__} import end_with_stdin; end_with_stdin()"
"""Python code for a child that was started with `stdin=subprocess.PIPE`."""


def end_with_stdin() -> None:
    """End this process when its standard input is closed: the parent has closed it, or is gone."""

    def closed() -> None:
        while os.read(sys.__stdin__.fileno() if sys.__stdin__ else 0, 4096):
            pass

    _end_after(closed)


def end_with_parent() -> None:
    """End this process, started by multiprocessing, when the process that started it is gone."""
    parent = parent_process()
    if parent is not None:
        _end_after(parent.join)


def _end_after(wait: Callable[[], object]) -> None:
    """End at once after `wait`: what is half done is as after kill -9, and the next run removes it."""

    def end() -> None:
        wait()
        os._exit(1)

    threading.Thread(target=end, name="parent", daemon=True).start()
