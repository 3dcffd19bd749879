"""Runs of the daemon that were killed end: its own monitoring asks the launcher of dagster.yaml."""

import json
import logging
import os
import socket
import time
from types import MappingProxyType, SimpleNamespace

import dagster as dg
import pytest
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration

from pipelines.orchestration import run_launcher
from pipelines.orchestration.dagster_internals import GRPC_INFO_TAG
from pipelines.orchestration.instance import instance
from pipelines.orchestration.processes import HOST, PROCESS, named
from pipelines.orchestration.run_launcher import end_orphans
from resources.archive import Archive
from tests.support.dagster_runs import begun, status_of

pytestmark = pytest.mark.slow

HERE = named(os.getpid())
HOST_NAME, NUMBER, _ = HERE.split(" ")


@pytest.fixture
def archive(tmp_path):
    return Archive.open({"LIVESTATS_HOME": str(tmp_path / "home")}, tmp_path)


def launched(archive, number, tags=MappingProxyType({})):
    """A run that the daemon started in the process `number`, which has said so."""
    run_id = begun(archive)
    local = {HOST: HOST_NAME, GRPC_INFO_TAG: '{"host": "localhost", "socket": "/tmp/s"}'}
    with instance(archive) as history:
        history.add_run_tags(run_id, {**local, **tags})
        history.report_engine_event(
            f"Started process for run (pid: {number}).", history.get_run_by_id(run_id)
        )
    return run_id


def monitored(archive, run_id):
    """The run after the daemon has looked at it."""
    with instance(archive) as history:
        surroundings = SimpleNamespace(instance=history, create_request_context=lambda: None)
        problems = execute_run_monitoring_iteration(surroundings, logging.getLogger("daemon"))
        assert [*filter(None, problems)] == []
        return history.get_run_by_id(run_id)


def test_the_daemon_ends_a_run_whose_process_is_gone(archive):
    run = monitored(archive, launched(archive, 999999999))
    assert run.status is dg.DagsterRunStatus.FAILURE
    with instance(archive) as history:
        (said,) = [e.message for e in history.all_logs(run.run_id) if "killed" in e.message]
    assert "999999999" in said


def test_the_daemon_lets_a_living_run_be_and_knows_its_process_from_then_on(archive):
    run = monitored(archive, launched(archive, os.getpid()))
    assert run.status is dg.DagsterRunStatus.STARTED
    assert run.tags[PROCESS] == HERE


def test_a_process_that_began_after_the_run_is_not_the_runs(archive, monkeypatch):
    run_id = launched(archive, os.getpid())
    hour_s = 3600.0
    real = time.time
    monkeypatch.setattr("pipelines.orchestration.processes.time.time", lambda: real() + hour_s)
    assert monitored(archive, run_id).status is dg.DagsterRunStatus.FAILURE


@pytest.mark.parametrize(
    ("tags", "is_ended"),
    [
        ({PROCESS: f"{HOST_NAME} {NUMBER} 1"}, True),  # another one got its number since
        ({PROCESS: HERE}, False),
        ({HOST: "another-host"}, False),
        ({GRPC_INFO_TAG: '{"host": "code", "port": 4000}'}, False),
    ],
    ids=["it is gone", "it lives", "on another machine", "in another container"],
)
def test_the_daemon_ends_only_what_is_known_to_be_gone(tags, is_ended, archive):
    status = monitored(archive, launched(archive, 999999999, tags)).status
    assert (status is dg.DagsterRunStatus.FAILURE) is is_ended


@pytest.mark.parametrize(
    ("port", "number", "is_ended"),
    [(4000, 999999999, True), (4000, os.getpid(), False), (4001, 999999999, False)],
    ids=["it is gone", "it lives", "of another server"],
)
def test_a_code_server_that_starts_ends_what_it_ran_before(archive, port, number, is_ended):
    """In its own container: from outside, nobody can tell."""
    run_id = launched(archive, number, {GRPC_INFO_TAG: '{"host": "code", "port": 4000}'})
    with instance(archive) as history:
        assert end_orphans(history, port) == is_ended
    assert (status_of(archive, run_id) is dg.DagsterRunStatus.FAILURE) is is_ended


@pytest.mark.parametrize("seen", [True, False], ids=["on this machine", "in another container"])
def test_a_socket_is_of_this_machine_if_its_process_is_seen(seen, archive, tmp_path, monkeypatch):
    """A socket can be in a volume that containers share: the kernel says 0 for a process of there."""
    if not seen:
        peer = SimpleNamespace(size=12, unpack=lambda _: (0, 0, 0))
        monkeypatch.setattr(run_launcher, "_PEER", peer)
    path = str(tmp_path / "code.sock")
    with socket.socket(socket.AF_UNIX) as serving:
        serving.bind(path)
        serving.listen()
        run_id = launched(archive, 999999999, {GRPC_INFO_TAG: json.dumps({"socket": path})})
        status = monitored(archive, run_id).status
    assert (status is dg.DagsterRunStatus.FAILURE) is seen
    with instance(archive) as history:
        assert end_orphans(history, path) == (not seen)


def test_a_code_server_that_starts_lets_runs_be_that_it_knows_nothing_of(archive):
    begun(archive)
    launched(archive, 999999999)  # of a daemon that serves its code on a socket
    with instance(archive) as history:
        assert end_orphans(history, 4000) == 0


def test_a_run_that_has_not_said_which_process_it_is_is_let_be(archive):
    assert monitored(archive, begun(archive)).status is dg.DagsterRunStatus.STARTED
