"""Loading in the background: wishes add up, and the end waits for what is under way."""

import threading
from types import SimpleNamespace

import pytest

from pipelines.loader import Loader


class Loads:
    """What a loader asks of an archive; a load ends when the test says so."""

    def __init__(self):
        self.settings = SimpleNamespace(datasets=("edge_stat",))
        self.began, self.go_on = threading.Semaphore(0), threading.Semaphore(0)
        self.published = 0

    def bring_level(self, datasets):
        assert [dataset.name for dataset in datasets] == ["edge_stat"]
        self.began.release()
        assert self.go_on.acquire(timeout=60)
        yield SimpleNamespace(table="edge_stat", days=["a day"])

    def publish(self):
        self.published += 1


@pytest.fixture
def loads():
    return Loads()


def test_without_a_wish_nothing_is_done(loads):
    with Loader(loads, print) as loader:
        loader.finish()
    assert loads.published == 0


def test_wishes_that_come_meanwhile_are_granted_together(loads):
    told = []
    with Loader(loads, told.append) as loader:
        loader.load("October")
        assert loads.began.acquire(timeout=60)
        loader.load("September")
        loader.load("August")
        loads.go_on.release(2)
        assert loads.began.acquire(timeout=60)
        loader.finish()
    assert loads.published == 2
    assert [text.split()[3].rstrip(",") for text in told] == ["October", "August"]
    assert loader.loaded == {"edge_stat"}


def test_the_end_waits_for_what_is_under_way_and_forgets_the_rest(loads):
    with Loader(loads, print) as loader:
        loader.load("October")
        assert loads.began.acquire(timeout=60)
        loader.load("September")
        loads.go_on.release()
        loader.finish()
    assert loads.published in (1, 2)  # September, if the thread was quicker than the end
    assert not loads.began.acquire(blocking=False) or loads.published == 2


def test_a_run_that_is_broken_off_waits_for_it_as_well(loads):
    def broken_off():
        with Loader(loads, print) as loader:
            loader.load("October")
            assert loads.began.acquire(timeout=60)
            raise KeyboardInterrupt

    loads.go_on.release()
    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert loads.published == 1
