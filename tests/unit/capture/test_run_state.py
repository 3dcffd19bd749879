"""What dataset threads share: a count of bytes that never blocks, and days that end however they end."""

import threading
from datetime import date

from resources.api.catalog import DATASETS
from resources.capture.run_state import MemoryLimiter, UnfinishedDays

DAY, NEXT = date(2026, 11, 20), date(2026, 11, 21)
PUSH, PUSHES = DATASETS["batch_push_stream_metrics"], DATASETS["push_stream_info"]
EACH_PUSH = DATASETS["push_stream_metrics"]


def test_bytes_in_flight_are_full_from_the_limit_on():
    memory = MemoryLimiter(100)
    memory.add(99)
    assert not memory.is_full
    memory.add(1)
    assert memory.is_full
    memory.add(-1)
    assert not memory.is_full


def test_a_day_waits_for_the_same_day_of_the_needed_datasets_in_the_run():
    days = UnfinishedDays({PUSH: [DAY, NEXT], EACH_PUSH: [DAY, NEXT]})
    assert not days.is_ready(EACH_PUSH, DAY)
    assert days.is_ready(PUSH, DAY)
    days.finish(PUSH, DAY)
    assert days.is_ready(EACH_PUSH, DAY), "push_stream_info is not in the run"
    assert not days.is_ready(EACH_PUSH, NEXT)


def test_nobody_waits_for_a_dataset_whose_thread_has_ended():
    days = UnfinishedDays({PUSH: [DAY, NEXT], PUSHES: [DAY], EACH_PUSH: [DAY, NEXT]})
    days.finish_all(PUSH)
    assert days.is_ready(EACH_PUSH, NEXT)
    assert not days.is_ready(EACH_PUSH, DAY)


def test_a_thread_that_waits_goes_on_when_the_day_is_finished():
    days = UnfinishedDays({PUSH: [DAY], EACH_PUSH: [DAY]})
    asked = threading.Event()

    def is_ready():
        asked.set()
        return days.is_ready(EACH_PUSH, DAY)

    waiting = threading.Thread(target=days.wait_for, args=(is_ready, 60))
    waiting.start()
    assert asked.wait(60)
    days.finish(PUSH, DAY)
    waiting.join(60)
    assert not waiting.is_alive()
