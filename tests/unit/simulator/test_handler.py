"""Answers on the wire: whole, in pieces, half, or not at all; one connection for many requests."""

import http.client
import socket
import threading
from contextlib import contextmanager

import pytest

from resources.simulator.exchange import Answer
from resources.simulator.handler import Server

BODY = b'{"Result": {"a": 1}}'


class Service:
    """Answers everything alike, and keeps what came in."""

    def __init__(self, answer):
        self.given, self.seen, self.closing = answer, [], threading.Event()

    def answer(self, *request):
        self.seen.append(request)
        return self.given


@contextmanager
def served(**answer):
    service = Service(Answer("A", raw=BODY, **answer))
    server = Server(0, service)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield service, http.client.HTTPConnection(*server.server_address[:2], timeout=10)
    finally:
        service.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


def asked(connection, method="POST"):
    connection.request(method, "/?Action=A", b"body", {"X-Date": "now"})
    answer = connection.getresponse()
    return answer, answer.read()


@pytest.mark.parametrize("delivery", ["whole", "drip"])
def test_an_answer_arrives_as_it_is_and_the_connection_stays(delivery):
    with served(delivery=delivery, status=418, headers={"X-More": "1"}) as (service, connection):
        found = [asked(connection, method) for method in ("POST", "GET")]
        connection.close()
    for answer, body in found:
        assert (answer.status, body) == (418, BODY)
        assert answer.headers["X-More"] == "1"
        assert answer.headers["Content-Length"] == str(len(BODY))
        assert not answer.will_close
    method, target, headers, body = service.seen[0]
    assert (method, target, headers["x-date"], body) == ("POST", "/?Action=A", "now", b"body")


def test_half_of_an_answer_is_no_answer():
    with served(delivery="cut") as (_, connection):
        with pytest.raises(http.client.IncompleteRead) as broken:
            asked(connection)
        connection.close()
    assert broken.value.partial == BODY[: len(BODY) // 2]


@pytest.mark.parametrize("delivery", ["close", "reset"])
def test_a_connection_ends_without_an_answer(delivery):
    with served(delivery=delivery) as (_, connection):
        with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
            asked(connection)
        connection.close()


def test_whoever_waits_is_let_go_when_the_server_closes():
    with served(delay_s=600.0) as (service, connection):
        service.closing.set()
        assert asked(connection)[1] == BODY
        connection.close()


def test_half_of_a_request_is_none():
    """A client that is killed while it sends asks nothing, and breaks no rule."""
    with served() as (service, connection):
        connection.connect()
        connection.sock.sendall(b"POST /?Action=A HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf")
        connection.sock.shutdown(socket.SHUT_WR)
        assert connection.sock.recv(100) == b""
        connection.close()
    assert service.seen == []
