"""Locks exclude other processes, end with their own, and cannot be taken by other users."""

import json
import logging
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from resources.fs import locks

HOLD = """
import sys
from pathlib import Path
from resources.fs import locks
held = locks.try_lock(Path(sys.argv[1]))
print("held" if held is not None else "busy", flush=True)
sys.stdin.read()
"""
FOLLOW = """
import sys
from pathlib import Path
from resources.fs import locks
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


@pytest.fixture
def path(tmp_path):
    return tmp_path / "locks" / "warehouse"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_one_holder_at_a_time_even_within_a_process(path):
    first = locks.try_lock(path)
    assert first is not None
    assert locks.try_lock(path) is None
    first.release()
    first.release()  # does no harm
    with locks.lock(path):
        assert locks.try_lock(path) is None
    with locks.try_lock(path):
        assert locks.try_lock(path) is None
    assert [*path.parent.iterdir()] == []


def test_a_lock_excludes_other_processes_and_ends_with_its_own(path):
    with run(HOLD, path) as holder:
        assert holder.stdout.readline() == "held\n"
        assert locks.try_lock(path) is None
        with run(HOLD, path) as other:
            assert other.stdout.readline() == "busy\n"
            other.communicate("")
        holder.kill()  # no chance to release anything
        holder.wait()
    held = locks.try_lock(path)
    assert held is not None
    held.release()
    assert not path.exists(), "the file of the killed process is gone with the next use"


def test_a_lock_is_not_inherited_by_programs_that_the_holder_starts(path):
    with locks.lock(path):
        child = run("import sys; sys.stdin.read()")
    with child:
        held = locks.try_lock(path)
        assert held is not None
        held.release()
        child.communicate("")


def test_whoever_waits_for_a_lock_comes_after_its_holder(path, tmp_path):
    log = tmp_path / "log"
    with locks.lock(path):
        waiting = run(FOLLOW, path, log)
        assert waiting.stdout.readline() == "asking\n"
        log.write_text("first\n")
    waiting.communicate("")
    assert waiting.returncode == 0
    assert log.read_text() == "first\nsecond\n"


def test_an_error_inside_releases_the_lock(path):
    with pytest.raises(ZeroDivisionError), locks.lock(path):
        raise ZeroDivisionError
    with locks.lock(path):
        pass


def test_a_holder_that_removes_the_file_leaves_the_next_one_a_lock_of_its_own(path, monkeypatch):
    """The second process opens the file, and the first ends before the second has locked it."""
    first, flock = locks.try_lock(path), locks.fcntl.flock

    def late(descriptor, kind):
        if first._descriptor >= 0:
            first.release()
        flock(descriptor, kind)

    monkeypatch.setattr(locks.fcntl, "flock", late)
    second = locks.try_lock(path)
    monkeypatch.setattr(locks.fcntl, "flock", flock)
    assert second is not None
    assert locks.try_lock(path) is None, "it is the lock of the file that the others find"
    second.release()


def test_other_failures_of_locking_are_not_taken_for_a_holder(path, monkeypatch):
    def unsupported(_descriptor, _kind):
        raise OSError(95, "Operation not supported")

    opened, real = [], os.open
    monkeypatch.setattr(os, "open", lambda *args: opened.append(real(*args)) or opened[-1])
    monkeypatch.setattr(locks.fcntl, "flock", unsupported)
    with pytest.raises(OSError, match="not supported"):
        locks.try_lock(path)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])


# Other users --------------------------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_nobody_but_the_owner_can_open_a_lock(path, umask):
    before = os.umask(umask)
    try:
        with locks.lock(path):
            assert mode(path) == 0o600
            assert mode(path.parent) == 0o700
    finally:
        os.umask(before)


@pytest.mark.parametrize("wide", [0o644, 0o660, 0o602])
def test_a_file_that_others_can_open_and_have_locked_holds_nobody_up(path, wide):
    path.parent.mkdir()
    path.touch()
    path.chmod(wide)
    with path.open() as of_another_user:
        locks.fcntl.flock(of_another_user, locks.fcntl.LOCK_EX)
        held = locks.try_lock(path)
        assert held is not None
        assert mode(path) == 0o600
        assert locks.try_lock(path) is None
        held.release()


def test_a_link_in_the_place_of_a_lock_is_refused(path, tmp_path):
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        locks.try_lock(path)
    assert not (tmp_path / "elsewhere").exists()


# Waiting ------------------------------------------------------------------------------------------


@pytest.fixture
def hours(monkeypatch):
    """A clock that a wait moves, so that tests take no time."""
    now = [0.0]

    def pass_by(seconds):
        now[0] += seconds

    monkeypatch.setattr(locks.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(locks.time, "sleep", pass_by)
    return now


def test_a_wait_says_whose_lock_it_is_and_ends_after_a_bound(path, hours, caplog):
    with (
        locks.lock(path),
        caplog.at_level(logging.WARNING, "livestats.locks"),
        pytest.raises(locks.LockTimeout) as raised,
        locks.lock(path),
    ):
        pass
    (told,) = caplog.messages
    for text in (told, str(raised.value)):
        assert str(path) in text
        assert f"process {os.getpid()} (" in text
        assert " since 20" in text
    assert hours[0] == pytest.approx(locks.MOST_S)
    assert "at most 60 min" in told
    assert "was locked for 3600 s" in str(raised.value)


def test_a_short_wait_is_not_told(path, monkeypatch, caplog):
    held = locks.try_lock(path)
    monkeypatch.setattr(locks.time, "sleep", lambda _: held.release())
    with caplog.at_level(logging.WARNING), locks.lock(path):
        pass
    assert caplog.messages == []


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"pid": "x"}', b"\xff"])
def test_a_holder_that_is_not_known_is_another_process(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    assert locks.holder_of(path) == "another process"


def test_a_holder_on_another_machine_is_named_with_it(path):
    path.parent.mkdir()
    facts = {"pid": 7, "host": "other", "since": 0, "command": "livestats backfill"}
    path.write_text(json.dumps(facts))
    assert locks.holder_of(path).startswith("process 7 on other ('livestats backfill') since 19")


@pytest.mark.parametrize("since", ["1e999", "1e300", "-1e300", '"soon"'])
def test_a_lock_file_with_a_time_that_cannot_be_names_no_process(tmp_path, since):
    path = tmp_path / "lock"
    path.write_text(f'{{"pid": 1, "host": "here", "command": "x", "since": {since}}}')
    assert locks.holder_of(path) == "another process"
