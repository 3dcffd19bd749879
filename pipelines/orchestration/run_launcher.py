"""The run launcher that `dagster.yaml` names: Dagster's default one plus a health check.

`DefaultRunLauncher` (Dagster 1.13.27) has no health check, so the daemon's run monitoring keeps a
run whose process died as running until `max_runtime_seconds`; two such runs fill the queue for a
day. Dagster exports no public names for the types of a health check; they are imported here only.
How a process is recognised is in processes.py.
"""

from __future__ import annotations

import json
import re
import socket
from typing import Any

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

from pipelines.orchestration.processes import HOST, PROCESS, began_by, is_alive, named

_STARTED = re.compile(r"Started process for run \(pid: ([0-9]+)\)")
"""What Dagster notes first in the process of a run."""


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


def end_orphans(history: dg.DagsterInstance, port: int) -> int:
    """Mark runs that the code server at `port` did before it was ended as failed; their number.

    A code server that starts calls it, for only it can tell: its runs were its children, in a
    container of its own mostly, whose processes nobody else sees.
    """
    dead = [
        run
        for run in history.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
        if _server(run).get("port") == port
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
    """True if the code is served on a socket of this machine, and not at an address.

    What is served at an address may run in another container, whose numbers of processes mean
    nothing here.
    """
    return "socket" in _server(run)


def _healthy(is_there: bool, process: str) -> CheckRunHealthResult:
    if is_there:
        return CheckRunHealthResult(WorkerStatus.RUNNING)
    return CheckRunHealthResult(
        WorkerStatus.NOT_FOUND, f"the run's process ({process.strip()}) is gone: it was killed"
    )
