"""How far a backfill is: what is said of it is true, on a terminal and in lines for programs."""

import os
import pty
import re
import select
import subprocess
import sys
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.cli import progress
from pipelines.cli.progress import CaptureProgress, ProgressLines
from resources.api.catalog import dataset
from resources.capture.result import Outcome, Result
from tests.support.archives import SMALL, lab
from tests.support.recovery_page import keeping, run

pytestmark = pytest.mark.slow

DAY = date(2026, 11, 1)
DAYS = [DAY + timedelta(days=i) for i in range(31)]
FIGURE = r"-?[0-9.]+|-"


class Clock:
    """Seconds that pass when they are told to."""

    now = 0.0

    def __call__(self):
        return self.now


def capture(count, clock, name, day, questions, each_s=1.0):
    """A day of a dataset, one answer after the other."""
    for number in range(1, questions + 1):
        clock.now += each_s
        count.answer(name, day, number, questions)
    count.end(name, day)


@pytest.fixture
def clock():
    return Clock()


def test_nothing_is_known_before_the_first_answer(clock):
    count = CaptureProgress({"edge_stat": 3}, clock)
    assert (count.done, count.left, count.left_s, count.per_s) == (0.0, None, None, 0.0)


def test_what_a_day_takes_is_known_from_the_first(clock):
    count = CaptureProgress({"edge_stat": 3}, clock)
    capture(count, clock, "edge_stat", DAYS[0], 4, each_s=2)
    assert (count.ended, count.answers, count.left) == (1, 4, 8)
    assert count.done == pytest.approx(1 / 3)
    assert count.left_s == pytest.approx(16.0)


def test_no_time_is_told_from_the_first_seconds(clock):
    """Nor from the start of the run to its first answer."""
    count = CaptureProgress({"edge_stat": 3}, clock)
    clock.now = 60.0
    capture(count, clock, "edge_stat", DAYS[0], 4, each_s=1)
    assert (count.per_s, count.left_s) == (1.0, None)


def test_datasets_are_weighed_by_what_they_take(clock):
    """Nine of ten dataset-days are done, and nearly all of the work is to come."""
    count = CaptureProgress({"isp": 9, "push_stream_metrics": 2}, clock)
    for day in DAYS[:9]:
        capture(count, clock, "isp", day, 1)
    capture(count, clock, "push_stream_metrics", DAYS[0], 100)
    assert (count.ended, count.total) == (10, 11)
    assert count.left == 100
    assert count.done == pytest.approx(109 / 209)


def test_a_dataset_that_was_not_begun_is_taken_for_the_average(clock):
    count = CaptureProgress({"edge_stat": 1, "isp": 1, "top_play": 2}, clock)
    capture(count, clock, "edge_stat", DAY, 4)
    capture(count, clock, "isp", DAY, 2)
    assert count.left == 6


def test_days_that_fail_or_are_there_already_are_done_with(clock):
    count = CaptureProgress({"edge_stat": 3}, clock)
    capture(count, clock, "edge_stat", DAYS[0], 4)
    count.answer("edge_stat", DAYS[1], 1, 4)
    count.end("edge_stat", DAYS[1])
    count.end("edge_stat", DAYS[2])
    assert (count.ended, count.left, count.done) == (3, 0, 1.0)


def test_the_rate_is_that_of_the_last_minute(clock):
    """After a throttled hour the time that is left is told from how it goes now."""
    count = CaptureProgress({"edge_stat": 100}, clock)
    capture(count, clock, "edge_stat", DAYS[0], 60, each_s=60)
    capture(count, clock, "edge_stat", DAYS[1], 700, each_s=0.1)
    assert count.per_s == pytest.approx(10, rel=0.05)


