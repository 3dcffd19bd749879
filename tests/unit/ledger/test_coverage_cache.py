"""What captures asked about is kept in memory and in a cache file (test_cache_file has its harms)."""

from copy import deepcopy

from resources.ledger import coverage_cache
from resources.ledger.coverage_cache import CaptureItems, DatasetCache

ITEMS = CaptureItems("digest", ("a.example",), ("capture",), (), "domains", "values")
FULL = DatasetCache({"capture": ITEMS}, {"digest": ["a"]}, {"key": ["b"]})


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "remembered" / "items-edge_stat.json"
    coverage_cache.write(path, FULL)
    assert coverage_cache.read(path) == FULL


def test_a_file_that_is_not_as_written_is_an_empty_one(tmp_path, monkeypatch):
    path = tmp_path / "items-edge_stat.json"
    coverage_cache.write(path, FULL)
    monkeypatch.setattr(coverage_cache, "_FORMAT", "items 99")
    monkeypatch.setattr(coverage_cache, "_kept", {})  # in another process
    assert coverage_cache.read(path) == DatasetCache()


def test_what_was_found_since_is_known_until_somebody_writes_the_file(tmp_path):
    path = tmp_path / "items-edge_stat.json"
    coverage_cache.write(path, deepcopy(FULL))
    of_another_process = path.read_bytes()
    coverage_cache.read(path).captures["another"] = ITEMS
    assert {*coverage_cache.read(path).captures} == {"capture", "another"}
    coverage_cache.write(path, coverage_cache.read(path))
    assert {*coverage_cache.read(path).captures} == {"capture", "another"}
    path.write_bytes(of_another_process)
    assert coverage_cache.read(path) == FULL
    path.unlink()
    assert coverage_cache.read(path) == DatasetCache()
