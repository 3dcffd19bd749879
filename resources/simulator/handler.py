"""HTTP/1.1 with connections that stay open: reads requests, and writes answers as they are to arrive.

What is answered is decided in service.py.
"""

from __future__ import annotations

import socket
import struct
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from resources.simulator.exchange import Answer
from resources.simulator.service import Service

_NO_LINGER = struct.pack("ii", 1, 0)  # makes the close of a connection a reset


class Server(ThreadingHTTPServer):
    """One thread for each connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, service: Service) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.service = service

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms for an acknowledgement
    server: Server

    def do_POST(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # the client was killed while it sent
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.service.answer(self.command, self.path, headers, body)
        if answer.delay_s:
            self.server.service.closing.wait(answer.delay_s)
        if answer.delivery in ("reset", "close"):
            if answer.delivery == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self.close_connection = True
            return
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        """One answer in one piece, unless its delivery is another."""
        body = answer.body()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if answer.delivery == "cut":
            self.close_connection = True
            body = body[: len(body) // 2]
        if answer.delivery != "drip":
            self.wfile.write(body)
            return
        size = max(1, len(body) // 10)
        for first in range(0, len(body), size):
            self.wfile.write(body[first : first + size])
            self.server.service.closing.wait(answer.pause_s)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Silent: `Simulator.calls` and `Simulator.refused` tell what happened."""
