"""Which process does a run, and whether it still lives.

A process is known by its number and when it began: the system gives its number to others later.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

PROCESS = "livestats/process"
"""Tag of a run that names the process which does it."""

HOST = "livestats/host"
"""Tag of a run that the daemon started: the machine that it was started on."""


def named(number: int) -> str:
    """Names a process of this machine for as long as it lives: host, number, and when it began."""
    return f"{socket.gethostname()} {number} {_began(number)}"


def is_alive(process: str) -> bool:
    """False if the named process is gone; one of another machine is not for us to say."""
    host, number, began = [*process.split(" "), "", "", ""][:3]
    if host != socket.gethostname():
        return bool(host)
    return number.isdecimal() and _exists(int(number)) and _began(int(number)) == began


def began_by(number: int, moment: float, slack_s: float = 60.0) -> bool:
    """True if a process of that number is there and began before `moment` (seconds since 1970).

    What began later is another one with the same number. The slack is for clocks that are set.
    """
    if not _exists(number):
        return False
    began = _began(number)
    if not began:
        return True  # the kernel does not tell
    since_boot_s = int(began) / os.sysconf("SC_CLK_TCK")
    age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - since_boot_s
    return time.time() - age_s <= moment + slack_s


def _exists(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _began(number: int) -> str:
    """When a process began, in the kernel's ticks; "" where the kernel does not tell."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""
