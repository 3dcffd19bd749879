"""When the network is taken for dead, and what threads do meanwhile."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from resources.api.breaker import LEAST_FAILURES, LEAST_S, REMEMBERED_S, Breaker
from resources.api.errors import FixAction, FixRequest, FixSetup, NetworkDown, TryLater

GONE = TryLater("no answer (refused)", no_answer=True)


class World:
    def __init__(self):
        self.now_s = 0.0
        self.probes = 0
        self.found = GONE  # what the probe raises
        self.breaker = Breaker("api.example.com", self.probe, lambda: self.now_s)

    def probe(self):
        self.probes += 1
        if self.found is not None:
            raise self.found

    def fail(self, times, every_s):
        for _ in range(times):
            self.breaker.failed(GONE, self.now_s)
            self.now_s += every_s


@pytest.fixture
def world():
    return World()


def test_many_failures_within_seconds_are_an_outage(world):
    world.fail(1000, LEAST_S / 1001)
    assert world.probes == 0


@pytest.mark.parametrize(
    ("every_s", "told"), [(0.4, []), (3, ["api.example.com answers again after 6 s"])]
)
def test_the_end_of_an_outage_is_told_unless_it_was_one_call_put_again(
    world, caplog, every_s, told
):
    world.fail(2, every_s)
    world.breaker.answered()
    assert caplog.messages == told


def test_few_failures_over_minutes_are_an_outage(world):
    world.fail(LEAST_FAILURES - 1, 60)
    assert world.probes == 0


def test_many_failures_over_a_while_and_one_question_more_are_the_end(world):
    with pytest.raises(NetworkDown, match=r"api\.example\.com for 20 s: 5 attempts .*refused"):
        world.fail(LEAST_FAILURES, 5)
    assert world.probes == 1
    with pytest.raises(NetworkDown):
        world.breaker.admit()


@pytest.mark.parametrize(
    "found",
    [None, FixRequest("no"), FixAction("no"), TryLater("throttled"), FixSetup("no", code="Key")],
)
def test_any_answer_to_that_question_is_life(world, found):
    world.found = found
    world.fail(LEAST_FAILURES, 5)
    world.breaker.admit()
    world.fail(LEAST_FAILURES - 1, 5)
    assert world.probes == 1


def test_what_the_question_finds_out_is_told(world):
    world.found = FixSetup("the proxy wants a login", "Give it one.")
    with pytest.raises(FixSetup, match="wants a login") as caught:
        world.fail(LEAST_FAILURES, 5)
    assert type(caught.value) is FixSetup


def test_only_the_first_failure_in_a_row_is_news(world):
    assert [world.breaker.failed(GONE, 0.0) for _ in range(3)] == [True, False, False]
    world.breaker.answered()
    assert world.breaker.failed(GONE, 0.0)


def test_time_before_an_answer_does_not_count(world):
    """An attempt began 100 s ago; meanwhile others were answered."""
    world.now_s = 100
    world.breaker.answered()
    for _ in range(LEAST_FAILURES):
        world.breaker.failed(GONE, began_s=0)
    assert world.probes == 0


def test_waits_end_when_it_may_be_decided(world):
    assert world.breaker.shortened(60) == 60
    world.fail(1, 15)
    assert world.breaker.shortened(60) == 5
    assert world.breaker.shortened(3) == 3
    world.now_s = 30
    assert world.breaker.shortened(60) == 60


def test_after_a_while_one_caller_looks_again(world):
    with pytest.raises(NetworkDown):
        world.fail(LEAST_FAILURES, 5)
    world.now_s += REMEMBERED_S
    with pytest.raises(NetworkDown):
        world.breaker.admit()
    assert world.probes == 2
    world.now_s += REMEMBERED_S
    world.found = None
    world.breaker.admit()
    world.breaker.admit()
    assert world.probes == 3


def test_others_wait_for_the_question_and_share_what_it_finds(world):
    asking, answered = threading.Event(), threading.Event()

    def probe():
        asking.set()
        assert answered.wait(60)
        raise GONE

    breaker = Breaker("api.example.com", probe, lambda: world.now_s)

    def fail_often():
        for _ in range(LEAST_FAILURES):
            breaker.failed(GONE, 0)
            world.now_s = LEAST_S

    def fail(_):
        with pytest.raises(NetworkDown):
            fail_often()

    def admit(_):
        with pytest.raises(NetworkDown):
            breaker.admit()

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(fail, 0)
        assert asking.wait(60)
        others = [pool.submit(admit, nth) for nth in range(4)] + [pool.submit(fail, 1)]
        answered.set()
        for future in [first, *others]:
            future.result()


def test_a_question_that_is_cancelled_frees_the_others(world):
    world.found = RuntimeError("cancelled")
    with pytest.raises(RuntimeError):
        world.fail(LEAST_FAILURES, 5)
    with pytest.raises(NetworkDown):
        world.breaker.admit()
