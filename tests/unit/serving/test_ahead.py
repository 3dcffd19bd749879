"""What is copied ahead of a publication only saves time: what is served is the warehouse, always."""

import errno
import filecmp
import os
import shutil
import subprocess
import sys
import threading
from collections import namedtuple
from datetime import date, timedelta
from pathlib import Path
from unittest import mock

import dagster as dg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.backfill import run as backfill_run
from pipelines.orchestration.asset_graph import all_assets
from resources.api.catalog import DATASETS
from resources.fs import atomic
from resources.home.layout import Home
from resources.serving import ahead
from resources.serving import publish as served
from resources.serving.ahead import Ahead
from resources.warehouse import connection as warehouse_connection
from resources.warehouse import load
from tests.support.archives import lab
from tests.support.lake_files import store

ZONE = "Asia/Shanghai"
COUNT = DATASETS["stream_count"]
DAY = date(2026, 11, 20)
DIE = """
import os, signal, sys
from pathlib import Path
from resources import ahead
ahead.WORTH_BYTES = 0
begun = ahead.Ahead()
begun.begin(Path(sys.argv[1]))
begun._work.thread.join()
assert os.fstat(begun._work.descriptor).st_size
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def _however_little(monkeypatch):
    monkeypatch.setattr(ahead, "WORTH_BYTES", 0)


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def publish(home):
    """Puts rows of a domain into the lake, loads them, and publishes."""
    version = iter(range(100))

    def call(name, begun=None):
        rows = [{"domain": f"{name}-{i}"} for i in range(1000)]
        store(home.lake, COUNT, DAY, rows, next(version))
        with warehouse_connection.writing(home, ZONE) as connection:
            load.bring_level(connection, home, COUNT)
            return served.publish(connection, home, begun)

    return call


@pytest.fixture
def begun(home):
    """Begins, and waits for all of it."""

    def call():
        found = Ahead()
        found.begin(home.served)
        if found._work is not None:
            found._work.thread.join()
        return found

    return call


@pytest.fixture
def whole(monkeypatch):
    """How often a whole file was copied to be served."""
    calls = []
    real = atomic.copy

    def copy(path, new):
        calls.append(path)
        real(path, new)

    monkeypatch.setattr(atomic, "copy", copy)
    return calls


def shown(home):
    with served.reading(home, ZONE) as connection:
        return connection.execute("SELECT max(domain) FROM stream_count").fetchall()[0][0]


def is_the_warehouse(home):
    return filecmp.cmp(home.warehouse, home.served, shallow=False)


# The two files that are compared -----------------------------------------------------------------


@settings(deadline=None)
@given(
    blocks=st.lists(st.sampled_from(b"abc"), max_size=5),
    held=st.lists(st.sampled_from(b"abc"), max_size=5),
    more=st.binary(max_size=3),
    cut=st.integers(0, 3),
)
def test_whatever_stands_in_a_file_it_is_made_the_same_and_only_that_is_written(
    tmp_path_factory, blocks, held, more, cut
):
    size = 8
    folder = tmp_path_factory.mktemp("two")
    source, new = folder / "source", folder / "new"
    wanted = [bytes([b]) * size for b in blocks] + [more] * bool(more)
    before = b"".join(bytes([b]) * size for b in held)[: max(0, len(held) * size - cut)]
    source.write_bytes(b"".join(wanted))
    new.write_bytes(before)
    differing = sum(
        len(text) for i, text in enumerate(wanted) if before[i * size : (i + 1) * size] != text
    )
    with mock.patch.object(atomic, "BLOCK", size):
        assert atomic.bring_level(source, new) == differing
    assert new.read_bytes() == source.read_bytes()


# What is served ----------------------------------------------------------------------------------


def test_a_publication_writes_only_what_the_load_has_changed(home, publish, begun, whole):
    publish("a")
    whole.clear()
    found = publish("b", begun())
    assert whole == []
    assert found.is_new
    assert found.path.stat().st_mode & 0o222 == 0
    assert found.path.stat().st_nlink == 1
    assert shown(home) == "b-999"
    assert is_the_warehouse(home)


def test_no_file_that_was_ever_served_is_written_to(publish, begun):
    """Somebody may have it open, whatever its name is by now."""
    held = []
    for name in "abcd":
        path = publish(name, begun()).path
        held.append((path.open("rb"), path.read_bytes(), path.stat().st_ino))
    for file, content, _ in held:
        with file:
            assert file.read() == content
    assert len({inode for _, _, inode in held}) == len(held)


@pytest.mark.parametrize("content", [b"", b"wrong" * 300_000], ids=["nothing yet", "other bytes"])
def test_what_was_copied_ahead_may_hold_anything(content, home, publish, begun):
    publish("a")
    found = begun()
    os.ftruncate(found._work.descriptor, 0)
    os.pwrite(found._work.descriptor, content, 0)
    publish("b", found)
    assert is_the_warehouse(home)
    assert shown(home) == "b-999"


def test_it_ends_early_if_the_publication_comes_first(home, publish, monkeypatch):
    publish("a")
    monkeypatch.setattr(ahead, "_STEP", 4096)
    real, under_way, goes_on = os.sendfile, threading.Event(), threading.Event()

    def slow(*args):
        under_way.set()
        goes_on.wait(60)
        return real(*args)

    monkeypatch.setattr(os, "sendfile", slow)
    found = Ahead()
    found.begin(home.served)
    assert under_way.wait(60)
    found._work.ends.set()  # as giving it does, which then waits for the step
    goes_on.set()
    publish("b", found)
    assert is_the_warehouse(home)


def test_another_process_may_publish_meanwhile(home, publish, begun):
    publish("a")
    found = begun()
    publish("b")
    publish("c")  # the file that was copied is gone
    publish("d", found)
    assert shown(home) == "d-999"
    assert is_the_warehouse(home)


def test_a_crash_while_the_rest_is_written_leaves_the_old_copy_served(
    home, publish, begun, monkeypatch
):
    publish("a")
    found = begun()
    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            publish("b", found)
    assert shown(home) == "a-999"
    assert len([*home.served.parent.iterdir()]) == 2
    publish("c", begun())
    assert shown(home) == "c-999"


# Nothing is left of it ---------------------------------------------------------------------------


def test_a_killed_process_leaves_nothing(home, publish):
    publish("a")
    there = sorted(home.served.parent.iterdir())
    died = subprocess.run([sys.executable, "-c", DIE, str(home.served)], check=False)
    assert died.returncode == -9
    assert sorted(home.served.parent.iterdir()) == there


def test_what_is_not_wanted_goes(home, publish, begun):
    publish("a")
    there = sorted(home.served.parent.iterdir())
    opened = len([*Path("/proc/self/fd").iterdir()])
    found = begun()
    found.close()
    assert sorted(home.served.parent.iterdir()) == there
    assert len([*Path("/proc/self/fd").iterdir()]) == opened
    found.close()
    publish("b", found)
    assert shown(home) == "b-999"


def test_it_is_begun_once(home, publish, begun):
    publish("a")
    found = begun()
    work = found._work
    found.begin(home.served)
    assert found._work is work
    found.close()


# Where it is not worth it ------------------------------------------------------------------------


def test_nothing_is_copied_before_anything_is_served(begun):
    assert begun()._work is None


def test_little_is_not_copied_ahead(publish, begun, monkeypatch):
    publish("a")
    monkeypatch.setattr(ahead, "WORTH_BYTES", 1 << 30)
    assert begun()._work is None


def test_nothing_is_copied_ahead_where_captures_need_the_room(publish, begun, monkeypatch):
    size = publish("a").size
    usage = namedtuple("usage", "total used free")
    for free, is_begun in ((2 * size + 10**9 - 1, False), (2 * size + 10**9, True)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: usage(10**12, 0, free))
        found = begun()
        assert (found._work is not None) is is_begun
        found.close()


def test_nothing_is_copied_ahead_where_a_copy_costs_nothing(publish, begun, monkeypatch):
    publish("a")
    monkeypatch.setattr(ahead.fcntl, "ioctl", lambda *_: 0)
    assert begun()._work is None


@pytest.mark.parametrize("at", ["open", "link"])
def test_where_files_cannot_be_without_a_name_the_whole_is_copied(
    at, home, publish, begun, whole, monkeypatch
):
    publish("a")
    whole.clear()
    real = getattr(os, at)

    def cannot(*args, **more):
        if at == "link" or args[1] & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        return real(*args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(os, at, cannot)
        publish("b", begun())
    assert whole == [home.warehouse]
    assert is_the_warehouse(home)


def test_a_full_disk_is_told_and_ends_no_run(home, publish, begun, monkeypatch, caplog):
    publish("a")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "sendfile", full)
    found = begun()
    assert "No space left on device" in caplog.text
    publish("b", found)
    assert is_the_warehouse(home)


# Runs --------------------------------------------------------------------------------------------


def test_the_run_of_the_day_after_copies_nothing_whole(tmp_path, whole):
    def run(archive, back):
        day = archive.today - timedelta(days=back)
        todo = backfill_run.plan(archive, day, day, ["stream_count", "edge_stat"])
        assert backfill_run.run(archive, todo, print).is_complete

    with lab(tmp_path / "home") as one:
        run(one.archive, 2)
        assert len(whole) == 1
        run(one.archive, 1)
        assert len(whole) == 1
        assert one.archive.ahead._work is None
        assert is_the_warehouse(one.archive.home)


@pytest.mark.parametrize(
    ("chosen", "is_begun"),
    [(["warehouse"], False), (["warehouse", "marts", "served"], True)],
    ids=["tables alone", "all that is served"],
)
def test_a_load_begins_with_it_if_it_is_going_to_publish(chosen, is_begun, tmp_path, monkeypatch):
    begins = []
    monkeypatch.setattr(Ahead, "begin", lambda _, served: begins.append(served))
    with lab(tmp_path / "home") as whole, dg.DagsterInstance.ephemeral() as history:
        one = whole.only("domain", "stream_count")
        one.capture([DAY])
        for loaded in (2, 0):  # tables that are behind
            begins.clear()
            done = dg.materialize(
                all_assets(one.archive),
                selection=dg.AssetSelection.key_prefixes(*chosen),
                resources={"archive": one.archive},
                instance=history,
            )
            assert done.success
            assert begins == [one.archive.home.served] * (loaded if is_begun else 0)
