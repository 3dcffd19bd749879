"""Disk space of a home."""

from resources.monitoring import disk_space
from resources.monitoring.disk_space import DiskSpace


def test_space_is_tight_within_a_month_and_too_little_for_the_next_load():
    def of(free):
        return DiskSpace(free=free, total=100, load=10, month=5)

    assert [of(free).is_tight for free in (15, 14)] == [False, True]
    assert [of(free).is_too_little for free in (10, 9)] == [False, True]


def test_used_bytes_are_those_of_all_files_below(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(b"x" * 10_000)
    assert disk_space.disk_usage(tmp_path / "a") >= 10_000
    assert disk_space.disk_usage(tmp_path / "not there") == 0


def test_the_nearest_folder_of_a_home_that_does_not_exist_yet(tmp_path):
    assert disk_space.nearest(tmp_path / "a" / "b") == tmp_path
