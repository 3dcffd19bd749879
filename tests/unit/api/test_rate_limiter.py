"""However many ask, no second holds more calls than the limit, and little of the limit is unused."""

import errno
import fcntl
import heapq
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api import rate_limiter
from resources.api.errors import FixSetup
from resources.api.rate_limiter import CATCH_UP_S, SHARE_OF_LIMIT, RateLimiter

ROOT = Path(__file__).resolve().parents[3]
START = 5_000.0
INTERVAL_S = 1 / (10 * SHARE_OF_LIMIT)
"""Between two calls of an action that takes 10 of them per second."""


class Clock:
    """A time that passes only when somebody sleeps, or when a test says so."""

    def __init__(self):
        self.now = START
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def limiter(tmp_path, clock):
    """Makes limiters that share one directory and one clock, as processes do."""

    def make(per_action=30, account_per_s=None, account="acc"):
        rate = per_action if callable(per_action) else lambda _: per_action
        return RateLimiter(tmp_path, account, rate, account_per_s, clock, clock.sleep)

    return make


def times_of(limiter, clock, action, count):
    found = []
    for _ in range(count):
        limiter.acquire(action)
        found.append(clock.now)
    return found


def most_in_a_second(times):
    """The largest number of times in any window of one second, one end of it open."""
    ordered = sorted(times)
    return max(
        sum(first <= other < first + 1 for other in ordered[n:]) for n, first in enumerate(ordered)
    )


def simulate(clock, callers, seconds):
    """Callers that call again at once, in made-up time; the times of each one's calls.

    A caller is a limiter, an action, and how late it wakes each time (s).
    """
    times = [[] for _ in callers]
    waiting = [(clock.now, number) for number in range(len(callers))]
    while waiting[0][0] < START + seconds:
        clock.now, number = heapq.heappop(waiting)
        limiter, action, late_s = callers[number]
        wait_s = limiter._try(action)
        if wait_s <= 0:
            times[number].append(clock.now)
        heapq.heappush(waiting, (clock.now + (wait_s + late_s if wait_s > 0 else 0), number))
    return times


@pytest.mark.parametrize("per_s", [1, 2, 10, 30, 100])
def test_a_caller_that_never_stops_gets_93_percent_of_the_limit(limiter, clock, per_s):
    times = times_of(limiter(per_s), clock, "A", 20 * per_s)
    assert most_in_a_second(times) <= per_s
    assert (len(times) - 1) / (times[-1] - times[0]) == pytest.approx(
        SHARE_OF_LIMIT * per_s, rel=0.01
    )


def test_the_first_call_need_not_wait(limiter, clock):
    limiter().acquire("A")
    assert clock.slept == []


def test_the_next_call_waits_for_its_time(limiter, clock):
    shared = limiter(10)
    shared.acquire("A")
    shared.acquire("A")
    assert clock.slept == [pytest.approx(INTERVAL_S, abs=CATCH_UP_S)]


def test_idle_time_is_not_saved_up_for_a_burst(limiter, clock):
    shared = limiter(10)
    shared.acquire("A")
    clock.now += 3600
    assert most_in_a_second(times_of(shared, clock, "A", 50)) <= 10


def test_no_limit_is_no_wait(limiter, clock):
    times_of(limiter(None), clock, "A", 100)
    assert clock.slept == []


def test_every_action_has_its_own_limit(limiter, clock):
    shared = limiter({"Fast": 100, "Slow": 1}.__getitem__)
    shared.acquire("Slow")
    shared.acquire("Fast")
    assert clock.slept == []


def test_every_account_has_its_own_limit(limiter, clock):
    limiter(1, account="one").acquire("A")
    limiter(1, account="two").acquire("A")
    assert clock.slept == []


def test_a_standstill_of_the_machine_is_followed_by_no_burst(limiter, clock):
    """45 callers wait; for five seconds nobody wakes, and then all of them do."""
    shared = limiter(30)
    shared.acquire("A")
    clock.now += 5
    times = simulate(clock, [(shared, "A", 0.0)] * 45, 20)
    assert most_in_a_second(chain(*times)) <= 30


in_three_processes = given(
    limits=st.fixed_dictionaries({name: st.integers(1, 40) for name in "ABC"}),
    ceiling=st.none() | st.integers(1, 60),
    callers=st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from("ABC"), st.floats(0, 0.3)),
        min_size=1,
        max_size=12,
    ),
)


def check_every_second(limits, ceiling, callers):
    """Neither of an action nor of all together, in three processes whose callers wake late."""
    clock = Clock()
    with TemporaryDirectory() as directory:
        processes = [
            RateLimiter(Path(directory), "acc", limits.__getitem__, ceiling, clock, clock.sleep)
            for _ in range(3)
        ]
        times = simulate(clock, [(processes[p], a, late_s) for p, a, late_s in callers], 5)
    for action, limit in limits.items():
        of_action = [
            t for (_, a, _), of in zip(callers, times, strict=True) if a == action for t in of
        ]
        assert not of_action or most_in_a_second(of_action) <= limit
    if ceiling is not None:
        assert most_in_a_second(chain(*times)) <= ceiling


