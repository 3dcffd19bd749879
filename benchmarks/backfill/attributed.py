"""A livestats command, and whose CPU it used: Dagster's or livestats' own.

    python -m benchmarks.backfill.attributed shares.json backfill --from ... --to ...

A thread looks fifty times a second at what every other thread does and how much CPU it has used
since. That belongs to whoever is nearest to the top of its stack: a frame of Dagster's packages
(what it calls, SQLAlchemy for one, included) or one of livestats; all else is `neither`.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType

EVERY_S = 0.02
_ROOT = str(Path(__file__).resolve().parents[2])
_OWN = tuple(f"{_ROOT}/{name}/" for name in ("pipelines", "assets", "resources"))


def whose(frame: FrameType | None) -> str:
    """Who is nearest to the top of a stack."""
    while frame is not None:
        name = frame.f_code.co_filename
        if "/site-packages/dagster" in name:
            return "dagster"
        if name.startswith(_OWN):
            return "livestats"
        frame = frame.f_back
    return "neither"


def cpu_s(native_id: int) -> float:
    """CPU seconds of a thread of this process by its number at the kernel; OSError if it has ended.

    Not by time.pthread_getcpuclockid(): that reads the memory of the thread, and takes the process
    down (SIGSEGV) if the thread ends meanwhile. The clock's number is made as there (Linux).
    """
    return time.clock_gettime((~native_id << 3) | 6)


class Sampler(threading.Thread):
    """Adds up CPU seconds by whose they are."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.cpu_s: defaultdict[str, float] = defaultdict(float)
        self.own_s = 0.0
        self._seen: dict[int, float] = {}

    def run(self) -> None:
        while True:
            time.sleep(EVERY_S)
            self.look()
            self.own_s = time.thread_time()

    def look(self) -> None:
        """Credit what each thread has used since the last look to what it is doing now."""
        frames = sys._current_frames()  # noqa: SLF001 - the documented way to see other threads
        for thread in threading.enumerate():
            number, frame = thread.native_id, frames.get(thread.ident or 0)
            if thread is self or number is None:
                continue
            try:
                used = cpu_s(number)
            except OSError:  # it has ended
                continue
            before = self._seen.get(number, 0.0)
            self._seen[number] = used
            # The number of an ended thread may come again: then the count starts anew.
            self.cpu_s[whose(frame)] += used - before if used >= before else used


def main() -> None:
    """Run the command, write the shares."""
    out = Path(sys.argv[1])
    sys.argv[1:] = sys.argv[2:]
    sampler = Sampler()
    sampler.start()
    try:
        from pipelines.cli import main as livestats

        livestats()
    finally:
        sampler.look()
        # Threads that are not Python's are not seen: DuckDB and Arrow have their own. They are the
        # rest of the process, and the looking itself is nobody's.
        whole_s = time.process_time() - sampler.own_s
        seen_s = sum(sampler.cpu_s.values())
        found = {**sampler.cpu_s, "native threads": max(0.0, whole_s - seen_s)}
        out.write_text(json.dumps(found), "utf-8")


if __name__ == "__main__":
    main()
