"""Locks exclude other processes and end with their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from resources.fs import locks

HOLD = """
import sys
from pathlib import Path
from resources.fs import locks, locks
descriptor = locks.try_lock(Path(sys.argv[1]))
print("held" if descriptor is not None else "busy", flush=True)
sys.stdin.read()
"""
FOLLOW = """
import sys
from pathlib import Path
from resources.fs import locks, locks
print("asking", flush=True)
with locks.lock(Path(sys.argv[1])), Path(sys.argv[2]).open("a") as log:
    log.write("second\\n")
"""


def run(code, *args):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(locks.__file__).parents[2])},
    )


def test_one_holder_at_a_time_even_within_a_process(tmp_path):
    first = locks.try_lock(tmp_path)
    assert first is not None
    assert locks.try_lock(tmp_path) is None
    os.close(first)
    with locks.lock(tmp_path):
        assert locks.try_lock(tmp_path) is None
    again = locks.try_lock(tmp_path)
    assert again is not None
    os.close(again)


def test_a_lock_excludes_other_processes_and_ends_with_its_own(tmp_path):
    with run(HOLD, tmp_path) as holder:
        assert holder.stdout.readline() == "held\n"
        assert locks.try_lock(tmp_path) is None
        with run(HOLD, tmp_path) as other:
            assert other.stdout.readline() == "busy\n"
            other.communicate("")
        holder.kill()  # no chance to release anything
        holder.wait()
    descriptor = locks.try_lock(tmp_path)
    assert descriptor is not None
    os.close(descriptor)


def test_a_lock_is_not_inherited_by_programs_that_the_holder_starts(tmp_path):
    with locks.lock(tmp_path):
        child = run("import sys; sys.stdin.read()")
    with child:
        descriptor = locks.try_lock(tmp_path)
        assert descriptor is not None
        os.close(descriptor)
        child.communicate("")


def test_whoever_waits_for_a_lock_comes_after_its_holder(tmp_path):
    folder, log = tmp_path / "folder", tmp_path / "log"
    folder.mkdir()
    with locks.lock(folder):
        waiting = run(FOLLOW, folder, log)
        assert waiting.stdout.readline() == "asking\n"
        log.write_text("first\n")
    waiting.communicate("")
    assert waiting.returncode == 0
    assert log.read_text() == "first\nsecond\n"


def test_an_error_inside_releases_the_lock(tmp_path):
    with pytest.raises(ZeroDivisionError), locks.lock(tmp_path):
        raise ZeroDivisionError
    descriptor = locks.try_lock(tmp_path)
    assert descriptor is not None
    os.close(descriptor)


def test_other_failures_of_locking_are_not_taken_for_a_holder(tmp_path, monkeypatch):
    def unsupported(_descriptor, _kind):
        raise OSError(95, "Operation not supported")

    opened, real = [], os.open
    monkeypatch.setattr(os, "open", lambda *args: opened.append(real(*args)) or opened[-1])
    monkeypatch.setattr(locks.fcntl, "flock", unsupported)
    with pytest.raises(OSError, match="not supported"):
        locks.try_lock(tmp_path)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])
