"""What is read from a connection, however a server packs it and the network cuts it."""

import gzip
import http.client
import socket
import threading
import zlib
from itertools import pairwise

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from resources.api.replies import PIECE_BYTES, Lean, Reply

HEADER = st.from_regex(r"[A-Z][a-z]{0,5}: [!-~\x85\xe4]{1,9}", fullmatch=True)
TEXT = b'{"Result": {"ISPs": []}}'


class Cut:
    """A socket on which bytes come in the pieces given, then the end."""

    def __init__(self, *pieces):
        self.left = [piece for piece in pieces if piece]

    def recv(self, most):
        if not self.left:
            return b""
        piece, self.left[0] = self.left[0][:most], self.left[0][most:]
        self.left = [one for one in self.left if one]
        return piece


class Held:
    """Stands for the connection and the pool that a reply gives back."""

    def __init__(self):
        self.is_closed, self.is_back = False, False

    def close(self):
        self.is_closed = True

    def _put_conn(self, _):
        self.is_back = True


def answer(body, *headers, status="200 OK", version="1.1", end="\r\n"):
    head = end.join([f"HTTP/{version} {status}", *headers, "", ""])
    return head.encode("latin-1") + body


def with_length(body, *headers, **options):
    return answer(body, f"Content-Length: {len(body)}", *headers, **options)


def in_chunks(body, size, *headers):
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    text = b"".join(b"%x;a=b\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return answer(text + b"0\r\nTrailer: 1\r\n\r\n", "Transfer-Encoding: chunked", *headers)


def read(sock):
    reply = Reply.read_from(sock)
    reply._connection = reply._pool = held = Held()
    return reply, b"".join(reply.chunks()), held


def raw_deflate(text):
    packing = zlib.compressobj(wbits=-15)
    return packing.compress(text) + packing.flush()


PACKED = {
    "identity": bytes,
    "gzip": gzip.compress,
    "x-gzip": lambda text: gzip.compress(text[:7]) + gzip.compress(text[7:]),
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
}


@given(
    body=st.binary(max_size=400),
    encoding=st.sampled_from([*PACKED]),
    chunk=st.none() | st.integers(min_value=1, max_value=300),
    cuts=st.lists(st.integers(min_value=0, max_value=700), max_size=6),
)
def test_an_answer_is_the_same_however_it_is_packed_and_cut(body, encoding, chunk, cuts):
    packed, header = PACKED[encoding](body), f"content-ENCODING: {encoding}"
    whole = in_chunks(packed, chunk, header) if chunk else with_length(packed, header)
    edges = [0, *sorted(cuts), len(whole)]
    reply, found, held = read(Cut(*(whole[a:b] for a, b in pairwise(edges) if a < b)))
    assert found == body
    assert reply.tell() == len(packed)
    assert (held.is_back, held.is_closed) == (True, False)


@given(body=st.binary(max_size=200), headers=st.lists(HEADER, max_size=5))
def test_heads_say_what_the_standard_library_reads_in_them(body, headers):
    headers = [text.strip() for text in headers]
    one, other = socket.socketpair()
    with one, other:
        one.sendall(with_length(body, *headers))
        told = http.client.HTTPResponse(other)
        told.begin()
        reply, found, _ = read(Cut(with_length(body, *headers)))
        assert found == told.read() == body
        assert (reply.status, reply.reason, reply.version) == (told.status, told.reason, 11)
        for name in {text.partition(":")[0] for text in headers}:
            assert reply.headers[name] == ", ".join(v.strip() for v in told.headers.get_all(name))
        told.close()


def test_what_is_packed_small_is_unpacked_some_at_a_time():
    body = b" " * (3 * PIECE_BYTES + 1)
    reply = Reply.read_from(Cut(with_length(gzip.compress(body), "Content-Encoding: gzip")))
    pieces = [*reply.chunks()]
    assert b"".join(pieces) == body
    assert max(map(len, pieces)) <= PIECE_BYTES


@pytest.mark.parametrize(
    "whole",
    [
        answer(TEXT),
        answer(TEXT, version="1.0"),
        with_length(TEXT, "Connection: close"),
        with_length(TEXT, version="1.0"),
        with_length(TEXT) + b"HTTP/1.1 200 OK",
    ],
    ids=["until the end", "old, until the end", "says so", "old", "more than its length"],
)
def test_a_connection_that_cannot_be_used_again_is_closed(whole):
    _, body, held = read(Cut(whole))
    assert body == TEXT
    assert (held.is_closed, held.is_back) == (True, False)


@pytest.mark.parametrize(
    ("whole", "body"),
    [
        (answer(b"", status="100 Continue") + with_length(TEXT), TEXT),
        (with_length(TEXT, "X: 1\r\n  and 2", end="\n"), TEXT),
        (with_length(TEXT, "Connection: Keep-Alive", version="1.0"), TEXT),
        (answer(b"", status="204 No Content"), b""),
        (with_length(TEXT, status="200"), TEXT),
    ],
    ids=["after another", "odd lines", "old, and kept", "nothing", "no reason"],
)
def test_odd_answers_that_are_right_are_read(whole, body):
    _, found, held = read(Cut(whole))
    assert found == body
    assert (held.is_back, held.is_closed) == (True, False)


@pytest.mark.parametrize(
    "whole",
    [
        answer(TEXT, f"Content-Length: {len(TEXT) + 1}"),
        in_chunks(TEXT, 5)[:-12],
        answer(b"oops\r\n", "Transfer-Encoding: chunked"),
        answer(TEXT, "Content-Length: 3", "Content-Length: 4"),
        with_length(gzip.compress(TEXT)[:-3], "Content-Encoding: gzip"),
        with_length(b"\xff" + TEXT, "Content-Encoding: gzip"),
    ],
    ids=["short", "within chunks", "no chunk", "two lengths", "cut gzip", "no gzip"],
)
def test_what_is_not_whole_is_no_answer(whole):
    with pytest.raises(urllib3.exceptions.HTTPError):
        read(Cut(whole))


@pytest.mark.parametrize(
    "whole",
    [b"", b"HTTP/1.1 200 OK\r\n", b"SSH-2.0\r\n\r\n", b"HTTP/1.1 200 OK\r\nX:" + b" " * 99999],
)
def test_what_has_no_head_is_no_answer(whole):
    with pytest.raises(http.client.HTTPException):
        Reply.read_from(Cut(whole))


def test_a_request_goes_out_in_one_piece_with_the_length_of_its_body():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Lean("localhost")
        connection.sock = ours
        threading.Thread(target=theirs.sendall, args=(with_length(TEXT),)).start()
        connection.request("POST", "/?A=1", b"{}", {"Host": "localhost", "X": "1"})
        assert theirs.recv(1000) == (
            b"POST /?A=1 HTTP/1.1\r\nHost: localhost\r\nX: 1\r\nContent-Length: 2\r\n\r\n{}"
        )
        assert b"".join(connection.getresponse().chunks()) == TEXT


def test_a_line_break_in_a_header_is_never_sent():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Lean("localhost")
        connection.sock = ours
        with pytest.raises(ValueError, match="line break"):
            connection.request("POST", "/", b"", {"X-Security-Token": "a\r\nHost: evil"})
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            theirs.recv(1)
