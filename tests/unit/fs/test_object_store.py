"""Objects are the bytes that were put; a place holds no key; a store that is out is asked once."""

import io
import re

import pytest
from pyarrow import fs

from resources.fs.object_store import ObjectStore, Place, StoreError, open_store
from tests.support.cold_store import PLACE, Out, in_folder

SECRET = "aStore-Secret-key-41"


class Counting(Out):
    calls = 0

    def __getattr__(self, name):
        type(self).calls += 1
        return super().__getattr__(name)


@pytest.fixture
def store(tmp_path, monkeypatch):
    return in_folder(tmp_path / "store", monkeypatch)


def test_a_place_is_a_bucket_a_prefix_and_the_way_there():
    place = Place.parse("s3://bucket/a/b/?region=x&endpoint_override=https://store.example:9000")
    assert (place.text, place.path_of("k/e")) == ("s3://bucket/a/b", "bucket/a/b/k/e")
    assert dict(place.options)["endpoint_override"] == "https://store.example:9000"
    assert Place.parse("s3://bucket").path_of("k") == "bucket/k"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/srv/cold", "write it like s3://BUCKET"),
        ("s3://", "write it like"),
        ("s3://bucket:80/x", "write it like"),
        ("https://bucket/x", "write it like"),
        ("s3://bucket/x?regionx", "write it like"),
        ("s3://bucket/x?endpoint=y", "no option 'endpoint'. Known: endpoint_override"),
        (f"s3://key:{SECRET}@bucket/x", "it comes from AWS_ACCESS_KEY_ID"),
    ],
)
def test_what_is_no_place_is_refused_without_quoting_a_key(text, said):
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        Place.parse(text)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("key", ["a/responses.zst", "a/manifest.json.gz", "a/rows"])
def test_an_object_is_what_was_put_whatever_its_name(store, key):
    """pyarrow would compress, and unpack, what is called .zst or .gz."""
    data = bytes(range(256)) * 9000
    assert store.size(key) is None
    store.put(io.BytesIO(data), key)
    assert store.size(key) == len(data)
    assert store.objects == {f"bucket/cold/{key}": data}
    got = io.BytesIO()
    store.get(key, got)
    assert got.getvalue() == data
    store.delete(key)
    store.delete(key)
    assert store.objects == {}
    with pytest.raises(StoreError, match=f"s3://bucket/cold has no {key}"):
        store.get(key, io.BytesIO())


def test_a_store_that_is_out_is_not_asked_for_every_file_anew():
    store = ObjectStore(Place.parse(PLACE), Counting())
    for ask in (
        lambda: store.size("k"),
        lambda: store.delete("k"),
        lambda: store.get("k", io.BytesIO()),
        lambda: store.put(io.BytesIO(b"x"), "k"),
    ):
        with pytest.raises(
            StoreError, match="s3://bucket/cold cannot be used: .*NETWORK"
        ) as caught:
            ask()
        assert str(caught.value).endswith("connect.")
    assert Counting.calls == 1


def test_a_file_that_cannot_be_read_is_no_fault_of_the_store(store):
    class Broken(io.BytesIO):
        def read(self, *_):
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        store.put(Broken(), "k")
    assert store.size("other") is None


def test_the_store_of_a_place_is_reached_as_it_says():
    found = open_store(Place.parse(f"{PLACE}&force_virtual_addressing=false&scheme=http"))
    assert isinstance(found.files, fs.S3FileSystem)
    with pytest.raises(StoreError, match="cannot be used"):
        found.size("k")
