"""A cache file that is missing, damaged or of another format costs a read, and never an answer."""

import pytest

from resources.ledger import cache_file

FACTS = {"2026-11-03": [[1, 2, 3, 4], ["a.example", None]]}


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "remembered" / "raw-edge_stat"
    assert cache_file.write(path, "days 7", FACTS)
    assert cache_file.read(path, "days 7") == FACTS
    assert cache_file.stat_of(path) == cache_file.numbers_of(path.stat())


@pytest.mark.parametrize("harm", ["gone", "empty", "a byte", "half", "another format", "a folder"])
def test_a_file_that_is_not_as_written_holds_no_facts(tmp_path, harm):
    path = tmp_path / "raw-edge_stat"
    cache_file.write(path, "days 7", FACTS)
    data = path.read_bytes()
    if harm in ("gone", "a folder"):
        path.unlink()
    if harm == "a folder":
        path.mkdir()
    elif harm == "empty":
        path.write_bytes(b"")
    elif harm == "a byte":
        path.write_bytes(data.replace(b"a.example", b"b.example"))
    elif harm == "half":
        path.write_bytes(data[: len(data) // 2])
    assert cache_file.read(path, "days 8" if harm == "another format" else "days 7") == {}


def test_a_folder_that_cannot_be_written_is_told_and_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    assert not cache_file.write(tmp_path / "file" / "raw-edge_stat", "days 7", FACTS)
    assert cache_file.stat_of(tmp_path / "file" / "raw-edge_stat") is None


def test_every_write_gives_another_stat(tmp_path):
    path = tmp_path / "raw-edge_stat"
    cache_file.write(path, "days 7", FACTS)
    before = cache_file.stat_of(path)
    cache_file.write(path, "days 7", FACTS)
    assert cache_file.stat_of(path) != before
