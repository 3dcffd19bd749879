"""What was erased is known by a salted hash, and only as long as the file is as it was written."""

from datetime import date, timedelta

import pytest

from resources.raw import erasures, tombstones
from resources.raw.erasures import Erasure, Erasures, ErasuresUnreadable, ItemKind, PlainItem
from tests.support.refused import refuse_to_read

DAY = date(2026, 11, 20)
STREAM = PlainItem.parse(ItemKind.STREAM, "A.example/live/One")


def begun(item=STREAM):
    return Erasure.begin(item, "2026-11-22T00:00:00+00:00", DAY)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("stream", "a.example/one"), ("domain", "a/b/c"), ("address", ""), ("domain", " ")],
)
def test_a_name_that_is_none_is_refused(kind, value):
    with pytest.raises(ValueError, match=f"is no {kind}"):
        PlainItem.parse(ItemKind(kind), value)


def test_it_is_read_as_it_was_written(tmp_path):
    raw, one = tmp_path / "raw", begun()
    assert Erasures.of(raw) == Erasures()
    Erasures().with_(one).write(raw)
    assert Erasures.of(raw).every == (one,)
    assert "example" not in (tmp_path / erasures.FILE).read_text()
    assert erasures.in_words(raw) == [
        "An erasure was broken off. Run `livestats erase`: it finishes it."
    ]


@pytest.mark.parametrize(
    ("item", "is_erased"),
    [
        ("a.example/live/One", True),
        ("A.EXAMPLE./live/One", True),
        ("a.example//One", True),  # a list that names no application
        ("a.example/live/one", False),
        ("a.example", False),
        ("the account", False),
    ],
)
def test_an_item_is_told_from_its_neighbours(item, is_erased):
    assert Erasures((begun(),)).names(DAY, item) is is_erased
    assert not Erasures((begun(),)).names(DAY + timedelta(days=1), item)


def test_streams_of_an_erased_domain_are_erased():
    found = Erasures((begun(PlainItem.parse(ItemKind.DOMAIN, "a.example")),))
    assert found.names(DAY, "a.example/live/one")
    assert not found.names(DAY, "b.example/live/one")


def test_equal_items_have_different_hashes():
    assert begun().hashes != begun().hashes


def test_a_damaged_file_is_no_empty_one(tmp_path):
    Erasures().with_(begun()).write(tmp_path / "raw")
    path = tmp_path / erasures.FILE
    path.write_bytes(path.read_bytes().replace(b"stream", b"domain"))
    with pytest.raises(ErasuresUnreadable, match="Restore it from a backup"):
        Erasures.of(tmp_path / "raw")


def test_a_file_that_is_gone_is_no_empty_one_where_a_day_has_a_tombstone(tmp_path):
    raw = tmp_path / "raw"
    assert Erasures.of(raw) == Erasures()
    Erasures().with_(begun()).write(raw)
    day = raw / "traffic" / str(DAY)
    day.mkdir(parents=True)
    tombstones.write(day, [])
    assert Erasures.of(raw).every
    (tmp_path / erasures.FILE).unlink()
    with pytest.raises(ErasuresUnreadable, match="is gone") as found:
        Erasures.of(raw)
    assert "erase the same items again" in found.value.remedy
    assert Erasures.of(raw, may_be_gone=True) == Erasures()


def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path, monkeypatch):
    Erasures().with_(begun()).write(tmp_path / "raw")
    refuse_to_read(monkeypatch, erasures.FILE)
    erasures._read.clear()
    with pytest.raises(ErasuresUnreadable, match="Permission denied.*leave it as it is"):
        Erasures.of(tmp_path / "raw")
