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


def killed_holder(home, dataset, day):
    """The lock file of a process that was killed."""
    file = day_lock.file_of(home, dataset, day)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('{"pid": 1}')
    file.chmod(locks.FILE_MODE)


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


@pytest.mark.parametrize("dataset", [EDGE, DOMAIN], ids=lambda dataset: dataset.name)
def test_what_a_killed_process_left_of_a_day_goes_without_asking_for_the_day_again(home, dataset):
    killed_holder(home, dataset, DAY)
    raw, lake = left_behind(home, dataset, DAY)
    day_lock.tidy_after_kills(home)
    assert [raw.exists(), lake.exists()] == [False, False]
    assert [*home.locks.iterdir()] == []


def test_what_a_living_process_makes_stays_and_so_does_what_is_no_lock_of_days(home):
    day_lock.tidy_after_kills(home)  # without any lock
    with day_lock.locked(home, EDGE, DAY):
        raw, lake = left_behind(home, EDGE, DAY)
        for name in ("warehouse", "edge_stat.old", "other.2026-11-20"):
            (home.locks / name).touch(mode=locks.FILE_MODE)
        day_lock.tidy_after_kills(home)
        assert [raw.exists(), lake.exists()] == [True, True]
    assert sorted(path.name for path in home.locks.iterdir()) == [
        "edge_stat.old", "other.2026-11-20", "warehouse",
    ]  # fmt: skip


def test_a_folder_that_cannot_be_looked_at_holds_nothing_up(home, monkeypatch):
    killed_holder(home, EDGE, DAY)
    killed_holder(home, EDGE, EARLIER)
    raw, lake = left_behind(home, EDGE, DAY)
    remove = day_lock.atomic.remove_stale_temps

    def of_another_user(folder):
        if EARLIER.isoformat() in str(folder):
            raise PermissionError(13, "Permission denied")
        return remove(folder)

    monkeypatch.setattr(day_lock.atomic, "remove_stale_temps", of_another_user)
    day_lock.tidy_after_kills(home)
    assert [raw.exists(), lake.exists()] == [False, False]
