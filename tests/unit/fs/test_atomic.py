"""Files are there whole or not at all, whatever fails in between."""

import errno
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.fs import atomic

OLD, NEW = b"old content", b"new content, longer than the old"


class FullDisk(OSError):
    """Stands for any failure of the operating system."""


class Failing:
    """Lets the calls that change or flush something succeed, except the one with number `at`."""

    def __init__(self, monkeypatch, at):
        self.at, self.calls, self.names = at, 0, []
        for name in ("open", "fsync", "replace"):
            monkeypatch.setattr(os, name, self.wrapped(getattr(os, name)))
        monkeypatch.setattr(Path, "write_bytes", self.torn(Path.write_bytes))

    def counts(self, name):
        self.calls += 1
        self.names.append(name)
        return self.calls == self.at

    def wrapped(self, real):
        def call(*args, **more):
            if self.counts(real.__name__):
                raise FullDisk
            return real(*args, **more)

        return call

    def torn(self, real):
        def write(path, data):
            if self.counts("write"):
                real(path, data[: len(data) // 2])
                raise FullDisk
            return real(path, data)

        return write


@pytest.fixture
def failing(monkeypatch):
    def at(number):
        return Failing(monkeypatch, number)

    return at


# Whole or not at all -----------------------------------------------------------------------------


def test_a_file_is_written_aside_flushed_named_and_its_folder_flushed(tmp_path, failing):
    steps = failing(0)
    atomic.write_atomically(tmp_path / "x", NEW)
    assert steps.names == ["open", "write", "open", "fsync", "replace", "open", "fsync"]
    assert (tmp_path / "x").read_bytes() == NEW


@pytest.mark.parametrize("there", [True, False], ids=["replacing", "new"])
@pytest.mark.parametrize("step", range(1, 8))
def test_a_failure_at_any_step_leaves_the_old_file_or_the_new_and_nothing_aside(
    step, there, tmp_path, failing
):
    path = tmp_path / "x"
    if there:
        path.write_bytes(OLD)
    steps = failing(step)
    with pytest.raises(FullDisk):
        atomic.write_atomically(path, NEW)
    named = "replace" in steps.names[:-1]
    found = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    assert found == ({"x": NEW} if named else {"x": OLD} if there else {})


@pytest.mark.parametrize("step", range(1, 6))
def test_swapping_a_folder_in_fails_or_succeeds_as_a_whole(step, tmp_path, failing):
    new = atomic.temp_path(tmp_path / "x")
    new.mkdir()
    (new / "one").write_bytes(NEW)
    failing(step)
    with suppress(FullDisk):
        atomic.rename_into_place(new, tmp_path / "x")
    (found,) = tmp_path.iterdir()
    assert found in (new, tmp_path / "x")
    assert (found / "one").read_bytes() == NEW


def test_a_folder_never_replaces_one_that_holds_something(tmp_path):
    for name in ("x", ".making-x"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "one").write_text(name)
    with pytest.raises(OSError, match="not empty"):
        atomic.rename_into_place(tmp_path / ".making-x", tmp_path / "x")
    assert (tmp_path / "x" / "one").read_text() == "x"


def test_an_interrupt_leaves_nothing_aside_either(tmp_path, monkeypatch):
    def interrupted(_descriptor):
        raise KeyboardInterrupt

    (tmp_path / "x").write_bytes(OLD)
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        atomic.write_atomically(tmp_path / "x", NEW)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [OLD]


@settings(deadline=None)
@given(data=st.binary(max_size=1000))
def test_any_content_is_written_as_it_is(data, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "content"
    atomic.write_atomically(path, data)
    assert path.read_bytes() == data


# Of killed processes -----------------------------------------------------------------------------


def test_the_next_to_make_a_file_removes_what_killed_processes_left_of_it(tmp_path):
    left = atomic.temp_path(tmp_path / "x")
    other = atomic.temp_path(tmp_path / "y")
    for path in (left, other):
        path.write_bytes(NEW)
    atomic.write_atomically(tmp_path / "x", NEW)
    assert {p.name for p in tmp_path.iterdir()} == {"x", other.name}


def test_what_a_living_process_makes_stays(tmp_path):
    with atomic.making(tmp_path / "x") as slow:
        slow.write_bytes(OLD)
        atomic.write_atomically(tmp_path / "x", NEW)
        assert slow.read_bytes() == OLD
    assert (tmp_path / "x").read_bytes() == OLD
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_a_file_that_is_removed_before_it_is_locked_is_made_again(tmp_path, monkeypatch):
    real, made = atomic.fcntl.flock, []

    def removed_at_once(descriptor, kind):
        if not made:
            (found,) = tmp_path.iterdir()
            found.unlink()
            made.append(found)
        real(descriptor, kind)

    monkeypatch.setattr(atomic.fcntl, "flock", removed_at_once)
    atomic.write_atomically(tmp_path / "x", NEW)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [NEW]


def test_a_signal_just_after_a_file_was_made_leaves_none(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic.fcntl, "flock", interrupted)
    with pytest.raises(KeyboardInterrupt):
        atomic.write_atomically(tmp_path / "x", NEW)
    assert [*tmp_path.iterdir()] == []


# Copies ------------------------------------------------------------------------------------------


CONTENT = bytes(range(256)) * 9000


@pytest.mark.parametrize("content", [b"", b"x", CONTENT], ids=["empty", "a byte", "2 MB"])
def test_a_copy_has_the_same_bytes_and_is_a_file_of_its_own(content, tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(content)
    atomic.copy_file(source, target)
    source.write_bytes(b"changed")
    assert target.read_bytes() == content


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EOPNOTSUPP, errno.EINVAL])
@pytest.mark.parametrize("copied", [0, 1000], ids=["at once", "on the way"])
def test_where_the_kernel_cannot_copy_the_bytes_are_copied_one_way_or_the_other(
    code, copied, tmp_path, monkeypatch
):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(CONTENT)
    real, calls = os.copy_file_range, []

    def refusing(src, dst, count):
        calls.append(count)
        if copied and len(calls) == 1:
            return real(src, dst, copied)
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "copy_file_range", refusing)
    atomic.copy_file(source, target)
    assert target.read_bytes() == CONTENT


def test_a_system_without_copy_file_range_copies_too(tmp_path, monkeypatch):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(CONTENT)
    monkeypatch.delattr(os, "copy_file_range")
    atomic.copy_file(source, target)
    assert target.read_bytes() == CONTENT


def test_a_disk_that_is_full_while_copying_is_an_error(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "source").write_bytes(CONTENT)
    monkeypatch.setattr(os, "copy_file_range", full)
    with pytest.raises(OSError, match="No space"):
        atomic.copy_file(tmp_path / "source", tmp_path / "target")


# What crashes leave ------------------------------------------------------------------------------


def test_names_aside_differ_and_stand_in_the_same_folder(tmp_path):
    names = {atomic.temp_path(tmp_path / "x") for _ in range(100)}
    assert len(names) == 100
    assert {p.parent for p in names} == {tmp_path}
    assert all(p.name.startswith(atomic.TEMP_PREFIX) for p in names)


def test_only_what_is_half_made_is_removed(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / ".making-inside").touch()  # in a folder that is not the caller's
    for name in ("x.parquet", "making-y", ".hidden", "x.making-", ".makin"):
        (tmp_path / name).touch()
    before = set(tmp_path.rglob("*"))
    atomic.temp_path(tmp_path / "file").touch()
    half = atomic.temp_path(tmp_path / "folder")
    half.mkdir()
    (half / "one").touch()
    atomic.temp_path(tmp_path / "link").symlink_to(kept)
    atomic.temp_path(tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    assert atomic.remove_stale_temps(tmp_path) == 4
    assert set(tmp_path.rglob("*")) == before


def test_where_nothing_was_made_nothing_is_stale(tmp_path):
    assert atomic.remove_stale_temps(tmp_path) == 0
    assert atomic.remove_stale_temps(tmp_path / "not there") == 0
