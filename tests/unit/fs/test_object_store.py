"""Objects are the bytes that were put; a place holds no key; a store that is out is asked once."""

import io
import os
import re
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pyarrow import fs

from resources.fs.object_store import (
    CHECKSUMS,
    MissingObject,
    ObjectStore,
    Place,
    StoreError,
    open_store,
    put_plainly,
)
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
    with pytest.raises(MissingObject, match=f"s3://bucket/cold has no {key}"):
        store.get(key, io.BytesIO())


@pytest.mark.parametrize("ask", ["get", "size"])
def test_where_the_bucket_is_gone_no_object_is_said_to_be_missing(store, ask):
    shutil.rmtree(store.root / "bucket")
    with pytest.raises(StoreError, match="cannot be used: there is no bucket bucket") as caught:
        store.get("k", io.BytesIO()) if ask == "get" else store.size("k")
    assert not isinstance(caught.value, MissingObject)


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


@pytest.fixture
def plain_server(monkeypatch):
    """A store that keeps what comes, as it comes; its address, and what it has kept."""
    kept = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self):
            kept.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.send_header("ETag", '"0"')
            self.end_headers()

        def log_message(self, *_):
            pass

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, SECRET)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", kept
        server.shutdown()
        thread.join()


def test_a_store_that_knows_no_checksums_behind_objects_gets_the_bytes_alone(
    plain_server, monkeypatch
):
    """The SDK puts them in chunks, with a checksum behind the last, unless it is told not to."""
    url, kept = plain_server
    monkeypatch.setenv(CHECKSUMS, "")
    monkeypatch.delenv(CHECKSUMS)
    place = Place.parse(f"s3://bucket/a?region=us-east-1&endpoint_override={url}")
    open_store(place).put(io.BytesIO(b"livestats"), "key")
    assert kept == [b"livestats"]


def test_the_store_of_aws_and_whoever_has_set_the_variable_are_left_alone(monkeypatch):
    for name in (CHECKSUMS, "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    put_plainly(None)
    assert CHECKSUMS not in os.environ
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://store.example")
    put_plainly(None)
    assert os.environ[CHECKSUMS] == "when_required"
    monkeypatch.setenv(CHECKSUMS, "when_supported")
    put_plainly("https://store.example")
    assert os.environ[CHECKSUMS] == "when_supported"
