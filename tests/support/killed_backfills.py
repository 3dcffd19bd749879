"""Backfills that are killed at a chosen instant, in processes of their own.

`python -m tests.support.killed_backfills` is the parent of those processes: it has imported all that they need, and
forks one for each line that comes in on stdin, `n: run to the n-th step and die there`, or `0: run
to the end`. A step is a call of the operating system, DuckDB or Arrow that any thread makes from
Python: every write, rename, flush, lock and statement is one, and each is a place to die.
Instants inside DuckDB and Arrow are hit by an alarm that ends the process after some time.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

import pyarrow as pa

from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.home.layout import Home
from resources.lake import parquet
from resources.raw import captures
from tests.support.archives import DAYS, Lab, failures, lake_rows

STEPS = frozenset(
    (
        *("open", "write", "writelines", "flush", "close", "truncate", "fsync", "flock", "pwrite"),
        *("rename", "replace", "mkdir", "rmdir", "unlink", "remove", "symlink", "ftruncate"),
        *("sendfile", "copy_file_range", "begin", "execute", "commit", "rollback", "register"),
    )
)
ROOT = Path(__file__).resolve().parents[2]


class Killer:
    """Counts the steps of all threads, and ends the process at the one that was asked for."""

    def __init__(self, at: int) -> None:
        self._at, self.steps = at, 0

    def __call__(self, _frame: FrameType, event: str, call: object) -> None:
        if event in ("c_call", "c_return") and getattr(call, "__name__", "") in STEPS:
            self.steps += 1
            if self.steps == self._at:
                os.kill(os.getpid(), signal.SIGKILL)


def work(days: int) -> None:
    """Capture all datasets and load them, as the environment says; what it is about is printed."""
    archive = Archive.open(os.environ, Path("/nonexistent"))
    lab = Lab(None, archive)  # type: ignore[arg-type]  # the account is served by another process
    wanted = [DAYS[-1] - timedelta(days=back) for back in range(days)]
    results = lab.capture(wanted)
    sys.stderr.write("".join(f"{told}\n" for told in failures(results)))
    if not failures(results):
        for _ in archive.sync_tables(DATASETS[name] for name in archive.settings.datasets):
            pass
        archive.publish()


def forever() -> None:
    """Serve the requests on stdin."""
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _child(asked)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(json.dumps({"status": os.waitstatus_to_exitcode(status)}) + "\n")
        sys.stdout.flush()


def _child(asked: Mapping[str, object]) -> None:
    status = 1
    try:
        os.environ.clear()
        os.environ.update(asked["environ"])  # type: ignore[call-overload]
        if asked["after_s"]:
            # Nobody handles the alarm, so it ends the process as SIGKILL would.
            signal.setitimer(signal.ITIMER_REAL, float(str(asked["after_s"])))
        killer = Killer(int(str(asked["at"])))
        threading.setprofile(killer)
        sys.setprofile(killer)
        try:
            work(int(str(asked["days"])))
        finally:
            sys.setprofile(None)
        Path(str(asked["steps"])).write_text(str(killer.steps))
        status = 0
    finally:
        sys.stderr.flush()
        os._exit(status)


class Backfills:
    """Starts backfills that die; use with `with`."""

    def __init__(self, environ: Mapping[str, str], days: int, scratch: Path) -> None:
        self._environ, self._days = dict(environ), days
        self._steps = scratch / "steps"
        self._log = (scratch / "killing.log").open("ab")
        self._parent = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.support.killed_backfills"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._parent.stdin.close()
        self._parent.wait(timeout=60)
        self._parent.stdout.close()
        self._log.close()

    def run(self, at: int = 0, after_s: float = 0.0, **environ: str) -> int | None:
        """One backfill: the number of its steps, or None if it was killed.

        It dies at step `at`, or `after_s` seconds after its start; 0: never.
        """
        self.start(at, after_s, **environ)
        return self.wait()

    def start(self, at: int = 0, after_s: float = 0.0, **environ: str) -> None:
        """The same without waiting for its end."""
        asked = {
            "at": at,
            "after_s": after_s,
            "days": self._days,
            "environ": {**self._environ, **environ},
            "steps": str(self._steps),
        }
        self._parent.stdin.write(json.dumps(asked).encode() + b"\n")
        self._parent.stdin.flush()

    def wait(self) -> int | None:
        """What `run` returns, for a backfill that was started."""
        line = self._parent.stdout.readline()
        status = json.loads(line)["status"] if line else None
        if status in (-signal.SIGKILL, -signal.SIGALRM):
            return None
        assert status == 0, Path(self._log.name).read_text()
        return int(self._steps.read_text())


def what_is_wrong(home: Home, whole: Mapping[str, pa.Table]) -> list[str]:
    """Days that are green and not complete, and files that have a name and cannot be read.

    Empty after any crash, before anything is mended. `whole` is what `lake_rows` gives of a run
    that was never killed. A day whose capture says what it lacks is incomplete, and no green one.
    """
    found, incomplete = [], set()
    for folder in home.raw.glob("*/*/*"):
        name = captures.CaptureName.parse(folder.name)
        if name is None:
            continue
        where = f"{folder.parent.parent.name}/day={folder.parent.name}/{parquet.FILE}"
        capture = captures.Capture(folder, name)
        try:
            sum(1 for _ in capture.responses())
            if capture.manifest.get("lacking"):
                incomplete.add(folder.name)
                if where in whole and name.rows <= whole[where].num_rows:
                    continue
        except captures.DamagedCapture as error:
            found.append(str(error))
        if where not in whole or name.rows != whole[where].num_rows:
            found.append(f"{folder} has {name.rows} rows")
    for where, rows in lake_rows(home).items():
        origin = parquet.provenance_of(home.lake / where)
        is_part = bool(origin) and origin.capture in incomplete and is_contained(rows, whole[where])
        if not rows.equals(whole[where]) and not is_part:
            found.append(f"{where} holds other rows")
        day = where.split("/")[1].removeprefix("day=")
        if origin is None or not (home.raw / where.split("/")[0] / day / origin.capture).is_dir():
            found.append(f"{where} stands for no capture")
    return found


def is_contained(rows: pa.Table, whole: pa.Table) -> bool:
    """True if each row stands in `whole`, as often at least."""
    counts = (Counter(map(repr, table.to_pylist())) for table in (rows, whole))
    return next(counts) <= next(counts)


def tables(lab: Lab) -> dict[str, list[tuple[object, ...]]]:
    """All that the served copy holds, in one order and without times of capture."""
    found = {
        name: lab.rows(f"FROM {name} ORDER BY ALL")
        for (name,) in lab.rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'")
        if name in DATASETS
    }
    found["ledger"] = lab.rows(
        "SELECT dataset, business_date, state, rows, captures FROM ledger ORDER BY ALL"
    )
    return found


if __name__ == "__main__":
    forever()
