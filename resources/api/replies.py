"""Requests and answers of HTTP/1.1, written to and read from a connection's socket directly.

The connection is urllib3's: it knows proxies, certificates, names and timeouts. What `http.client`
and urllib3 do with each request and answer besides (a mail parser for the head, a stack of buffers
for the body) took more CPU than a small answer's rows do.
"""

from __future__ import annotations

import http.client
import re
import socket
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import urllib3
import urllib3.connection
from urllib3.exceptions import DecodeError, IncompleteRead, ProtocolError

ENCODINGS = "gzip, deflate"
"""How answers may be compressed, for the header Accept-Encoding."""

PIECE_BYTES = 1 << 18
"""At most read, or unpacked, at a time."""

_HEAD_BYTES = 1 << 16
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(rb"HTTP/1\.([0-9]) +([0-9]{3})(?: (.*))?")
_NOT_IN_HEAD = re.compile("[\r\n\0]")
_CONTINUE, _EMPTY = range(100, 200), (204, 304)


class Reply(urllib3.HTTPResponse):
    """One answer, its body still to be read by `chunks`, then its connection is free for others."""

    def __init__(
        self, sock: socket.socket, version: int, status: int, reason: str, head: Mapping[str, str]
    ) -> None:
        """`head` has the names in lower case."""
        super().__init__(
            headers=head,
            status=status,
            version=version,
            version_string=f"HTTP/{version // 10}.{version % 10}",
            reason=reason,
            preload_content=False,
        )
        self._sock = sock
        self._rest = b""  # what came with the head
        self._received = 0
        self._is_read = False
        codings = head.get("transfer-encoding", "").lower()
        length = _length(head)
        self._is_chunked = codings.endswith("chunked")
        self._left = 0 if status in _EMPTY else None if self._is_chunked else length
        said = head.get("connection", "").lower()
        is_kept = "close" not in said if version > 10 else "keep-alive" in said
        self._is_kept = is_kept and (self._is_chunked or self._left is not None)

    @classmethod
    def read_from(cls, sock: socket.socket) -> Reply:
        """Wait for the head of the answer.

        Raises OSError, and HTTPException if it is no answer.
        """
        held = b""
        while True:
            found = _END_OF_HEAD.search(held)
            if found is None:
                if len(held) > _HEAD_BYTES:
                    raise http.client.LineTooLong("head")
                piece = sock.recv(_HEAD_BYTES)
                if not piece:
                    raise http.client.RemoteDisconnected("it was closed before an answer had come")
                held += piece
                continue
            version, status, reason, head = _read_head(held[: found.start()])
            held = held[found.end() :]
            if status in _CONTINUE:
                continue
            reply = cls(sock, version, status, reason, head)
            reply._rest = held
            return reply

    @property
    def closed(self) -> bool:
        """True once nothing more can be read."""
        return self._is_read

    def tell(self) -> int:
        """Bytes of the body that came, as they came."""
        return self._received

    def chunks(self) -> Iterator[bytes]:
        """What comes of the body, unpacked.

        Raises OSError, or urllib3's HTTPError if it breaks off or cannot be unpacked.
        """
        raw = self._chunked() if self._is_chunked and self._left is None else self._plain()
        encoding = self.headers.get("content-encoding", "").lower()
        yield from _unpacked(raw, encoding) if encoding in _WINDOWS else raw
        self._is_read = True
        if self._rest or not self._is_kept:  # nothing may come behind an answer
            self.close()
        else:
            self.release_conn()

    def _plain(self) -> Iterator[bytes]:
        """A body of a length that was told, or else all that comes."""
        while self._left != 0:
            most = PIECE_BYTES if self._left is None else min(self._left, PIECE_BYTES)
            piece = self._some(most)
            if not piece:
                if self._left is not None:
                    raise IncompleteRead(self._received, self._left)
                return
            if self._left is not None:
                self._left -= len(piece)
            yield piece

    def _chunked(self) -> Iterator[bytes]:
        while size := self._size():
            while size:
                piece = self._some(min(size, PIECE_BYTES))
                if not piece:
                    raise IncompleteRead(self._received, size)
                size -= len(piece)
                yield piece
            self._line()
        while self._line():  # trailers
            pass

    def _size(self) -> int:
        line = self._line().partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,16}", line):
            raise ProtocolError(f"a chunk of the answer has no length: {line[:20]!r}")
        return int(line, 16)

    def _line(self) -> bytes:
        while b"\n" not in self._rest:
            piece = self._sock.recv(PIECE_BYTES)
            if not piece or len(self._rest) > _HEAD_BYTES:
                raise ProtocolError("the connection was closed within a chunk")
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line.rstrip(b"\r")

    def _some(self, most: int) -> bytes:
        """The next bytes of the body, b"" at the end of all."""
        if self._rest:
            piece, self._rest = self._rest[:most], self._rest[most:]
        else:
            piece = self._sock.recv(most)
        self._received += len(piece)
        return piece


