"""Ctrl-C and SIGTERM are heard in every step, and end a command with one line and nothing half done.

Each command is at a step that would last for a minute and longer; a test fails if it has not ended by
then.
"""

import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pipelines.cli import BROKEN_OFF
from resources.fs import locks
from tests.support.archives import DAYS, environment, lab, leftovers
from tests.support.suites import slow

ROOT = Path(__file__).resolve().parents[2]
CODE = "from pipelines.cli import main; main()"
LONGEST_S = 30  # of a wait that would take a minute otherwise


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """An archive of one day of one dataset, published."""
    with lab(tmp_path_factory.mktemp("broken") / "home") as whole:
        few = whole.only("domain", "isp", "source_traffic")
        few.backfill(DAYS[:1])
        yield few


@contextmanager
def running(environ, *words):
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, *words],
        env={**environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(process, is_there):
    """Waits, and leaves the processor to the command."""
    while not is_there():
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
        assert process.poll() is None, process.communicate()


def ends(process, number):
    """Signals the process; it must end as documented."""
    process.send_signal(number)
    _, said = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 128 + number, said
    assert said.endswith(f"\n{BROKEN_OFF}\n")
    assert said.count(BROKEN_OFF) == 1
    assert "Traceback" not in said


def nothing_is_left(root):
    assert leftovers(root) == []
    assert [*root.glob("state/scratch-*")] == []
    assert [*root.glob("locks/*")] == []


class Stalled:
    """A server that takes requests and does not answer, or drips an answer."""

    def __init__(self, drips):
        self.drips, self.has_request = drips, threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._open = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._open.append(connection)
            connection.recv(65536)
            if self.drips:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
            self.has_request.set()

    def close(self):
        for one in (self._socket, *self._open):
            one.close()


@pytest.fixture
def stalled(request):
    """A server that answers nothing, or drips."""
    server = Stalled(request.param)
    yield server
    server.close()


@pytest.mark.parametrize(
    ("stalled", "number"),
    [
        (False, signal.SIGINT),
        (True, signal.SIGTERM),
        slow(False, signal.SIGTERM),
        slow(True, signal.SIGINT),
    ],
    indirect=["stalled"],
)
def test_a_backfill_that_waits_for_an_answer(number, stalled, found, tmp_path):
    home = tmp_path / "home"
    environ = {**environment(found.simulator, home), "LIVESTATS_API_URL": stalled.url}
    with running(environ, "backfill", "--dataset", "domain") as process:
        assert stalled.has_request.wait(LONGEST_S)
        ends(process, number)
    nothing_is_left(home)


def test_a_backfill_that_waits_for_the_call_budget(found, tmp_path):
    home = tmp_path / "home"
    environ = environment(found.simulator, home) | {"LIVESTATS_CALLS_PER_SECOND": "0.03"}
    with running(environ, "backfill", "--dataset", "isp", "--dataset", "domain") as process:
        until(
            process, lambda: [*home.glob("raw/*/*/*Z-*")]
        )  # the first call was made, the next waits
        ends(process, signal.SIGINT)
    nothing_is_left(home)


@pytest.mark.parametrize(
    ("words", "lock"),
    [
        (["publish"], "warehouse"),
        slow(["replay", "--dataset", "source_traffic"], f"source_traffic.{DAYS[0]}"),
        slow(["verify"], f"source_traffic.{DAYS[0]}"),
    ],
)
def test_a_command_that_waits_for_a_lock_says_so_and_ends(words, lock, found):
    environ = environment(found.simulator, found.root)
    path = found.archive.home.lock_file(lock)
    with locks.lock(path), running(environ, *words) as process:
        while "Waiting for" not in (line := process.stderr.readline()):
            assert line, "it ended"
        assert str(path) in line
        ends(process, signal.SIGINT)
    nothing_is_left(found.root)


@pytest.mark.parametrize("number", [signal.SIGINT, slow(signal.SIGTERM)])
def test_a_long_query(number, found):
    environ = environment(found.simulator, found.root)
    sql = "SELECT count(*) FROM range(1000000000) a(i), range(1000000) b(j) WHERE hash(i * j) = 3"
    with running(environ, "query", sql) as process:
        until(process, lambda: [*found.root.glob("state/scratch-*")])
        ends(process, number)
    nothing_is_left(found.root)
