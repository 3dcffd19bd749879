"""BI tools poll: through a hundred loads and publishes, whoever opens the served copy gets whole days.

The readers are programs of their own, as BI tools are: one opens, asks and closes all the
time, one keeps the copy that it opened first.
"""

import json
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta

import pytest

from resources.api.catalog import DATASETS
from resources.fs import atomic
from resources.home.layout import Home
from resources.serving import publish as serving_publish
from resources.warehouse import connection as warehouse_connection
from resources.warehouse import load
from tests.support.lake_files import store

pytestmark = pytest.mark.slow

ZONE = "Asia/Shanghai"
COUNT = DATASETS["stream_count"]
FIRST = date(2026, 1, 1)
NOON = datetime(2026, 1, 1, 4, tzinfo=UTC)
PUBLISHES = 100
ROWS = 7  # of every day, however often it is restated
BY_DAY = "SELECT business_date, count(*), min(domain), max(domain) FROM stream_count GROUP BY 1"

_ANSWER = f"""
import duckdb, json, sys, threading
def answer(connection):
    rows = connection.execute("{BY_DAY} ORDER BY 1").fetchall()
    print(json.dumps([[day.isoformat(), *rest] for day, *rest in rows]), flush=True)
"""
# Asks with hardly a pause, and once more after stdin has ended.
POLL = f"""{_ANSWER}
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
while True:
    last = ended.is_set()
    with duckdb.connect(sys.argv[1], read_only=True) as connection:
        answer(connection)
    if last:
        break
    ended.wait(0.02)
"""
# Asks for each line of stdin.
KEEP = f"""{_ANSWER}
connection = duckdb.connect(sys.argv[1], read_only=True)
for _ in sys.stdin:
    answer(connection)
"""


class Reader:
    """A program that asks the served copy again and again, and what it was told."""

    def __init__(self, home, code):
        self.answers, self.more = [], threading.Condition()
        self.program = subprocess.Popen(
            [sys.executable, "-c", code, str(home.served)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.listener = threading.Thread(target=self._listen)
        self.listener.start()

    def _listen(self):
        for line in self.program.stdout:
            with self.more:
                self.answers.append(json.loads(line))
                self.more.notify_all()
        with self.more:
            self.more.notify_all()

    def wait(self, until):
        """Until it has given that many answers in all, or its output has ended."""
        with self.more:
            self.more.wait_for(lambda: len(self.answers) >= until or not self.listener.is_alive())

    def ask(self):
        """Have it ask, and wait for the answer."""
        before = len(self.answers)
        self.program.stdin.write("?\n")
        self.program.stdin.flush()
        self.wait(before + 1)

    def end(self):
        """What it says on stderr, and its exit code."""
        self.program.stdin.close()
        self.listener.join()
        with self.program:
            return self.program.stderr.read(), self.program.wait()


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def publish(home, version):
    """Load and publish: even versions bring a new day, odd ones restate the newest."""
    rows = [
        {
            "domain": f"{version}",
            "slot_start_at": NOON + timedelta(days=version // 2, minutes=5 * i),
        }
        for i in range(ROWS)
    ]
    store(home.lake, COUNT, FIRST + timedelta(days=version // 2), rows, version)
    with warehouse_connection.writing(home, ZONE) as connection:
        load.sync_table(connection, home, COUNT)
        return serving_publish.publish(connection, home)


def held(version):
    """All days as the copy of that version must show them: `ROWS` rows each, of one version."""
    shown = [min(2 * i + 1, version) for i in range(version // 2 + 1)]
    return [
        [(FIRST + timedelta(days=i)).isoformat(), ROWS, f"{v}", f"{v}"] for i, v in enumerate(shown)
    ]


def test_whoever_polls_gets_whole_days_through_a_hundred_publishes(home):
    """No error, no day missing or doubled, never older than before; old copies are cleaned up."""
    publish(home, 0)
    polling, keeping = Reader(home, POLL), Reader(home, KEEP)
    for version in range(1, PUBLISHES):
        keeping.ask()
        polling.wait(len(polling.answers) + 1)  # else a slow machine would let it miss them all
        published = publish(home, version)
    assert polling.end() == keeping.end() == ("", 0)

    versions = [int(answer[-1][2]) for answer in polling.answers]
    assert [a for a, v in zip(polling.answers, versions, strict=True) if a != held(v)] == []
    assert versions == sorted(versions)
    assert versions[-1] == PUBLISHES - 1
    assert len(set(versions)) > PUBLISHES / 2  # it kept pace: it saw them come and go
    assert keeping.answers == [held(0)] * (PUBLISHES - 1)

    copies = {path.name for path in home.served.parent.glob("*.duckdb")}
    assert published.path.name in copies
    assert len(copies) == 3  # the link, what it leads to, and the copy before
    assert not [name for name in copies if name.startswith(atomic.TEMP_PREFIX)]
