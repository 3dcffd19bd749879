"""Headers that drip, or never end, are given up; a slow body behind them is another matter."""

from __future__ import annotations

import itertools
import socket
import threading
from contextlib import contextmanager, suppress

import pytest
import requests

from resources.api import header_deadline


@contextmanager
def serving(pieces):
    """A server that answers each connection with these pieces, as fast as they are taken."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, suppress(OSError):
                        connection.recv(65536)
                        for piece in pieces():
                            connection.sendall(piece)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def asked(url, **options):
    with requests.Session() as session:
        session.trust_env = False
        header_deadline.mount(session)
        return session.get(url, timeout=30, **options)


def without_an_end():
    return itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n")


def test_headers_without_an_end_are_given_up(monkeypatch):
    monkeypatch.setattr(header_deadline, "HEADERS_S", 0.05)
    with serving(without_an_end) as url, pytest.raises(requests.exceptions.ReadTimeout):
        asked(url)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_so_are_those_of_a_proxy(scheme, monkeypatch):
    monkeypatch.setattr(header_deadline, "HEADERS_S", 0.05)
    with serving(without_an_end) as url:
        proxies = {"http": url, "https": url}
        with pytest.raises((requests.exceptions.ReadTimeout, requests.exceptions.ConnectionError)):
            asked(f"{scheme}://api.example/", proxies=proxies)


def test_a_body_that_comes_later_has_its_own_time(monkeypatch):
    pieces = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"ok"]
    with serving(lambda: pieces) as url, asked(url, stream=True) as answer:
        monkeypatch.setattr(header_deadline, "HEADERS_S", -1.0)
        assert answer.content == b"ok"
