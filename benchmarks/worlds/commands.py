"""Runs livestats commands in processes of their own that start at once, and can be killed.

`python -m benchmarks.worlds.commands` is their parent: it has imported what they need, and forks one
for each line that comes in on stdin. Retries are not waited for, nor is the disk: a process is
killed here, not the machine.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
HUNG_S = 300.0
CAPABILITIES_OF_ROOT = 0b110  # to write and to read what the mode of a file forbids


@dataclass(frozen=True)
class Ended:
    """What became of a command."""

    code: int  # of the exit; negative: the signal that killed it
    output: str
    cpu_s: float

    @property
    def is_hung(self) -> bool:
        return self.code == -signal.SIGKILL and "HUNG" in self.output


class Commands:
    """Starts commands; use with `with`."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._parent = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "benchmarks.worlds.commands"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
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

    def run(
        self,
        words: tuple[str, ...],
        environ: Mapping[str, str],
        folder: Path,
        killed_after_cpu_s: float = 0.0,
        meanwhile: Callable[[], None] = lambda: None,
        plant: str = "",
    ) -> Ended:
        """One command in `folder`; `meanwhile` is called now and then while it runs.

        `plant` names a bug of planted.py that the command has.
        """
        asked: dict[str, object] = {"words": words, "environ": dict(environ), "plant": plant}
        asked["folder"] = str(folder)
        asked["log"] = str(self._log)
        self._parent.stdin.write(json.dumps(asked).encode() + b"\n")
        pid = json.loads(self._parent.stdout.readline())["pid"]
        began, hung = time.monotonic(), False
        while not select.select([self._parent.stdout], [], [], 0.05)[0]:
            meanwhile()
            hung = time.monotonic() - began > HUNG_S
            with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
                if hung or (killed_after_cpu_s and _cpu_s(pid) > killed_after_cpu_s):
                    os.kill(pid, signal.SIGKILL)
                    break
        ended = json.loads(self._parent.stdout.readline())
        output = self._log.read_text("utf-8", errors="replace")
        return Ended(ended["status"], output + "HUNG" * hung, ended["cpu_s"])


def _cpu_s(pid: int) -> float:
    """CPU time of a process so far: it tells how far it is, however busy the machine."""
    words = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def forever() -> None:
    """Serve the requests on stdin."""
    import pyarrow.parquet  # noqa: F401 - the children need these
    import requests  # noqa: F401

    import resources.archive
    import resources.marts.build
    import resources.serving.publish
    import resources.system_tables.reconciliation.run
    import resources.warehouse.load  # noqa: F401
    from resources.capture.session import capturer

    quick = partial(capturer, sleep=lambda _: None)
    with (
        mock.patch("resources.capture.session.capturer", quick),
        mock.patch("os.fsync", return_value=None),
    ):
        for line in sys.stdin:
            asked = json.loads(line)
            child = os.fork()
            if child == 0:
                _child(asked)
            sys.stdout.write(json.dumps({"pid": child}) + "\n")
            sys.stdout.flush()
            _, status, usage = os.wait4(child, 0)
            told = {
                "status": os.waitstatus_to_exitcode(status),
                "cpu_s": usage.ru_utime + usage.ru_stime,
            }
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()


def _child(asked: Mapping[str, object]) -> None:
    from benchmarks.worlds.planted import planted
    from pipelines.cli import main

    status = 70
    try:
        log = os.open(str(asked["log"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.chdir(str(asked["folder"]))
        os.environ.clear()
        os.environ.update(asked["environ"])  # type: ignore[call-overload]
        obey_modes()
        try:
            with planted(str(asked["plant"])):
                main([*asked["words"]], prog_name="livestats")  # type: ignore[misc]
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - a fork must not go on as its parent
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def obey_modes() -> None:
    """Let root be refused by the mode of a file, as everybody else is."""
    if os.geteuid() != 0:
        return
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capget(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    data[0] &= ~CAPABILITIES_OF_ROOT
    if libc.capset(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capset")


if __name__ == "__main__":
    forever()
