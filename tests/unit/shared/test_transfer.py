"""Objects are files, checked both ways; the first error ends all transfers."""

import hashlib
import os

import pytest

from resources.fs.object_store import StoreError
from resources.shared import transfer
from resources.shared.index import Entry
from tests.support.cold_store import in_folder


@pytest.fixture
def store(tmp_path, monkeypatch):
    return in_folder(tmp_path / "store", monkeypatch)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    return path, Entry(hashlib.sha256(b"content").hexdigest(), 7)


def test_what_was_put_is_fetched(store, file, tmp_path):
    path, entry = file
    transfer.put(store, path, entry)
    transfer.fetch(store, entry, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"content"


def test_a_file_that_changes_while_it_is_put_is_refused(store, file):
    path, entry = file
    path.write_bytes(b"other")
    with pytest.raises(StoreError, match="reads back as 5 other bytes than the 7"):
        transfer.put(store, path, entry)


def test_an_object_that_has_changed_leaves_no_file(store, file, tmp_path):
    path, entry = file
    transfer.put(store, path, entry)
    (store.root / "bucket/cold" / entry.key).write_bytes(b"changed")
    with pytest.raises(StoreError, match="is not what was put there"):
        transfer.fetch(store, entry, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_file_system_without_links_gets_a_copy(file, tmp_path, monkeypatch):
    path, _ = file
    transfer.link(path, tmp_path / "linked")
    assert path.samefile(tmp_path / "linked")

    def refused(*_):
        raise OSError

    monkeypatch.setattr(os, "link", refused)
    transfer.link(path, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"content"
    assert not path.samefile(tmp_path / "copy")


def test_the_first_error_is_raised_and_ends_the_rest():
    done = []

    def work(one):
        if one == 3:
            raise StoreError("no")
        done.append(one)

    with pytest.raises(StoreError, match="no"):
        transfer.for_each(range(10_000), work)
    assert len(done) < 10_000 - 1