@given(
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.lists(st.integers(1, 5), max_size=4)),
    st.randoms(),
)
def test_whatever_the_order_it_ends_with_all_and_never_says_more(plan, random):
    clock = Clock()
    count = CaptureProgress({name: len(days) for name, days in plan.items()}, clock)
    steps = [
        (name, day) for name, days in plan.items() for day, n in enumerate(days) for _ in range(n)
    ]
    random.shuffle(steps)
    answered = {}
    for name, day in steps:
        clock.now += 1
        answered[name, day] = answered.get((name, day), 0) + 1
        questions = plan[name][day]
        count.answer(name, DAYS[day], answered[name, day], questions)
        if answered[name, day] == questions:
            count.end(name, DAYS[day])
        assert 0 <= count.done <= 1
        assert count.left >= 0
    assert count.ended == count.total
    assert count.done == (1.0 if steps else 0.0)


def test_lines_come_every_ten_seconds_and_after_a_minute_every_minute(clock, capsys):
    lines = ProgressLines(CaptureProgress({"edge_stat": 31}, clock), clock)
    for second in range(1, 301):
        clock.now = float(second)
        lines.answer(dataset("edge_stat"), DAYS[0], second, 1000)
    assert len(capsys.readouterr().err.splitlines()) == 6 + 4


def test_a_line_is_words_of_name_and_value(clock, capsys):
    lines = ProgressLines(CaptureProgress({"edge_stat": 4}, clock), clock)
    for number, day in enumerate(DAYS[:2]):
        clock.now += 5
        if number:
            done = Result(dataset="edge_stat", day=DAYS[0], outcome=Outcome.CAPTURED)
            lines.heard(done)
        lines.answer(dataset("edge_stat"), day, 1, 1)
    (said,) = capsys.readouterr().err.splitlines()
    head, *words = said.split()
    assert head == "progress"
    assert dict(word.split("=") for word in words) == {
        "dataset_days": "1", "of": "4", "percent": "50", "answers": "2", "answers_per_s": "0.2",
        "left_s": "10", "dataset": "edge_stat", "day": "2026-11-02",
    }  # fmt: skip


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    with lab(tmp_path_factory.mktemp("progress") / "home", SMALL) as found:
        yield keeping(found, "domain", "isp", "edge_stat", "stream_count")


def test_a_backfill_without_a_terminal_is_quiet_and_its_lines_can_be_read(account, monkeypatch):
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    monkeypatch.setattr(progress, "LINES_AT_FIRST", 10**6)
    result = run(account, "livestats backfill --json")
    assert result.exit_code == 0, result.output
    said = [line for line in result.stderr.splitlines() if line.startswith("progress ")]
    assert said
    for line in said:
        words = dict(word.split("=") for word in line.split()[1:])
        names = ("dataset_days", "of", "percent", "answers", "answers_per_s", "left_s")
        assert all(re.fullmatch(FIGURE, words[name]) for name in names)
    assert 0 <= int(words["dataset_days"]) < int(words["of"]) == 8
    assert "\x1b" not in result.stderr
    assert len(result.stderr.splitlines()) - len(said) < 6


def on_a_terminal(account, *words):
    """What a command writes to a terminal of 100 columns."""
    code = "import sys; from pipelines.cli import main; main(sys.argv[1:])"
    ours, theirs = pty.openpty()
    environ = {**account.archive.environ, "COLUMNS": "100", "LINES": "40", "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-c", code, *words],
        env=environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        said = b""
        while process.poll() is None or select.select([ours], [], [], 0)[0]:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    said += os.read(ours, 65536)
                except OSError:  # the other end is closed
                    break
    os.close(ours)
    return process.returncode, said.decode()


def test_on_a_terminal_it_shows_rate_time_and_datasets_and_leaves_only_the_summary(account):
    code, said = on_a_terminal(account.beside("terminal"), "backfill")
    assert code == 0, said
    assert re.search(r"[0-9]+ %", said)
    assert re.search(r"answers, [0-9.]+/s", said)
    assert re.search(r"(edge_stat|stream_count) .* of 4 days", said)
    left = said.rpartition("\x1b[2K")[2]
    assert "Complete: all that was asked for is in the archive." in left