@settings(max_examples=35, deadline=None)
@in_three_processes
def test_no_second_holds_more_calls_than_allowed(limits, ceiling, callers):
    check_every_second(limits, ceiling, callers)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@in_three_processes
def test_no_second_of_many_more_callers_holds_more_calls_than_allowed(limits, ceiling, callers):
    check_every_second(limits, ceiling, callers)


def test_a_shared_ceiling_is_used_up_by_all_actions_together(limiter, clock):
    shared = limiter(30, account_per_s=60)
    times = simulate(clock, [(shared, action, 0.0) for action in "ABCD"], 20)
    together = [*chain(*times)]
    assert most_in_a_second(together) <= 60
    assert len(together) >= 0.9 * 60 * 20


def test_an_action_that_waits_long_leaves_the_time_before_to_others(limiter, clock):
    shared = limiter({"Slow": 1, "Fast": 30}.__getitem__, account_per_s=60)
    slow, fast = simulate(clock, [(shared, "Slow", 0.0), (shared, "Fast", 0.0)], 20)
    assert len(slow) >= 0.9 * 1 * 20
    assert len(fast) >= 0.9 * 30 * 20


def test_backing_off_stops_every_process(limiter, clock):
    throttled, other = limiter(), limiter()
    throttled.back_off("A", 5)
    other.acquire("A")
    assert clock.now == pytest.approx(START + 5)


def test_backing_off_never_brings_a_call_forward(limiter, clock):
    shared = limiter(1)
    shared.acquire("A")
    shared.back_off("A", 0.1)
    shared.acquire("A")
    assert clock.now >= START + 1


def test_backing_off_leaves_other_actions_alone_also_under_a_shared_ceiling(limiter, clock):
    shared = limiter(30, account_per_s=60)
    shared.back_off("A", 30)
    shared.acquire("B")
    assert clock.slept == []


def test_backing_off_works_without_a_limit(limiter, clock):
    limiter(None).back_off("A", 5)
    limiter(None).acquire("A")
    assert clock.now == pytest.approx(START + 5)


@pytest.mark.parametrize("seconds", [1e9, float("inf")])
def test_nobody_can_stop_everybody_for_hours(limiter, clock, seconds):
    limiter().back_off("A", seconds)
    limiter().acquire("A")
    assert clock.now == pytest.approx(START + 60)


@pytest.mark.parametrize("ceiling", [None, 60])
def test_a_restart_of_the_machine_costs_no_wait(limiter, clock, ceiling):
    """The monotonic clock begins anew, so the file is about a time far ahead."""
    shared = limiter(30, ceiling)
    shared.acquire("A")
    clock.now = 10.0
    shared.acquire("A")
    assert clock.slept == []


@pytest.mark.parametrize(
    "text",
    [b"", b"\n", b"17500000", b"\0" * 4096, b"\xff\xfe", b"1e999", b"nan", b"-1", b"9" * 5000,
     b"1764374400000000000\n1764374400035000000\n"],
    ids=["empty", "blank", "cut", "zeros", "bytes", "float", "nan", "negative", "endless", "0.1.0"],
)  # fmt: skip
def test_a_damaged_file_means_free_now_and_is_repaired(limiter, clock, tmp_path, text):
    shared = limiter(10, 20)
    shared.acquire("A")
    for path in tmp_path.iterdir():
        path.write_bytes(text)
    shared.acquire("A")
    assert clock.slept == []
    shared.acquire("A")
    assert sum(clock.slept) == pytest.approx(INTERVAL_S, abs=CATCH_UP_S)


def test_files_that_vanish_are_made_anew(limiter, tmp_path):
    shared = limiter()
    shared.acquire("A")
    for path in tmp_path.iterdir():
        path.unlink()
    tmp_path.rmdir()
    shared.acquire("A")
    assert [path.name for path in tmp_path.iterdir()] == ["acc.A"]


def test_a_file_does_not_grow(limiter, clock, tmp_path):
    times_of(limiter(30, 60), clock, "A", 500)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 100


def test_threads_never_share_a_turn(tmp_path):
    shared = RateLimiter(tmp_path, "acc", lambda _: 200)
    began_s, start = time.monotonic(), threading.Barrier(8)

    def work(_):
        start.wait()
        for _ in range(10):
            shared.acquire("A")

    with ThreadPoolExecutor(8) as pool:
        [*pool.map(work, range(8))]
    next_s = float((tmp_path / "acc.A").read_text())
    assert next_s - began_s >= 80 / (200 * SHARE_OF_LIMIT) - CATCH_UP_S


