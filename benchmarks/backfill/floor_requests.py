"""The floor of the network: every request sent, every answer thrown away.

    python -m benchmarks.backfill.floor_requests task.json

Nothing is signed anew, parsed or kept: what is left is the API's own time and the socket's.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from collections import defaultdict, deque
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.backfill.days import on_day

_WINDOW_S = 1.03  # the server counts calls in any second; the rest is for its clock and ours
_READ_BYTES = 1 << 20


class Pace:
    """At most `rate` calls in any second, as close to it as can be."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._sent: deque[float] = deque()

    async def wait(self) -> None:
        """Come back when one more call is allowed."""
        while self._rate is not None:
            now = time.monotonic()
            while self._sent and self._sent[0] <= now - _WINDOW_S:
                self._sent.popleft()
            if len(self._sent) < self._rate:
                self._sent.append(now)
                return
            await asyncio.sleep(self._sent[0] + _WINDOW_S - now)


class Caller(asyncio.BufferedProtocol):
    """One connection: sends a request, counts the bytes of its answer."""

    _transport: asyncio.Transport

    def __init__(self, keep: bool) -> None:
        self._buffer = memoryview(bytearray(_READ_BYTES))
        self._keeps, self._kept = keep, bytearray()
        self._head = b""
        self._missing = -1  # bytes of the body that are still to come; -1: the head is not whole
        self._status = 0
        self._done: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        connected = transport.get_extra_info("socket")
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Send; the future gives HTTP status and, if it is kept or a refusal, the body."""
        self._done = asyncio.get_running_loop().create_future()
        self._head, self._missing = b"", -1
        self._transport.write(request)
        return self._done

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - one size for all
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        received: memoryview | bytes = self._buffer[:nbytes]
        if self._missing < 0:
            self._head += bytes(received)
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            at = self._head.find(b"Content-Length: ") + 16
            self._missing = int(self._head[at : self._head.find(b"\r\n", at)])
            self._status = int(self._head[9:12])
            received = self._head[end + 4 :]
        self._missing -= len(received)
        if self._keeps or self._status != 200:  # what a refusal says is short, and worth knowing
            self._kept += received
        if self._missing == 0 and self._done is not None:
            body = bytes(self._kept)
            self._kept.clear()
            self._done.set_result((self._status, body))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(exc or ConnectionError("the server closed the connection"))


async def fetch(task: dict[str, Any], keep: Path | None) -> int:
    """All requests of the task, each action with connections of its own; how many were sent."""
    url, connections = urlsplit(task["url"]), task["connections"]
    rates = {one["action"]: one["rate_per_s"] for one in task["requests"]}
    waiting: defaultdict[str, deque[tuple[int, bytes]]] = defaultdict(deque)
    for number, one in enumerate(task["requests"]):
        body = one["body"].encode()
        bodies = [on_day(body, date.fromisoformat(d)) for d in one["days"]]
        waiting[one["action"]] += [(number, b) for b in (bodies if one["daily"] else [body])]
    sent = 0

    async def work(action: str, pace: Pace, left: deque[tuple[int, bytes]]) -> None:
        nonlocal sent
        loop = asyncio.get_running_loop()
        head = _head(action, url.netloc)
        _, caller = await loop.create_connection(
            lambda: Caller(keep is not None), url.hostname, url.port
        )
        while left:
            number, body = left.popleft()
            await pace.wait()
            sent += 1
            status, answer = await caller.ask(head % len(body) + body)
            if status == 429:
                left.append((number, body))
            elif status != 200:
                raise RuntimeError(f"{action} was answered with HTTP {status}: {answer!r}")
            elif keep is not None:
                (keep / f"{number}.json").write_bytes(answer)

    async def all_of(action: str, left: deque[tuple[int, bytes]]) -> None:
        pace = Pace(rates[action] if task["budget"] else None)
        workers = (work(action, pace, left) for _ in range(min(connections, len(left))))
        await asyncio.gather(*workers)

    await asyncio.gather(*(all_of(action, left) for action, left in waiting.items()))
    return sent


def _head(action: str, netloc: str) -> bytes:
    return (
        f"POST /?Action={action}&Version=2023-01-01 HTTP/1.1\r\nHost: {netloc}\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    ).encode()


def main() -> None:
    """Fetch what the task file says; a folder as second argument keeps the answers."""
    task = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    keep = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    print(json.dumps({"requests": asyncio.run(fetch(task, keep))}))


if __name__ == "__main__":
    main()
