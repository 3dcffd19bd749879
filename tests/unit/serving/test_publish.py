"""The served copy: always whole, never locked, switched at once."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from resources.api.catalog import DATASETS
from resources.fs import atomic
from resources.home.layout import Home
from resources.serving import publish as serving_publish
from resources.serving.publish import NothingServed
from resources.warehouse import connection as warehouse_connection
from resources.warehouse import identity, load
from tests.support.lake_files import store

ZONE = "Asia/Shanghai"
COUNT = DATASETS["stream_count"]
DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
HOLD = """
import duckdb, sys
held = duckdb.connect(sys.argv[1], read_only=True)
for _ in sys.stdin:
    print(held.execute("SELECT max(domain) FROM stream_count").fetchall()[0][0], flush=True)
"""


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def publish(home):
    """Puts a domain into the lake (None: nothing new), loads it, and publishes."""
    version = iter(range(100))

    def call(name=None):
        if name is not None:
            store(home.lake, COUNT, DAY, [{"domain": name}], next(version))
        with warehouse_connection.writing(home, ZONE) as connection:
            load.sync_table(connection, home, COUNT)
            return serving_publish.publish(connection, home)

    return call


def shown(home):
    with serving_publish.reading(home, ZONE) as connection:
        return connection.execute("SELECT max(domain) FROM stream_count").fetchall()[0][0]


def copies(home):
    return {p.name for p in home.served.parent.glob("livestats-*.duckdb")}


def nothing(home):
    with pytest.raises(NothingServed) as caught, serving_publish.reading(home, ZONE):
        pass
    return str(caught.value)


# Switching ---------------------------------------------------------------------------------------


def test_before_anything_is_published_the_way_to_it_is_named(home):
    said = nothing(home)
    assert str(home.served) in said
    assert "livestats backfill" in said
    assert "livestats publish" in said


def test_what_is_published_can_be_read_and_not_written(home, publish):
    found = publish("a")
    assert found.is_new
    assert found.path == home.served.resolve()
    assert found.size == found.path.stat().st_size
    assert home.served.is_symlink()
    with serving_publish.reading(home, ZONE) as connection:
        assert connection.execute("SELECT current_setting('TimeZone')").fetchall() == [(ZONE,)]
        with pytest.raises(duckdb.InvalidInputException, match="read-only"):
            connection.execute("CREATE TABLE mine AS SELECT 1")


def test_nobody_may_write_to_a_copy(publish):
    """DuckDB takes a lock on a file that it opens for writing, and then no other can open it."""
    mode = publish("a").path.stat().st_mode
    assert mode & 0o222 == 0
    assert mode & 0o400


def test_a_link_within_the_folder_lets_the_home_be_moved(home, publish, tmp_path):
    publish("a")
    assert home.served.readlink().name == str(home.served.readlink())
    home.root.rename(tmp_path / "moved")
    assert shown(Home(tmp_path / "moved")) == "a"


def test_the_next_copy_is_seen_by_who_connects_and_the_old_one_stays_with_who_has_it(home, publish):
    publish("a")
    with serving_publish.reading(home, ZONE) as old:
        publish("b")
        assert shown(home) == "b"
        publish("c")
        publish("d")  # by now the file of the first copy is gone
        assert old.execute("SELECT max(domain) FROM stream_count").fetchall() == [("a",)]
        assert shown(home) == "d"


def test_a_program_that_holds_the_served_copy_hinders_nobody(home, publish):
    publish("a")
    program = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home.served)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        for name in "bcd":
            program.stdin.write("?\n")
            program.stdin.flush()
            assert program.stdout.readline() == "a\n"
            assert publish(name).is_new
        assert shown(home) == "d"
        program.communicate("")


def test_a_copy_is_the_warehouse_byte_by_byte(home, publish):
    for name in "ab":
        path = publish(name).path
        assert path.read_bytes() == home.warehouse.read_bytes()
        assert path.stat().st_nlink == 1


def test_no_file_that_was_ever_served_is_written_to(publish):
    """Somebody may have it open, whatever its name is by now."""
    held = []
    for name in "abcd":
        path = publish(name).path
        held.append((path.open("rb"), path.read_bytes(), path.stat().st_ino))
    for file, content, _ in held:
        with file:
            assert file.read() == content
    assert len({inode for _, _, inode in held}) == len(held)


def test_unchanged_content_makes_no_new_copy(home, publish):
    first = publish("a")
    before = first.path.stat()
    again = publish()
    assert (again.path, again.size, again.is_new) == (first.path, first.size, False)
    assert first.path.stat().st_mtime_ns == before.st_mtime_ns
    assert copies(home) == {first.path.name}


def test_the_copy_before_stays_for_who_has_just_resolved_the_link(home, publish):
    found = [publish(name).path.name for name in "abcd"]
    assert copies(home) == set(found[-2:])
    publish()
    assert copies(home) == set(found[-2:])


def test_a_clock_set_back_costs_no_copy_that_is_served(home, publish):
    """The newest copy then has the oldest date of all."""
    ahead = NOW.timestamp() + 10**9
    for name in "ab":
        path = publish(name).path
        os.utime(path, (ahead, ahead))
    for name in "cd":
        assert publish(name).path.is_file()
        assert shown(home) == name


def test_other_files_in_the_folder_are_left_alone(home, publish):
    publish("a")
    mine = home.served.with_name("mine.duckdb")
    mine.write_text("mine")
    for name in "bc":
        publish(name)
    assert mine.read_text() == "mine"


# Crashes -----------------------------------------------------------------------------------------


class Crash(BaseException):
    """The end of the process, as far as the code under test can tell."""


@pytest.fixture
def crash(home, publish, monkeypatch):
    """Publishes a change, and fails at a call that is about the served copy."""

    def at(module, name, error=Crash):
        real = getattr(module, name)

        def call(*args):
            about = {p for arg in args for p in Path(str(arg)).parents}
            if home.served.parent in about:
                raise error
            return real(*args)

        with monkeypatch.context() as patch:
            patch.setattr(module, name, call)
            with pytest.raises(error):
                publish("b")

    return at


@pytest.mark.parametrize(
    ("module", "name"),
    [(atomic, "copy_file"), (atomic, "rename_into_place"), (atomic, "fsync"), (os, "symlink")],
    ids=["while copying", "before the copy has its name", "while flushing", "before the link"],
)
def test_a_crash_on_the_way_leaves_the_old_copy_served(module, name, home, publish, crash):
    publish("a")
    crash(module, name)
    assert shown(home) == "a"
    assert publish().is_new
    assert shown(home) == "b"
    assert [p for p in home.served.parent.iterdir() if p.name.startswith(atomic.TEMP_PREFIX)] == []


def test_a_crash_before_the_first_link_leaves_nothing_served(home, publish, crash):
    crash(os, "symlink")
    nothing(home)
    assert publish().is_new
    assert shown(home) == "b"


def test_a_full_disk_leaves_the_old_copy_and_nothing_half_made(home, publish, monkeypatch):
    def full(_source, target):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    publish("a")
    with monkeypatch.context() as patch:
        patch.setattr(atomic, "copy_file", full)
        with pytest.raises(OSError, match="No space"):
            publish("b")
    assert shown(home) == "a"
    assert len(copies(home)) == 1
    copy = home.served.resolve()
    names = {home.served.name, copy.name, identity.note_of(copy).name}
    assert {path.name for path in home.served.parent.iterdir()} == names


def test_a_note_whose_copy_was_never_finished_goes_with_the_next(home, publish, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    publish("a")
    with monkeypatch.context() as patch:
        patch.setattr(atomic, "rename_into_place", killed)
        patch.setattr(Path, "unlink", lambda *_, **__: None)  # nothing is removed after kill -9
        with pytest.raises(KeyboardInterrupt):
            publish("b")
    assert shown(home) == "a"
    publish("c")
    notes = {path.stem for path in home.served.parent.glob("livestats-*.json")}
    assert notes == {Path(name).stem for name in copies(home)}


def test_a_copy_that_is_gone_or_damaged_is_named_and_made_again(home, publish):
    path = publish("a").path
    path.chmod(0o600)
    path.write_bytes(b"damaged" * 1000)
    said = nothing(home)
    assert str(path) in said
    assert "livestats publish" in said
    assert publish().is_new
    assert shown(home) == "a"
    path.unlink()
    assert "livestats publish" in nothing(home)
    assert publish().is_new
    assert shown(home) == "a"