def test_processes_never_share_a_turn(tmp_path):
    """Four of them, started together by a line on their standard input."""
    program = (
        "import pathlib, sys\n"
        "from resources.api.rate_limiter import RateLimiter\n"
        "limiter = RateLimiter(pathlib.Path(sys.argv[1]), 'acc', lambda _: 100)\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "for _ in range(25): limiter.acquire('A')\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    processes = [subprocess.Popen(command, **pipes) for _ in range(4)]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 4
    began_s = time.monotonic()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate() and process.returncode for process in processes] == [0] * 4
    next_s = float((tmp_path / "acc.A").read_text())
    assert next_s - began_s >= 100 / (100 * SHARE_OF_LIMIT) - CATCH_UP_S


def test_a_process_that_dies_with_the_lock_leaves_it_free(limiter, clock, tmp_path):
    program = (
        "import fcntl, os, sys\n"
        "file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "os.write(file, b'175')\n"
        "os.abort()\n"
    )
    died = subprocess.run([sys.executable, "-c", program, str(tmp_path / "acc.A")], check=False)
    assert died.returncode != 0
    limiter().acquire("A")
    assert clock.slept == []


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o606])
def test_a_file_that_other_users_can_open_and_have_locked_holds_no_call_up(
    limiter, clock, tmp_path, mode
):
    path = tmp_path / "acc.A"
    path.write_text("5000")
    path.chmod(mode)
    with path.open() as of_another_user:
        fcntl.flock(of_another_user, fcntl.LOCK_EX)
        limiter().acquire("A")
    assert path.stat().st_mode & 0o777 == 0o600
    assert clock.slept == []


def test_a_process_that_hangs_with_the_lock_is_told_and_given_up(
    limiter, tmp_path, monkeypatch, caplog
):
    now = [0.0]
    monkeypatch.setattr(rate_limiter.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(rate_limiter.time, "sleep", lambda seconds: now.append(now.pop() + seconds))
    found = limiter()
    found._sleep = rate_limiter.time.sleep
    found.acquire("A")
    with (tmp_path / "acc.A").open() as hangs:
        fcntl.flock(hangs, fcntl.LOCK_EX)
        with pytest.raises(FixSetup, match="was locked for 60 s"):
            found.acquire("A")
    (told,) = caplog.messages
    assert "Waiting for the call budget" in told


def test_a_wait_for_the_lock_ends_with_the_run(limiter, tmp_path):
    def halted(_seconds):
        raise KeyboardInterrupt

    found = limiter()
    found.acquire("A")
    found._sleep = halted
    with (tmp_path / "acc.A").open() as hangs:
        fcntl.flock(hangs, fcntl.LOCK_EX)
        with pytest.raises(KeyboardInterrupt):
            found.acquire("A")


@pytest.mark.parametrize("owner", ["another user", "this user"])
def test_a_file_of_another_user_is_made_anew_in_a_folder_of_ours(
    limiter, tmp_path, monkeypatch, owner
):
    """One run with sudo leaves it; without this, it ends each later run."""
    limit = limiter()
    limit.acquire("A")
    (path,) = [one for one in tmp_path.rglob("*") if one.is_file()]
    inode, usual = path.stat().st_ino, os.open

    def refusing(name, *words):
        if Path(name) == path and path.exists() and path.stat().st_ino == inode:
            raise PermissionError(13, "Permission denied", str(name))
        return usual(name, *words)

    kept = path.with_name("kept")
    kept.hardlink_to(path)  # so that its number is not given to the new file
    monkeypatch.setattr(os, "open", refusing)
    if owner == "another user":
        monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
        limit.acquire("A")
        assert path.stat().st_ino != inode
    else:
        with pytest.raises(FixSetup, match="cannot keep the call budget"):
            limit.acquire("A")


def test_a_directory_that_cannot_be_used_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    limiter = RateLimiter(tmp_path / "file" / "budget", "acc", lambda _: 30)
    with pytest.raises(FixSetup, match=r"cannot keep the call budget in .*LIVESTATS_HOME"):
        limiter.acquire("A")


def test_too_many_open_files_are_no_fault_of_the_directory(limiter, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(FixSetup, match=r"Too many open files.*ulimit -n"):
        limiter().acquire("A")


@pytest.mark.parametrize("per_s", [0, -1, 0.01, float("nan"), float("inf")])
def test_an_impossible_limit_is_refused(limiter, per_s):
    with pytest.raises(ValueError, match="calls per second"):
        limiter(per_s).acquire("A")


@pytest.mark.parametrize("name", ["", "../A", "a/b", "A\0", "A\n", "é"])
def test_a_name_that_could_leave_the_directory_is_refused(limiter, name):
    with pytest.raises(ValueError, match="cannot name a file"):
        limiter().acquire(name)
    with pytest.raises(ValueError, match="cannot name a file"):
        limiter(account=name)
