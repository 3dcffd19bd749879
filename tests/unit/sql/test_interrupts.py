"""A statement ends when a signal arrives, and not when the program gets around to it."""

import os
import signal
import threading
from pathlib import Path

import duckdb
import pytest

from resources.sql import interrupts

LONG = "SELECT count(*) FROM range(100000000) a(i), range(100000) b(j) WHERE hash(i * j) % 7 = 3"


RUNS = {
    "execute": lambda connection: connection.execute(LONG),
    "fetchall": lambda connection: connection.sql(LONG).fetchall(),
    "arrow": lambda connection: connection.sql(LONG).to_arrow_reader().read_next_batch(),
}


class Ended(Exception):
    pass


@pytest.fixture
def number():
    """A signal that raises Ended."""

    def end(*_):
        raise Ended

    before = signal.signal(signal.SIGUSR2, end)
    yield signal.SIGUSR2
    signal.signal(signal.SIGUSR2, before)


@pytest.fixture
def connection():
    with duckdb.connect() as found:
        found.execute("SET threads = 1")
        yield interrupts.prepared(found)


def begun(connection):
    """Waits until a statement runs on the connection."""
    while connection.query_progress() < 0:
        pass


def when_it_runs(connection, act):
    def wait():
        begun(connection)
        act()

    threading.Thread(target=wait, daemon=True).start()


@pytest.mark.parametrize("run", RUNS)
def test_a_signal_ends_a_statement(run, connection, number):
    connection.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")
    when_it_runs(connection, lambda: os.kill(os.getpid(), number))
    with pytest.raises((Ended, RuntimeError)), interrupts.by_signals([number]):
        RUNS[run](connection)
    assert connection.execute("SELECT 1").fetchall() == [(1,)], "the connection stays usable"


def test_another_signal_ends_none(connection, number):
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with interrupts.by_signals([number]):
            os.kill(os.getpid(), signal.SIGUSR1)
            assert connection.execute("SELECT sum(i) FROM range(1000) t(i)").fetchall()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_the_block_leaves_no_thread_and_no_descriptor(number):
    before = {path.name for path in Path("/dev/fd").iterdir()}
    for _ in range(3):
        with interrupts.by_signals([number]):
            pass
    assert {path.name for path in Path("/dev/fd").iterdir()} == before
    assert [t for t in threading.enumerate() if t.name == "signals"] == []


def test_a_connection_that_is_closed_keeps_no_other_from_being_interrupted():
    """Else Ctrl-C in `publish` prints a traceback, and later statements do not hear it."""
    closed = interrupts.prepared(duckdb.connect())
    closed.close()
    others = [interrupts.prepared(duckdb.connect()) for _ in range(3)]
    interrupts.interrupt_all()
    for other in others:
        assert other.execute("SELECT 1").fetchall() == [(1,)]
        other.close()


def test_no_connection_draws_a_bar(connection):
    """DuckDB's own went into the log of a backfill whose statements took some seconds."""
    ((is_on,),) = connection.execute("SELECT current_setting('enable_progress_bar')").fetchall()
    assert is_on is False