class Lean(urllib3.connection.HTTPConnection):
    """Sends a request in one piece, and reads the answer as a `Reply`."""

    def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> None:
        """Send the request: `headers` are all that it has, but for the length of `body`, bytes."""
        if self.is_closed:
            self.connect()
        lines = [f"{method} {url} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        lines.append(f"Content-Length: {len(body)}")
        if any(_NOT_IN_HEAD.search(line) for line in lines):
            raise ValueError("a line break in a header of the request: check key and session token")
        self.sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def getresponse(self) -> Reply:  # type: ignore[override]
        """Wait for the answer."""
        if self.sock.gettimeout() != self.timeout:
            self.sock.settimeout(self.timeout)
        return Reply.read_from(self.sock)


def _read_head(text: bytes) -> tuple[int, int, str, dict[str, str]]:
    """Version (11 is HTTP/1.1), status, reason, and the headers with their names in lower case."""
    first, *lines = re.split("\r?\n", text.decode("latin-1"))
    status = _STATUS.fullmatch(first.encode("latin-1"))
    if status is None:
        raise http.client.BadStatusLine(first[:80])
    head: dict[str, str] = {}
    name = ""
    for line in lines:
        if line[:1] in (" ", "\t"):
            head[name] = f"{head.get(name, '')} {line.strip()}"
            continue
        name, _, value = line.partition(":")
        name = name.strip().lower()
        head[name] = f"{head[name]}, {value.strip()}" if name in head else value.strip()
    reason = (status[3] or b"").decode("latin-1").strip()
    return 10 + (status[1] != b"0"), int(status[2]), reason, head


def _length(head: Mapping[str, str]) -> int | None:
    """Of the body in bytes; None if it was not told."""
    told = {text.strip() for text in head.get("content-length", "").split(",")}
    if len(told) > 1:
        raise ProtocolError(f"the answer has several lengths: {sorted(told)}")
    (text,) = told
    return int(text) if text.isdecimal() and len(text) < 19 else None


_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""What zlib calls the formats."""


def _unpacked(raw: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """A body as it was before it was compressed, some at a time. Raises DecodeError."""
    window, unpacking = _WINDOWS[encoding], None
    for piece in raw:
        left = piece
        if unpacking is None:
            # Servers mean either by deflate; the first nibble of a zlib stream is always 8.
            window = -15 if encoding == "deflate" and piece[0] & 15 != 8 else window
            unpacking = zlib.decompressobj(window)
        try:
            while left:
                if unpacking.eof:  # another member follows
                    unpacking = zlib.decompressobj(window)
                if found := unpacking.decompress(left, PIECE_BYTES):
                    yield found
                left = unpacking.unconsumed_tail or unpacking.unused_data
        except zlib.error as error:
            raise DecodeError(f"the answer is no {encoding}: {error}") from error
    if unpacking is not None:
        if found := unpacking.flush():  # what was held back by the bound above
            yield found
        if not unpacking.eof:
            raise DecodeError(f"the answer is {encoding} that was cut short")
