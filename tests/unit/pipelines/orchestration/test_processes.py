"""A process is known by its number and its beginning."""

import os
import time

from pipelines.orchestration.processes import began_by, is_alive, named

GONE = 999_999_999


def test_a_process_lives_until_it_is_gone():
    ours = named(os.getpid())
    assert is_alive(ours)
    host, number, began = ours.split(" ")
    assert not is_alive(f"{host} {GONE} {began}")
    assert not is_alive(f"{host} {number} 1")  # another one has its number
    assert not is_alive(f"{host} x {began}")


def test_a_process_of_another_machine_is_not_for_us_to_say():
    assert is_alive("another-host 1 1")
    assert not is_alive("")


def test_a_process_that_began_later_is_another_one():
    assert began_by(os.getpid(), time.time())
    assert not began_by(os.getpid(), time.time() - 10 * 365 * 86_400)
    assert not began_by(GONE, time.time())
