"""The first call goes alone: whoever waits for it is told of a wrong key without asking."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from resources.api.door import Door
from resources.api.errors import FixSetup, TryLater


@pytest.fixture
def patient(monkeypatch):
    """However loaded the machine is, the others wait for the first call."""
    monkeypatch.setattr("resources.api.door.LONGEST_S", 60.0)


class Calls:
    """Ten threads that call through one door; the first call ends when the test says so."""

    def __init__(self, door, first):
        self.door, self.first = door, first
        self.made, self.lock, self.end = 0, threading.Lock(), threading.Event()
        self.began = threading.Event()

    def one(self):
        with self.door.passed():
            with self.lock:
                self.made += 1
                is_first = self.made == 1
            if is_first:
                self.began.set()
                assert self.end.wait(60)
                if self.first is not None:
                    raise self.first

    def run(self, threads=10):
        with ThreadPoolExecutor(threads) as pool:
            futures = [pool.submit(self.one)]
            assert self.began.wait(60)
            futures += [pool.submit(self.one) for _ in range(threads - 1)]
            while pool._work_queue.qsize():
                pass  # until all of them run
            made = self.made
            self.end.set()
        return made, [future.exception() for future in futures]


@pytest.mark.usefixtures("patient")
def test_others_wait_for_the_first_call_and_then_go_together():
    calls = Calls(Door(), None)
    made, errors = calls.run()
    assert (made, calls.made) == (1, 10)
    assert errors == [None] * 10


@pytest.mark.usefixtures("patient")
def test_a_wrong_key_is_tried_once():
    """A thread that is late tries again: it waited for nobody, so it may be another day."""
    calls = Calls(Door(), FixSetup("the key is wrong", "Mend it."))
    made, errors = calls.run()
    assert made == 1
    told = [error for error in errors if error is not None]
    assert {str(error) for error in told} == {"the key is wrong. Mend it."}
    assert len(told) + calls.made == 10 + 1
    assert len({id(error) for error in told}) == len(told)


def test_a_fault_opens_it_for_it_says_nothing_of_the_key():
    calls = Calls(Door(), TryLater("throttled"))
    _, errors = calls.run()
    assert (calls.made, [type(error) for error in errors if error]) == (10, [TryLater])


def test_a_first_call_that_takes_long_holds_nobody_up_for_ever(monkeypatch):
    monkeypatch.setattr("resources.api.door.LONGEST_S", 0.0)
    calls = Calls(Door(), None)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(calls.one)
        assert calls.began.wait(60)
        calls.one()
        calls.end.set()
    assert (first.exception(), calls.made) == (None, 2)


def test_after_a_refusal_the_next_call_is_made():
    """Whoever asks one thing after the other hears of each."""
    door = Door()
    for _ in range(2):
        with pytest.raises(FixSetup), door.passed():
            raise FixSetup("the key is wrong")
