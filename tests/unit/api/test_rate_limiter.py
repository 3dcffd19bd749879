"""However many ask, no second holds more calls than the limit, and little of it is left unused."""

import heapq
import itertools
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.api import rate_limiter as module
from resources.api.errors import FixSetup
from resources.api.rate_limiter import IN_TURN, LATE_NS, LONGEST_AHEAD_S, SHARE_OF_LIMIT, first_gap

ROOT = Path(__file__).resolve().parents[3]
START = 1_750_000_000.0
SECOND_NS = 1_000_000_000
GAP_S = 0.8 / (10 * SHARE_OF_LIMIT)
"""Between two calls of an action that takes 10 of them per second, while time is made up."""


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


class Budget(module.RateLimiter):
    """Calls take no time here."""

    def take(self, action):
        with self.turn(action) as turn, turn.moment():
            pass


@pytest.fixture
def budget(tmp_path, clock):
    """Makes budgets that share one directory and one clock, as processes do."""

    def make(per_action=30, account_per_s=None, account="acc"):
        rate = per_action if callable(per_action) else lambda _: per_action
        return Budget(tmp_path, account, rate, account_per_s, clock, clock.sleep)

    return make


def instants_of(budget, action, count):
    return [budget.reserve(action) for _ in range(count)]


def most_in_a_second(instants):
    """The largest number of instants in any window of one second, one end of it open."""
    ordered = sorted(instants)
    return max(
        sum(first <= other < first + SECOND_NS for other in ordered[nth : nth + 1200])
        for nth, first in enumerate(ordered)
    )


@pytest.mark.parametrize("per_s", [101, 150, 1000, 30000])
def test_a_fast_limit_is_kept_by_the_instants_of_a_part_of_a_second(budget, tmp_path, per_s):
    instants = instants_of(budget(per_s), "A", 3000)
    assert most_in_a_second(instants) <= per_s
    rate = (len(instants) - 1) / ((instants[-1] - instants[0]) / SECOND_NS)
    assert rate >= min(0.75 * per_s, 2000)
    (file,) = tmp_path.iterdir()
    assert len(file.read_text().split()) <= 100


@pytest.mark.parametrize("per_s", [1, 2, 10, 30, 100])
def test_who_never_stops_gets_97_of_100_calls_of_the_limit_and_never_more_than_it(budget, per_s):
    instants = instants_of(budget(per_s), "A", 40 * per_s)
    assert most_in_a_second(instants) <= per_s
    rate = (len(instants) - 1) / ((instants[-1] - instants[0]) / SECOND_NS)
    assert rate >= 0.97 * per_s


def test_the_first_call_need_not_wait(budget, clock):
    budget().take("A")
    assert clock.slept == []


def test_the_next_call_waits_for_its_instant(budget, clock):
    shared = budget(10)
    shared.take("A")
    shared.take("A")
    assert clock.slept == [pytest.approx(GAP_S)]


def test_calls_that_slept_through_their_instants_are_no_more_than_a_second_may_hold(
    tmp_path, clock
):
    """45 callers wait; the machine stands still for a while, and then all of them wake."""
    made = []

    def call(others):
        def sleep(seconds):
            if made:  # after the standstill
                clock.sleep(seconds)
            elif others:
                call(others - 1)  # while this one sleeps
            else:
                clock.now += 5.0  # nobody wakes in time

        Budget(tmp_path, "acc", lambda _: 30, None, clock, sleep).take("A")
        made.append(round(clock.now * SECOND_NS))

    Budget(tmp_path, "acc", lambda _: 30, None, clock).reserve("A")
    call(44)
    assert len(made) == 45
    assert min(made) >= (START + 5) * SECOND_NS
    assert most_in_a_second(made) <= 30
    assert max(made) <= (START + 6.6) * SECOND_NS


@pytest.mark.parametrize("ceiling", [None, 60])
def test_standstills_lose_little_and_bring_no_second_above_the_limit(tmp_path, clock, ceiling):
    """Every 37th sleep lasts too long, by up to a quarter of a second."""
    made, asleep = [], itertools.count(1)

    def sleep(seconds):
        nth = next(asleep)
        clock.sleep(seconds + (nth % 7 * 0.04 if nth % 37 == 0 else 0))

    shared = Budget(tmp_path, "acc", lambda _: 30, ceiling, clock, sleep)
    for _ in range(600):
        shared.take("A")
        made.append(round(clock.now * SECOND_NS))
    assert most_in_a_second(made) <= 30
    if ceiling is None:
        assert len(made) >= 0.9 * 30 * (clock.now - START)


