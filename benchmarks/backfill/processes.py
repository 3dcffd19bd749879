"""Commands run as children and measured: wall clock, CPU of the whole tree, peak memory."""

from __future__ import annotations

import resource
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a command took. CPU and memory are those of all its processes; the server is none."""

    wall_s: float
    cpu_s: float
    rss_mb: float  # the largest peak of any one process
    status: int

    @property
    def cores(self) -> float:
        """How many cores were busy on average."""
        return self.cpu_s / self.wall_s if self.wall_s else 0.0


def run(
    command: Sequence[str],
    *,
    environ: Mapping[str, str],
    folder: Path,
    log: Path,
    timeout_s: float,
    watch: Callable[[float], None] | None = None,
) -> Usage:
    """Run `command` to its end, its output into `log`; a command that takes longer is ended.

    `watch` is called twice a second with the seconds since the start.
    """
    with log.open("wb") as output:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.monotonic()
        child = subprocess.Popen(
            command, env=dict(environ), cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )
        peaks: dict[int, int] = {}
        ended = threading.Event()
        looker = threading.Thread(target=_look, args=(child.pid, peaks, ended, started, watch))
        looker.start()
        try:
            status = child.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            child.kill()
            status = child.wait()
        wall_s = time.monotonic() - started
        ended.set()
        looker.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Usage(
        wall_s=wall_s,
        cpu_s=cpu_s,
        rss_mb=max(peaks.values(), default=0) / 1000,
        status=status,
    )


def _look(
    pid: int,
    peaks: dict[int, int],
    ended: threading.Event,
    started: float,
    watch: Callable[[float], None] | None,
) -> None:
    """Note the peak of every process of the tree, in kB, until `ended`.

    The kernel keeps the peak of a process; only one that begins and ends between two looks is
    missed, and such a one has not had the time to grow.
    """
    seen_s = 0.0
    while not ended.wait(0.1):
        for one in (pid, *descendants(pid)):
            try:
                status = Path(f"/proc/{one}/status").read_text("ascii", errors="replace")
            except OSError:  # it has ended
                continue
            for line in status.splitlines():
                if line.startswith("VmHWM:"):
                    peaks[one] = max(peaks.get(one, 0), int(line.split()[1]))
        elapsed_s = time.monotonic() - started
        if watch is not None and elapsed_s - seen_s >= 0.5:
            seen_s = elapsed_s
            watch(elapsed_s)


def descendants(pid: int) -> list[int]:
    """Children, their children and so on, of all threads of a process."""
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            text = (task / "children").read_text("ascii")
            for child in map(int, text.split()):
                found += [child, *descendants(child)]
    except OSError:  # it has ended
        return found
    return found
