"""Ends a child process with its parent, also after kill -9 of the parent. Linux and macOS.

The parent holds one end of a pipe, which the kernel closes when it dies. Read next: loader.py.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing import parent_process

END_WITH_STDIN = f"from {__name__} import end_with_stdin; end_with_stdin()"
"""Python code for a child that was started with `stdin=subprocess.PIPE`."""


END_GROUPS_WITH_STDIN = f"from {__name__} import end_groups_with_stdin; end_groups_with_stdin()"
"""The same for a child that ends others, which know nothing of it."""

_END_S = 8.0  # for a group to end in, before it is killed
_LOOK_S = 0.1


def end_groups_with_stdin() -> None:
    """End the process groups whose numbers come in as lines, when the standard input is closed."""
    groups = [int(line) for line in sys.stdin]
    until_s = time.monotonic() + _END_S
    left = [group for group in groups if _signal(group, signal.SIGTERM)]
    while left and time.monotonic() < until_s:
        time.sleep(_LOOK_S)
        left = [group for group in left if _signal(group, 0)]
    for group in left:
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> bool:
    """Send a signal to a process group; False if nothing of it is left."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


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
