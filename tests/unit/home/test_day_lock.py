"""Whoever writes a day holds its lock, and removes what killed processes left there."""

from datetime import date

import pytest

from resources.api.catalog import DATASETS
from resources.fs import locks
from resources.home import day_lock
from resources.home.layout import Home

DAY, EARLIER = date(2026, 11, 20), date(2026, 11, 19)
EDGE, DOMAIN = DATASETS["edge_stat"], DATASETS["domain"]


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def left_behind(home, dataset, day):
    """A folder in raw/ and a file in lake/ that a killed process left."""
    raw = home.raw / dataset.name / str(day) / ".making-capture-1-00000000"
    lake = home.lake / dataset.name / f"day={day}" / ".making-rows.parquet-1-00000000"
    raw.mkdir(parents=True)
    (raw / "responses.zst").touch()
    lake.parent.mkdir(parents=True)
    lake.touch()
    return raw, lake


def test_a_writer_that_waits_for_the_day_tidies_it(home):
    raw, lake = left_behind(home, EDGE, DAY)
    with day_lock.locked(home, EDGE, DAY):
        assert [raw.exists(), lake.exists()] == [False, False]
        assert day_lock.try_lock(home, EDGE, DAY) is None


def test_a_writer_that_does_not_wait_tidies_only_if_it_has_the_lock(home):
    with locks.lock(day_lock.file_of(home, EDGE, DAY)):
        raw, lake = left_behind(home, EDGE, DAY)
        assert day_lock.try_lock(home, EDGE, DAY) is None
        assert raw.exists()
        assert lake.exists(), "its writer lives"
    with day_lock.try_lock(home, EDGE, DAY):
        assert [raw.exists(), lake.exists()] == [False, False]


def test_another_day_is_not_touched(home):
    raw, lake = left_behind(home, EDGE, EARLIER)
    with day_lock.locked(home, EDGE, DAY):
        assert raw.exists()
        assert lake.exists()


def test_a_dimension_has_one_lock_and_one_history(home):
    raw, lake = left_behind(home, DOMAIN, EARLIER)
    with day_lock.try_lock(home, DOMAIN, DAY, whole_history=True):
        assert [raw.exists(), lake.exists()] == [False, False]
        assert day_lock.try_lock(home, DOMAIN, EARLIER) is None
