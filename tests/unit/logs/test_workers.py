"""Downloads side by side: a fault of one is its own, one of the disk ends all."""

from __future__ import annotations

import threading

import pytest

from resources.api.download import Link, Received
from resources.api.errors import FixRequest, TryLater
from resources.capture.fetcher import RunCancelled
from resources.logs import notes, workers
from resources.logs.notes import LogFile
from tests.support.archives import leftovers


class Downloads:
    """Stands in for the network: the link is the content."""

    def fetch(self, link, target, _most_bytes, check):
        check()
        if link.url == "bad":
            raise FixRequest("refused")
        if link.url == "disk":
            raise OSError(28, "No space left on device")
        target.write(link.url.encode())
        target.flush()
        return Received(len(link.url), notes.hashlib.sha256(link.url.encode()).hexdigest())


def jobs(*contents):
    return [
        workers.Job(LogFile("pull", "a.example", f"{n}.gz"), Link(text), 100)
        for n, text in enumerate(contents)
    ]


def test_each_file_gets_its_name_when_it_is_complete(tmp_path):
    todo = jobs("one", "bad", "two")
    done = {
        one.job.file.name: one.outcome
        for one in workers.download(Downloads(), todo, tmp_path, 2, threading.Event())
    }
    assert isinstance(done["1.gz"], FixRequest)
    assert sorted(path.read_text() for path in notes.files_in(tmp_path)) == ["one", "two"]
    assert leftovers(tmp_path) == []


def test_a_full_disk_ends_it(tmp_path):
    with pytest.raises(OSError, match="No space"):
        [*workers.download(Downloads(), jobs("disk"), tmp_path, 1, threading.Event())]
    assert leftovers(tmp_path) == []


def test_a_run_that_is_cancelled_ends(tmp_path):
    halt = threading.Event()
    halt.set()
    with pytest.raises(RunCancelled):
        [*workers.download(Downloads(), jobs("one"), tmp_path, 1, halt)]
    assert [*notes.files_in(tmp_path)] == []


@pytest.mark.parametrize("no_answer", [True, False])
def test_a_storage_that_is_down_is_not_asked_for_every_file(tmp_path, no_answer):
    class Down:
        asked = 0

        def fetch(self, *_):
            self.asked += 1
            raise TryLater("it is down", no_answer=no_answer)

    storage = Down()
    done = workers.download(storage, jobs(*["x"] * 200), tmp_path, 4, threading.Event())
    with pytest.raises(
        workers.StorageDown, match="20 downloads in a row failed, the last one: it"
    ) as down:
        for _ in done:
            pass
    assert down.value.no_answer is no_answer
    assert storage.asked < 40


def test_all_files_of_a_domain_that_fail_cost_no_other(tmp_path):
    class Partly(Downloads):
        def fetch(self, link, *rest):
            if link.url == "bad":
                raise TryLater("it breaks off")
            return super().fetch(link, *rest)

    todo = jobs(*["bad"] * 60, *[f"good {n}" for n in range(60)])
    done = [*workers.download(Partly(), todo, tmp_path, 1, threading.Event())]
    assert len(done) == 120
    assert len([*notes.files_in(tmp_path)]) == 60