def sent_late(shared, clock, late_s):
    """A call that leaves so much later than its instant, which was now."""
    with shared.turn("A") as turn, turn.moment():
        clock.now += late_s


@pytest.mark.parametrize("late_s", [0.003, 0.2])
def test_a_second_is_counted_from_when_a_call_has_left(budget, clock, late_s):
    shared = budget(2)
    sent_late(shared, clock, late_s)
    left = round(clock.now * SECOND_NS)
    shared.reserve("A")
    assert shared.reserve("A") - left >= SECOND_NS


@pytest.mark.parametrize("calls", [1, 2], ids=["fewer than the limit", "as many as the limit"])
def test_who_sleeps_too_long_goes_unless_others_keep_no_distance_any_more(tmp_path, clock, calls):
    """Two a second: the second call after it was given an instant that counts on this one."""
    others = Budget(tmp_path, "acc", lambda _: 2, None, clock, clock.sleep)

    def sleep(seconds):
        if not clock.slept:
            for _ in range(calls):
                others.reserve("A")
            seconds += LATE_NS / SECOND_NS + 0.01
        clock.sleep(seconds)

    late = Budget(tmp_path, "acc", lambda _: 2, None, clock, sleep)
    late.reserve("A")
    late.take("A")
    assert len(clock.slept) == calls


def test_a_turn_ends_when_the_call_has_left(budget):
    """Whoever waits for an answer keeps nobody waiting."""
    shared = budget(None)
    with shared.turn("A") as turn:
        places = shared._turns["A"]
        before = places._value
        with turn.moment():
            assert places._value == before == IN_TURN - 1
        assert places._value == IN_TURN
    assert places._value == IN_TURN


def test_a_process_holds_no_more_instants_than_it_needs_however_many_threads_wait(tmp_path):
    """All that it held while the machine let it sleep would be lost to the other processes."""
    asleep, go_on = threading.Semaphore(0), threading.Semaphore(0)

    def sleep(_):
        asleep.release()
        assert go_on.acquire(timeout=60)

    def rate(_):
        return 10

    crowded = Budget(tmp_path, "acc", rate, clock=lambda: START, sleep=sleep)
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(crowded.take, "A") for _ in range(8)]
        for _ in range(IN_TURN):
            assert asleep.acquire(timeout=60)
        assert not asleep.acquire(timeout=0.05)
        # One has gone at once, four are asleep, three wait without an instant.
        ahead_s = Budget(tmp_path, "acc", rate, clock=lambda: START).reserve("A") / 1e9 - START
        go_on.release(8)
    assert ahead_s == pytest.approx((1 + IN_TURN) * GAP_S)
    assert all(call.result() is None for call in calls)


def test_a_turn_ends_also_by_an_error(budget, clock):
    """Who is broken off while it sleeps leaves its turn to others."""
    one = budget()
    one.take("A")

    def broken_off(_):
        raise KeyboardInterrupt

    usual, one._sleep = one._sleep, broken_off
    for _ in range(IN_TURN + 1):
        with pytest.raises(KeyboardInterrupt):
            one.take("A")
    one._sleep = usual
    one.take("A")
    assert len(clock.slept) == 1


def test_a_machine_that_is_always_late_still_makes_its_calls(tmp_path, clock):
    def sleep(seconds):
        clock.sleep(seconds + 0.2)

    slow = Budget(tmp_path, "acc", lambda _: 30, None, clock, sleep)
    for _ in range(20):
        slow.take("A")
        slow.reserve("A")  # somebody else's
    assert len(clock.slept) <= 4 * 20


def test_idle_time_is_not_saved_up_for_a_burst(budget, clock):
    shared = budget(10)
    shared.take("A")
    clock.now += 3600
    assert most_in_a_second(instants_of(shared, "A", 50)) <= 10


def test_no_limit_is_no_wait(budget, clock):
    shared = budget(None)
    assert set(instants_of(shared, "A", 100)) == {round(clock.now * SECOND_NS)}


def test_every_action_has_its_own_limit(budget, clock):
    shared = budget({"Fast": 100, "Slow": 1}.__getitem__)
    instants_of(shared, "Slow", 5)
    assert shared.reserve("Fast") == round(clock.now * SECOND_NS)


def test_every_account_has_its_own_limit(budget, clock):
    instants_of(budget(account="one"), "A", 5)
    assert budget(account="two").reserve("A") == round(clock.now * SECOND_NS)


