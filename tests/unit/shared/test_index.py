"""The newest index is that of the last lease; one that has changed is never read."""

import pytest

from resources.fs.object_store import StoreError
from resources.shared import index
from resources.shared.index import Entry, Index, IndexName
from tests.support.cold_store import in_folder

MADE = Index(home="h", host="x", files={"archive.json": Entry("0" * 64, 3)}, is_swept=False)


@pytest.fixture
def store(tmp_path, monkeypatch):
    return in_folder(tmp_path / "store", monkeypatch)


def test_an_index_is_read_as_it_was_written(store):
    assert index.newest(store) is None
    name = index.write(store, MADE, None, 7)
    assert index.newest(store) == name
    assert index.read(store, name) == MADE
    assert IndexName.parse(name.key) == name
    assert IndexName.parse("index/x.json.gz") is None


def test_a_later_lease_comes_after_all_that_an_earlier_one_writes(store):
    first = index.write(store, MADE, None, 7)
    second = index.write(store, MADE, first, 7)
    of_other = index.write(store, MADE, second, 9)
    late = index.write(store, MADE, second, 7)
    assert first < second < late < of_other == index.newest(store)


def test_a_lease_of_a_database_that_was_made_anew_goes_on_after_the_last_index(store):
    before = index.write(store, MADE, None, 1_000)
    assert index.write(store, MADE, before, 3) > before


def test_what_has_changed_is_refused_with_what_to_do(store):
    name = index.write(store, MADE, None, 7)
    path = store.root / "bucket/cold" / name.key
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(StoreError, match="is damaged: it has changed since it was written"):
        index.read(store, name)


def test_an_index_of_a_newer_version_is_refused(store, monkeypatch):
    name = index.write(store, MADE, None, 7)
    monkeypatch.setattr(index, "FORMAT", 0)
    with pytest.raises(StoreError, match="written by a newer livestats"):
        index.read(store, name)
