"""Loading in the background: wishes add up, and the end waits for what is under way."""

import re
import threading
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing.context import SpawnContext, SpawnProcess

import pytest

from pipelines.backfill.loader import Loader
from resources.api.catalog import DATASETS
from resources.archive import Archive
from resources.fs import locks
from resources.serving.publish import Published
from resources.warehouse.load import Loaded
from tests.support.archives import leftovers
from tests.support.lake_files import store


class Loads:
    """Stands in for the process that loads; a load ends when the test says so."""

    def __init__(self, patch):
        self.began, self.go_on = threading.Semaphore(0), threading.Semaphore(0)
        self.published = 0
        patch.setattr(Loader, "_load", lambda _: self.load())

    def load(self):
        self.began.release()
        assert self.go_on.acquire(timeout=60)
        self.published += 1


@pytest.fixture
def loads(monkeypatch):
    return Loads(monkeypatch)


def test_without_a_wish_nothing_is_done(loads):
    with Loader(None, print, print) as loader:
        loader.finish()
    assert loads.published == 0


def test_wishes_that_come_meanwhile_are_granted_together(loads):
    told = []
    with Loader(None, told.append, print) as loader:
        loader.load("October")
        assert loads.began.acquire(timeout=60)
        loader.load("September")
        loader.load("August")
        loads.go_on.release(2)
        assert loads.began.acquire(timeout=60)
        loader.finish()
    assert loads.published == 2
    assert [text.split()[3].rstrip(",") for text in told] == ["October", "August"]


def test_the_end_waits_for_what_is_under_way_and_forgets_the_rest(loads):
    with Loader(None, print, print) as loader:
        loader.load("October")
        assert loads.began.acquire(timeout=60)
        loader.load("September")
        loads.go_on.release()
        loader.finish()
    assert loads.published in (1, 2)  # September, if the thread was quicker than the end
    assert not loads.began.acquire(blocking=False) or loads.published == 2


def test_a_run_that_is_broken_off_waits_for_it_as_well(loads):
    def broken_off():
        with Loader(None, print, print) as loader:
            loader.load("October")
            assert loads.began.acquire(timeout=60)
            raise KeyboardInterrupt

    loads.go_on.release()
    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert loads.published == 1


# The process that loads -------------------------------------------------------------------------


@pytest.fixture
def stored(tmp_path):
    """An archive whose lake holds one day of one table, and a list for what is reported."""
    environ = {"LIVESTATS_HOME": str(tmp_path / "home"), "LIVESTATS_FIRST_DAY": "2026-11-18"}
    archive = Archive.open(environ, tmp_path)
    store(archive.home.lake, DATASETS["stream_count"], date(2026, 11, 20), [{"domain": "a"}])
    return archive, []


def test_another_process_loads_and_what_it_did_is_reported_here(stored):
    archive, heard = stored
    with Loader(archive, print, heard.append) as loader:
        loader._load()
    assert {e.table for e in heard if isinstance(e, Loaded) and e.days} == {"stream_count"}
    assert sum(event.rows for event in heard if isinstance(event, Loaded)) == 1
    assert isinstance(heard[-1], Published)
    with archive.reading() as connection:
        assert connection.execute("SELECT domain FROM stream_count").fetchall() == [("a",)]


@pytest.mark.slow
def test_a_load_takes_one_process_and_one_thread_of_duckdb(stored, monkeypatch):
    """Executors replace a worker that has done its tasks, and wait for the new one at the end."""
    started, asked = [], []

    def process(**about):
        started.append(about)
        return SpawnProcess(**about)

    monkeypatch.setattr(SpawnContext, "Process", staticmethod(process))
    submit = ProcessPoolExecutor.submit
    monkeypatch.setattr(
        ProcessPoolExecutor, "submit", lambda *words: asked.append(words[-1]) or submit(*words)
    )
    with Loader(stored[0], print, print) as loader:
        loader._load()
    assert len(started) == 1
    assert [one.threads for one in asked if isinstance(one, Archive)] == [1]


def test_a_load_that_its_parent_breaks_off_ends_and_leaves_nothing(stored):
    """It waits for the lock here, as it would for a statement of DuckDB."""
    archive, heard = stored
    told = threading.Event()
    with locks.lock(archive.home.lock_file("warehouse")):
        loader = Loader(archive, print, heard.append)
        loader.load("November")
        while loader._process is None:
            told.wait(0.01)
        loader.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
        assert not loader._thread.is_alive()
    assert heard == []
    assert leftovers(archive.home.root) == []


def test_its_error_is_told_here(stored):
    archive, _ = stored
    archive.home.warehouse.parent.mkdir(parents=True, exist_ok=True)
    archive.home.warehouse.write_bytes(b"<html>not a database</html>")
    told = []
    with Loader(archive, told.append, print) as loader:
        loader.load("November")
        while len(told) < 2 and loader._thread.is_alive():
            loader._thread.join(0.1)
        loader.finish()
    assert "Not loaded yet: " in told[1]
    assert "livestats publish" in told[1]
    assert re.search(r" \(\w+, connection\.py:\d+\) The capture goes on", told[1])


def test_what_was_loaded_before_an_error_is_counted(stored):
    """The tables are loaded, and the link to the served copy cannot be switched."""
    archive, heard = stored
    (archive.home.served / "a folder in its place").mkdir(parents=True)
    told = []
    with Loader(archive, told.append, heard.append) as loader:
        loader.load("November")
        while len(told) < 2 and loader._thread.is_alive():
            loader._thread.join(0.1)
        loader.finish()
    assert re.search(r"Not loaded yet: .*\(\w+, \w+\.py:\d+\) The capture goes on", told[1])
    assert sum(event.rows for event in heard if isinstance(event, Loaded)) == 1
    assert not any(isinstance(event, Published) for event in heard)
