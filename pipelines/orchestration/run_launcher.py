"""The run launcher that `dagster.yaml` names: Dagster's default one plus a health check.

`DefaultRunLauncher` (Dagster 1.13.27) has no health check, so the daemon's run monitoring keeps a
run whose process died as running until `max_runtime_seconds`; two such runs fill the queue for a
day. How a process is recognised is in processes.py.
"""

from __future__ import annotations

import json
import re
import socket
import struct
from typing import Any

import dagster as dg

from pipelines.orchestration.dagster_internals import (
    GRPC_INFO_TAG,
    CheckRunHealthResult,
    LaunchRunContext,
    WorkerStatus,
)
from pipelines.orchestration.processes import HOST, PROCESS, began_by, is_alive, named

_STARTED = re.compile(r"Started process for run \(pid: ([0-9]+)\)")
"""What Dagster notes first in the process of a run."""


_PEER = struct.Struct("3i")
"""Process, user and group at the other end of a socket."""


class RunLauncher(dg.DefaultRunLauncher):
    """Starts runs as Dagster does, and reports to run monitoring whether their process lives."""

    def launch_run(self, context: LaunchRunContext) -> None:
        self._instance.add_run_tags(context.dagster_run.run_id, {HOST: socket.gethostname()})
        super().launch_run(context)

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        if process := run.tags.get(PROCESS):
            return _healthy(is_alive(process), process)
        if run.tags.get(HOST) != socket.gethostname() or not _is_local(run):
            return _healthy(True, "")  # on another machine or container: not for us to say
        started = _started(self._instance, run)
        if started is None:
            return _healthy(True, "")  # it has not said which process it is
        number, moment = started
        is_there = began_by(number, moment)
        if is_there:
            # From now on it is known exactly, also when the machine comes up with another clock.
            self._instance.add_run_tags(run.run_id, {PROCESS: named(number)})
        return _healthy(is_there, named(number))


def end_orphans(history: dg.DagsterInstance, server: int | str) -> int:
    """Mark runs that a code server did before it was ended as failed; their number.

    `server` is its port or the path of its socket.

    A code server that starts calls it, for only it can tell: its runs were its children, in a
    container of its own mostly, whose processes nobody else sees.
    """
    dead = [
        run
        for run in history.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
        if server in (_server(run).get("port"), _server(run).get("socket"))
        and (started := _started(history, run)) is not None
        and not began_by(*started)
    ]
    for run in dead:
        history.report_run_failed(run, "The code server that ran this was ended.")
    return len(dead)


def _started(history: dg.DagsterInstance, run: dg.DagsterRun) -> tuple[int, float] | None:
    """The number of the run's process and when it noted that, in seconds since 1970."""
    notes = history.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
    for note in reversed(notes):
        if found := _STARTED.match(note.message):
            return int(found[1]), note.timestamp
    return None


def _server(run: dg.DagsterRun) -> dict[str, Any]:
    """Where the code of a run was served: on a socket, or at a host and port."""
    return dict(json.loads(run.tags.get(GRPC_INFO_TAG, "{}")))


def _is_local(run: dg.DagsterRun) -> bool:
    """True if the code is served on a socket by a process that is seen here.

    What is served at an address, or on a socket in a shared volume, may run in another container,
    whose numbers of processes mean nothing here: the kernel says 0 for a process of there.
    """
    path = _server(run).get("socket")
    if not path:
        return False
    try:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(5.0)
            asking.connect(path)
            peer = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    except OSError:
        return True  # nobody serves there any more: a server that comes back ends its runs itself
    number, *_ = _PEER.unpack(peer)
    return bool(number)


def _healthy(is_there: bool, process: str) -> CheckRunHealthResult:
    if is_there:
        return CheckRunHealthResult(WorkerStatus.RUNNING)
    return CheckRunHealthResult(
        WorkerStatus.NOT_FOUND, f"the run's process ({process.strip()}) is gone: it was killed"
    )
