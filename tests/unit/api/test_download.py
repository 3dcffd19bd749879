"""A download is whole or nothing, goes nowhere else, and tells its link to nobody."""

from __future__ import annotations

import http.server
import io
import logging
import threading
from typing import ClassVar

import pytest
import requests

from resources.api.download import Downloader, Link, LinkRefused, _length
from resources.api.errors import AnswerTooLarge, ApiError, FixRequest, TryLater
from resources.api.retry import RetryPolicy, Timing
from resources.api.transport import Timeouts

SECRET = "MarkedSignature8Z5Q1XKW"
BODY = b"\x1f\x8b not unpacked " * 100


class Storage(http.server.BaseHTTPRequestHandler):
    """A storage server: the path says what it does."""

    asked: ClassVar[list[tuple[str, dict[str, str]]]] = []
    faults = 0

    def do_GET(self):
        kind = self.path.partition("?")[0].strip("/")
        type(self).asked.append((kind, dict(self.headers)))
        if kind == "flaky" and type(self).faults:
            type(self).faults -= 1
            kind = "503"
        status = int(kind) if kind.isdecimal() else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/whole")
        if kind == "gzip":
            self.send_header("Content-Encoding", "gzip")
        body = BODY if status == 200 else f"quoted: {self.path}".encode()
        if kind != "endless":
            self.send_header("Content-Length", str(len(body) + 10 * (kind == "cut")))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def url():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Storage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def fetch(address, most=10_000, attempts=3, check=lambda: None):
    waits = []
    policy = RetryPolicy(fault_attempts=attempts, throttled_attempts=attempts)
    timing = Timing(monotonic=lambda: 0.0, sleep=waits.append, chance=lambda: 0.5)
    made = Downloader(policy, Timeouts(), timing)
    target = io.BytesIO()
    got = made.fetch(Link(address), target, most, check)
    assert got.bytes == len(target.getvalue())
    return target.getvalue(), waits


@pytest.mark.parametrize("kind", ["whole", "gzip", "endless"])
def test_the_bytes_come_as_they_are_sent_and_nothing_of_the_account_goes(url, kind):
    Storage.asked.clear()
    assert fetch(f"{url}/{kind}?Signature={SECRET}")[0] == BODY
    ((_, headers),) = Storage.asked
    assert {name.lower() for name in headers} <= {
        "host", "user-agent", "accept-encoding", "accept", "connection"}  # fmt: skip
    assert headers["Accept-Encoding"] == "identity"


def test_a_fault_is_tried_again_and_the_file_begun_anew(url):
    Storage.faults = 2
    body, waits = fetch(f"{url}/flaky")
    assert body == BODY
    assert sum(waits) == pytest.approx(0.5 + 1.0)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("403", LinkRefused),
        ("401", LinkRefused),
        ("404", FixRequest),
        ("302", FixRequest),
        ("500", TryLater),
        ("429", TryLater),
        ("cut", TryLater),
    ],
)
def test_what_does_not_come_is_told_without_the_link(url, caplog, kind, error):
    caplog.set_level(logging.DEBUG)
    Storage.asked.clear()
    with pytest.raises(error) as refused:
        fetch(f"{url}/{kind}?auth_key={SECRET}")
    texts = [str(refused.value), repr(refused.value), str(vars(refused.value)), caplog.text]
    assert not any(SECRET in text for text in texts)
    chained = refused.value.__cause__ or refused.value.__context__
    assert chained is None or SECRET not in str(chained)
    assert len(Storage.asked) == (3 if error is TryLater else 1)
    assert "whole" not in [name for name, _ in Storage.asked]


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://a.example/x", "", "//x", "http://"]
)
def test_other_schemes_are_not_opened(address):
    with pytest.raises(FixRequest):
        fetch(address)


@pytest.mark.parametrize("kind", ["whole", "endless"])
def test_a_file_that_is_too_large_is_given_up(url, kind):
    with pytest.raises(AnswerTooLarge):
        fetch(f"{url}/{kind}", most=len(BODY) - 1)


def test_a_host_that_is_not_there_is_told_without_the_link():
    with pytest.raises(ApiError) as refused:
        fetch(f"http://127.0.0.1:9/x?Signature={SECRET}")
    assert "127.0.0.1" in str(refused.value)
    assert SECRET not in f"{refused.value} {refused.value.__context__}"


def test_it_can_be_ended_between_two_pieces(url):
    def end():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(f"{url}/whole", check=end)


def test_a_wait_before_another_attempt_can_be_ended(url):
    Storage.asked.clear()
    asked = []

    def end():
        asked.append(1)
        if len(asked) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(f"{url}/503", check=end)
    assert len(Storage.asked) == 1


@pytest.mark.parametrize("text", ["9" * 5000, "", "-1", "٤", "1 2"])
def test_a_length_that_is_no_number_is_unknown(text):
    response = requests.Response()
    response.headers["Content-Length"] = text
    assert _length(response) is None
