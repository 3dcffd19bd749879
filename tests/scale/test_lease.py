"""One host at a time works on an account: a lease in a real PostgreSQL."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from resources.config import Settings
from resources.home import lease
from resources.home.layout import Home
from tests.support.archives import SMALL, lab
from tests.support.postgresql_server import PASSWORD

pytestmark = pytest.mark.scale

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
HOLDING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from resources.config import Settings
from resources.home import lease
from resources.home.layout import Home

settings = Settings(home=Path(sys.argv[1]), scale_lease=sys.argv[2], scale_account="acme")
home = Home(settings.home)
home.prepare(settings, datetime(2026, 11, 22, 4, tzinfo=UTC))
lease.ANSWER_S = float(sys.argv[3])
with lease.held(home, settings, sleep=lambda _: None):
    print("held", flush=True)
    for line in sys.stdin:
        with Path(sys.argv[1], "committed").open("a") as file:
            file.write(line)
        print("committed", flush=True)
"""


@contextmanager
def another_process(home, url, answer_s=lease.ANSWER_S):
    """A process that holds the lease, once it has said so; it writes a line for each that it is given."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(home), url, str(answer_s)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=ROOT, env={"PATH": os.environ["PATH"], "PGPASSWORD": PASSWORD},
    )  # fmt: skip
    try:
        assert process.stdout.readline() == "held\n", process.stderr.read()
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def held(home, url, waits=None, account="acme"):
    settings = Settings(home=home, scale_lease=url, scale_account=account)
    opened = Home(home)
    opened.prepare(settings, NOW)
    with lease.held(opened, settings, sleep=(waits if waits is not None else []).append) as number:
        yield number


def refusal(home, url):
    with pytest.raises(lease.LeaseRefused) as caught, held(home, url):
        pass
    return str(caught.value)


def test_another_host_is_refused_with_who_holds_it_since_when(database, tmp_path):
    with another_process(tmp_path / "a", database.url) as other:
        said = refusal(tmp_path / "b", database.url)
        ((since,),) = database.rows(
            "SELECT to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') FROM livestats_lease"
        )
        assert f"(process {other.pid}, " in said
        assert f"since {since} UTC works on the account acme" in said
        with held(tmp_path / "c", database.url, account="another"):
            pass


def test_processes_on_one_home_hold_it_together(database, tmp_path):
    home = tmp_path / "a"
    waits = []
    with (
        another_process(home, database.url),
        held(home, database.url, waits),
        held(home, database.url),
    ):
        assert waits == []
    with held(home, database.url):
        with another_process(home, database.url):
            pass
        assert "works on the account" in refusal(tmp_path / "b", database.url)


def test_a_host_that_ends_leaves_it_to_the_next_after_the_window_of_the_api(database, tmp_path):
    """The API counts the calls of the last second, whichever host made them."""
    waits, numbers = [], []
    for host in ("a", "b", "b"):
        with held(tmp_path / host, database.url, waits) as number:
            numbers.append(number)
    assert waits == [lease.WINDOW_S]
    assert lease.WINDOW_S > 1
    assert numbers == sorted({*numbers})


def test_two_homes_of_one_archive_are_two_places(database, tmp_path):
    """As those of one account in a store: one id, and in two containers even one path."""
    (tmp_path / "b").mkdir()
    with held(tmp_path / "a", database.url):
        shutil.copy(tmp_path / "a" / "archive.json", tmp_path / "b")
        assert "works on the account" in refusal(tmp_path / "b", database.url)


def test_after_a_kill_the_next_host_waits_until_the_one_before_must_have_ended(database, tmp_path):
    waits = []
    with another_process(tmp_path / "a", database.url) as other:
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
        free(database)
        with held(tmp_path / "b", database.url, waits):
            assert waits == [lease.TAKEOVER_S]
    assert lease.ANSWER_S + 2 * lease.CHECK_S < lease.TAKEOVER_S


def free(database):
    """Wait until the server has ended the connection of a process that was killed."""
    while database.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted"):
        pass


def test_a_process_that_has_lost_it_commits_nothing_more(database, tmp_path):
    with another_process(tmp_path / "a", database.url) as other:
        other.stdin.write("one\n")
        other.stdin.flush()
        assert other.stdout.readline() == "committed\n"
        assert database.rows(ENDED) == [(True,)]
        assert other.wait() == 2
        assert "The lease of acme" in (said := other.stderr.read())
        assert "ends at once" in said
        assert PASSWORD not in said
        assert (tmp_path / "a" / "committed").read_text() == "one\n"
        waits = []
        with held(tmp_path / "b", database.url, waits):
            assert waits == [lease.TAKEOVER_S]


ENDED = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'livestats lease'"


class SilentProxy:
    """Passes on what comes, until `is_silent`: then the connections stay, and nothing comes through."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.is_silent, self.to = self.listener.getsockname()[1], False, port
        self.sockets = []
        Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with suppress(OSError):
            while True:
                ours, theirs = (
                    self.listener.accept()[0],
                    socket.create_connection(("127.0.0.1", self.to)),
                )
                self.sockets += [ours, theirs]
                for pair in ((ours, theirs), (theirs, ours)):
                    Thread(target=self.pump, args=pair, daemon=True).start()

    def pump(self, source, target):
        with suppress(OSError):
            while data := source.recv(65536):
                if not self.is_silent:
                    target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def close(self):
        for one in (self.listener, *self.sockets):
            one.close()