def test_all_budgets_on_a_directory_are_one(budget):
    first, second = budget(), budget()
    instants = [shared.reserve("A") for _ in range(100) for shared in (first, second)]
    assert most_in_a_second(instants) <= 30


@settings(deadline=None)
@given(
    limits=st.fixed_dictionaries({name: st.integers(1, 40) for name in "ABC"}),
    ceiling=st.none() | st.integers(1, 60),
    calls=st.lists(st.tuples(st.sampled_from("ABC"), st.floats(0, 0.2)), min_size=1, max_size=120),
)
def test_no_second_holds_more_calls_than_allowed(limits, ceiling, calls):
    """Neither of an action nor of all together, in whatever rhythm they are asked for."""
    clock = Clock()
    with TemporaryDirectory() as directory:
        budget = Budget(Path(directory), "acc", limits.__getitem__, ceiling, clock, clock.sleep)
        instants = {name: [] for name in limits}
        for action, pause_s in calls:
            clock.now += pause_s
            instants[action].append(budget.reserve(action))
            assert instants[action][-1] >= round(clock.now * SECOND_NS)
    for action, given_out in instants.items():
        assert not given_out or most_in_a_second(given_out) <= limits[action]
    if ceiling is not None:
        assert most_in_a_second([*chain(*instants.values())]) <= ceiling


def workers(budget, clock, actions, seconds):
    """What callers get who ask again as soon as their call is made: instants per action."""
    instants = {action: [] for action in actions}
    turns = [(clock.now, nth, action) for nth, action in enumerate(actions * 4)]
    while turns[0][0] < START + seconds:
        clock.now, nth, action = heapq.heappop(turns)
        instant = budget.reserve(action)
        instants[action].append(instant)
        heapq.heappush(turns, (instant / SECOND_NS, nth, action))
    return instants


def test_a_shared_ceiling_is_used_up_by_all_actions_together(budget, clock):
    shared = budget(30, account_per_s=60)
    instants = workers(shared, clock, ["A", "B", "C", "D"], seconds=20)
    together = [*chain(*instants.values())]
    assert most_in_a_second(together) <= 60
    assert len(together) >= 0.9 * 60 * 20
    assert min(map(len, instants.values())) >= 0.9 * 60 * 20 / 4


def test_an_action_that_queues_far_ahead_leaves_the_time_before_to_others(budget, clock):
    shared = budget({"Slow": 1, "Fast": 30}.__getitem__, account_per_s=60)
    instants = workers(shared, clock, ["Slow", "Fast"], seconds=20)
    assert len(instants["Slow"]) >= 0.9 * 1 * 20
    assert len(instants["Fast"]) >= 0.9 * 30 * 20


@pytest.mark.parametrize(
    ("taken", "earliest", "instant"),
    [
        ([], 5, 5),
        ([0], 5, 10),
        ([100], 5, 5),
        ([10, 20], 5, 30),
        ([10, 30], 5, 20),
        ([10, 29], 5, 39),
        ([15], 5, 5),
    ],
    ids=["all free", "too near", "far", "in a row", "exact gap", "narrow gap", "just before"],
)
def test_the_first_gap_of_ten(taken, earliest, instant):
    assert first_gap(taken, earliest, 10) == instant


def test_backing_off_stops_every_process(budget, clock):
    throttled, other = budget(), budget()
    throttled.back_off("A", 5)
    other.take("A")
    assert clock.slept == [pytest.approx(5)]


def test_backing_off_never_brings_a_call_forward(budget):
    shared = budget(1)
    instants_of(shared, "A", 10)
    queued = shared.reserve("A")
    shared.back_off("A", 1)
    assert shared.reserve("A") > queued


def test_backing_off_leaves_other_actions_alone_also_under_a_shared_ceiling(budget, clock):
    shared = budget(30, account_per_s=60)
    shared.back_off("A", 30)
    shared.reserve("A")
    shared.take("B")
    assert clock.slept == []


def test_backing_off_works_without_a_limit(budget, clock):
    budget(None).back_off("A", 5)
    budget(None).take("A")
    assert clock.slept == [pytest.approx(5)]


@pytest.mark.parametrize("seconds", [1e9, float("inf")])
def test_nobody_can_stop_everybody_for_hours(budget, clock, seconds):
    budget().back_off("A", seconds)
    budget().take("A")
    assert clock.slept == [pytest.approx(60)]


