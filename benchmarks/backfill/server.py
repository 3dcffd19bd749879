"""The simulated API as fast as one process can answer: from memory, with counts, rate and latency.

    python -m benchmarks.backfill.server --domains 10 --streams 20

Prints its URL, then serves until its standard input closes. What it served is told at /bench/stats;
/bench/reset with {"latency_s": .., "budget": ..} begins a new count.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import socket
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.backfill.load import Load, api_of, plan
from benchmarks.backfill.stamps import Library, envelope
from resources.api.catalog import ENDPOINTS
from resources.simulator import DEFAULT_CREDENTIALS, auth
from resources.simulator.limits import Limiter
from resources.simulator.refusals import Refused
from resources.simulator.service import real_clock

_SEND_BUFFER_BYTES = 4_000_000


@dataclass
class Count:
    """What was served since the last reset."""

    latency_s: float = 0.0
    budget: bool = False  # whether each action's documented calls per second are all it answers
    signatures: bool = False  # whether they are verified: 50 us each, half of what an answer costs
    calls: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)  # by table
    bytes: int = 0
    first_s: dict[str, float] = field(default_factory=dict)  # monotonic, by action
    last_s: dict[str, float] = field(default_factory=dict)
    cpu_before_s: float = field(default_factory=time.process_time)
    limiter: Limiter = field(default_factory=Limiter)

    def told(self) -> dict[str, Any]:
        """For the one who measures."""
        return {
            "calls": dict(self.calls),
            "answered": dict(self.answered),
            "refused": dict(self.refused),
            "rows": dict(self.rows),
            "bytes": self.bytes,
            "spans_s": {name: self.last_s[name] - at for name, at in self.first_s.items()},
            "server_cpu_s": time.process_time() - self.cpu_before_s,
        }


class Benchmark:
    """What all connections share."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.count = Count()
        self._actions: dict[bytes, str] = {}

    def action_of(self, target: bytes) -> str:
        """The action that a request line names; the line itself names it a million times."""
        if target not in self._actions:
            query = parse_qs(urlsplit(target.decode("latin-1")).query)
            self._actions[target] = query.get("Action", [""])[0]
        return self._actions[target]

    def answer(self, head: bytes, target: bytes, body: bytes) -> tuple[int, bytes]:
        """HTTP status and body for one request."""
        if target.startswith(b"/bench/"):
            return 200, self._about_itself(target, body)
        count, action = self.count, self.action_of(target)
        now = time.monotonic()
        count.calls[action] += 1
        count.first_s.setdefault(action, now)
        count.last_s[action] = now
        try:
            if count.signatures:
                _verify(head, target, body)
            if count.budget and action in ENDPOINTS:
                count.limiter.admit(action, ENDPOINTS[action].rate_per_s)
            template, day = self.library.find(action, body)
            text = template.on(day)
        except Refused as refused:
            count.refused[refused.code] += 1
            metadata = json.loads(envelope(action, b""))["ResponseMetadata"]
            metadata["Error"] = refused.as_error()
            return refused.http_status, json.dumps({"ResponseMetadata": metadata}).encode()
        count.answered[action] += 1
        count.rows[template.table] += template.rows
        count.bytes += len(text)
        return 200, text

    def _about_itself(self, target: bytes, body: bytes) -> bytes:
        if target == b"/bench/reset":
            self.count = Count(**json.loads(body or b"{}"))
        return json.dumps(self.count.told()).encode()


def _verify(head: bytes, target: bytes, body: bytes) -> None:
    lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    path, _, query = target.decode("latin-1").partition("?")
    auth.verify(
        method=lines[0].split(" ", 1)[0],
        path=path,
        query=query,
        headers=headers,
        body=body,
        credentials=DEFAULT_CREDENTIALS,
        now=real_clock(),
    )


class Connection(asyncio.Protocol):
    """One connection that stays open: a request, its answer, the next request."""

    transport: asyncio.Transport

    def __init__(self, benchmark: Benchmark) -> None:
        self._benchmark = benchmark
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=1 << 30)
        connected = transport.get_extra_info("socket")
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        while (end := received.find(b"\r\n\r\n")) >= 0:
            head = bytes(received[:end])
            length = _content_length(head)
            stop = end + 4 + length
            if len(received) < stop:
                return
            body = bytes(received[end + 4 : stop])
            del received[:stop]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        target = head.split(b" ", 2)[1]
        status, text = self._benchmark.answer(head, target, body)
        answer = b"HTTP/1.1 %d %b\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
        whole = answer % (status, b"OK" if status == 200 else b"Refused", len(text)) + text
        latency_s = self._benchmark.count.latency_s
        if latency_s and not target.startswith(b"/bench/"):
            asyncio.get_running_loop().call_later(latency_s, self._send, whole)
        else:
            self._send(whole)

    def _send(self, whole: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(whole)


def _content_length(head: bytes) -> int:
    at = head.lower().find(b"\r\ncontent-length:")
    if at < 0:
        return 0
    end = head.find(b"\r\n", at + 2)
    return int(head[at + 17 : end if end >= 0 else len(head)])


async def _serve(benchmark: Benchmark, port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(benchmark), "127.0.0.1", port, backlog=512)
    address = server.sockets[0].getsockname()
    print(f"http://127.0.0.1:{address[1]}", flush=True)
    # Whoever started it holds the other end: it ends with its user, however that one ends.
    await loop.run_in_executor(None, sys.stdin.read)


def _take_precedence() -> None:
    """Before all that wait for a core, if this user may: a real server has cores of its own.

    Calls are counted when they are answered, so a server that waits for a core would see bursts
    where there were none. It needs little CPU, which is no part of what is measured.
    """
    try:
        # No niceness would do: sessions share the cores evenly, however nice who is in them.
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except (AttributeError, PermissionError):  # not on Linux; not an administrator
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, -10)


def main() -> None:
    """Render the template day, tell the URL, serve."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--domains", type=int, default=10)
    parser.add_argument("--streams", type=int, default=20, help="of each domain")
    parser.add_argument("--hours", type=float, default=2.0, help="that a stream is live on a day")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--plan", type=Path, help="file for the requests of a day")
    asked = parser.parse_args()
    load = Load(domains=asked.domains, streams=asked.streams, hours=asked.hours)
    library, planned = Library(api_of(load)), plan(load)
    for one in planned["requests"]:
        library.find(one["action"], one["body"].encode())
    if asked.plan is not None:
        asked.plan.write_text(json.dumps(planned), "utf-8")
    _take_precedence()
    gc.collect()
    gc.freeze()  # nothing of it ever becomes garbage
    asyncio.run(_serve(Benchmark(library), asked.port))


if __name__ == "__main__":
    main()