def test_a_connection_that_has_become_silent_is_lost(database, tmp_path):
    with closing(SilentProxy(database.port)) as proxy:
        url = database.url.replace(f":{database.port}/", f":{proxy.port}/")
        with another_process(tmp_path / "a", url, answer_s=1.0) as other:
            proxy.is_silent = True
            assert other.wait() == 2
            assert "is lost: no answer for" in other.stderr.read()


def test_without_the_server_nothing_is_begun(tmp_path, monkeypatch):
    pytest.importorskip("psycopg2")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    said = refusal(tmp_path / "a", "postgresql://me@127.0.0.1:9/x")
    assert "cannot be had from postgresql://127.0.0.1:9/x" in said
    assert PASSWORD not in said


def test_a_backfill_holds_it_until_its_end_and_ends_when_it_is_lost(database, tmp_path):
    """The backfill of a user, ended by the loss at its first answer; the next one has all."""
    environ = {"LIVESTATS_SCALE_LEASE": database.url, "LIVESTATS_SCALE_ACCOUNT": "acme"}
    days = ["--from", "2026-11-20", "--to", "2026-11-20"]
    with lab(tmp_path / "home", SMALL) as found:

        def backfill(*words):
            return subprocess.run(
                [sys.executable, "-c", words[0] if words else USUAL, "backfill", *days],
                env={**found.archive.environ, **environ, "PATH": os.environ["PATH"],
                     "PGPASSWORD": PASSWORD, "ENDED": ENDED, "URL": database.url},
                cwd=ROOT, capture_output=True, text=True, check=False,
            )  # fmt: skip

        with another_process(tmp_path / "elsewhere", database.url):
            done = backfill()
            assert done.returncode == 2
            assert "works on the account acme" in done.stderr
            assert found.requests == 0
        done = backfill(LOSING)
        assert done.returncode == 2, done.stderr
        assert "is lost" in done.stderr
        asked = found.requests
        done = backfill()
        assert done.returncode == 0, done.stderr
        assert re.search(r"Complete", done.stdout)
        assert found.requests > asked
        ((ended,),) = database.rows("SELECT ended FROM livestats_lease")
        assert ended


USUAL = "from pipelines.cli import main; main(prog_name='livestats')"
LOSING = """
import os, threading, psycopg2
from pipelines.cli import main
from resources.raw import capture_writer

commit = capture_writer.CaptureWriter.commit

def lost(*words, **more):
    "The server ends the connection, and this commit is never made: the process has ended."
    ended = psycopg2.connect(os.environ["URL"])
    with ended, ended.cursor() as cursor:
        cursor.execute(os.environ["ENDED"])
    threading.Event().wait()

capture_writer.CaptureWriter.commit = lost
main(prog_name="livestats")
"""