@pytest.mark.parametrize("ceiling", [None, 60])
@pytest.mark.parametrize("back_s", [LONGEST_AHEAD_S + 1, 86_400, 400 * 86_400])
def test_a_clock_set_far_back_costs_no_wait(budget, clock, ceiling, back_s):
    shared = budget(30, ceiling)
    shared.take("A")
    clock.now -= back_s
    shared.take("A")
    assert clock.slept == []


def test_a_clock_set_back_a_little_costs_that_little(budget, clock):
    shared = budget()
    shared.take("A")
    clock.now -= 5
    shared.take("A")
    assert clock.slept == [pytest.approx(5, abs=0.1)]


def test_a_clock_that_was_once_far_ahead_costs_no_wait(budget, clock):
    shared = budget(30, 60)
    clock.now += 400 * 86_400
    shared.take("A")
    clock.now -= 400 * 86_400
    shared.take("A")
    assert clock.slept == []


@pytest.mark.parametrize(
    "text",
    [b"", b"\n", b"17500", b"\0" * 4096, b"\xff\xfe", b"1e999", b"-1", b"9" * 5000, b"1 2\n3 x"],
    ids=["empty", "blank", "cut", "zeros", "bytes", "float", "negative", "endless", "mixed"],
)
def test_a_damaged_file_means_free_now_and_is_mended(budget, clock, tmp_path, text):
    shared = budget(10, 20)
    shared.take("A")
    for path in tmp_path.iterdir():
        path.write_bytes(text)
    shared.take("A")
    assert clock.slept == []
    mended = [path.read_text("ascii") for path in tmp_path.iterdir()]
    assert [len(text.splitlines()) for text in mended] == [1, 1]
    assert all(text.strip().isdigit() for text in mended)
    shared.take("A")
    assert clock.slept == [pytest.approx(GAP_S)]


def test_files_that_vanish_are_made_anew(budget, tmp_path):
    shared = budget()
    shared.take("A")
    for path in tmp_path.iterdir():
        path.unlink()
    tmp_path.rmdir()
    shared.take("A")
    assert [path.name for path in tmp_path.iterdir()] == ["acc.A"]


def test_a_file_does_not_grow(budget, tmp_path):
    shared = budget(30, 60)
    for _ in range(500):
        shared.take("A")
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 1000


def test_threads_never_share_an_instant(budget):
    shared = budget(100)
    start = threading.Barrier(8)

    def work(_):
        start.wait()
        return instants_of(shared, "A", 50)

    with ThreadPoolExecutor(8) as pool:
        instants = sorted(chain(*pool.map(work, range(8))))
    assert most_in_a_second(instants) <= 100
    assert all(sooner < later for sooner, later in pairwise(instants))


def test_processes_never_share_an_instant(tmp_path):
    """Four of them, started together by a line on their standard input."""
    program = (
        "import pathlib, sys\n"
        "from resources.api.rate_limiter import Budget\n"
        "budget = Budget(pathlib.Path(sys.argv[1]), 'acc', lambda _: 100, 150)\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "print(*(budget.reserve('A') for _ in range(150)))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    processes = [subprocess.Popen(command, **pipes) for _ in range(4)]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 4
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate()[0] for process in processes]
    instants = sorted(int(word) for answer in answers for word in answer.split())
    assert len(instants) == 4 * 150
    assert most_in_a_second(instants) <= 100
    assert all(sooner < later for sooner, later in pairwise(instants))


def test_a_process_that_dies_with_the_lock_leaves_it_free(budget, clock, tmp_path):
    program = (
        "import fcntl, os, sys\n"
        "file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "os.write(file, b'175')\n"
        "os.abort()\n"
    )
    died = subprocess.run([sys.executable, "-c", program, str(tmp_path / "acc.A")], check=False)
    assert died.returncode != 0
    budget().take("A")
    assert clock.slept == []


def test_a_directory_that_cannot_be_used_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    budget = Budget(tmp_path / "file" / "budget", "acc", lambda _: 30)
    with pytest.raises(FixSetup, match=r"cannot keep the call budget in .*LIVESTATS_HOME"):
        budget.take("A")


@pytest.mark.parametrize("per_s", [0, -1, 0.01, float("nan"), float("inf")])
def test_an_impossible_limit_is_refused(budget, per_s):
    with pytest.raises(ValueError, match="calls per second"):
        budget(per_s).take("A")


@pytest.mark.parametrize("name", ["", "../A", "a/b", "A\0", "A\n", "é"])
def test_a_name_that_could_leave_the_directory_is_refused(budget, name):
    with pytest.raises(ValueError, match="cannot name a file"):
        budget().take(name)
    with pytest.raises(ValueError, match="cannot name a file"):
        budget(account=name)
