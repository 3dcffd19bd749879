"""HTTP/1.1 with connections that stay open, and everything that can go wrong on the way."""

from __future__ import annotations

import json
import socket
import struct
import sys
import uuid
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from resources.api.catalog import API_VERSION
from resources.simulator import auth
from resources.simulator.faults import PAGE_FAULTS, refusal_of
from resources.simulator.refusals import Refused
from resources.simulator.service import Service
from resources.simulator.settings import FaultKind

_HTML = b"<html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
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
        service = self.server.service
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        action = parse_qs(urlsplit(self.path).query).get("Action", [""])[0]
        service.count(action)
        if service.latency_s:
            service.closing.wait(service.latency_s)
        fault = service.chooser.choose(action)
        if fault in ("reset", "stall", "gateway", "html"):
            self._break(fault)
            return
        try:
            headers = {name.lower(): value for name, value in self.headers.items()}
            service.admit(self.command, self.path, headers, body, action)
            refusal = refusal_of(fault)
            if refusal is not None:
                raise refusal
            result = service.result(action, body, fault if fault in PAGE_FAULTS else "")
        except Refused as refused:
            service.refuse(refused.code)
            self._send(refused.http_status, _envelope(action, refused.as_error()), fault)
            return
        if fault == "error200":
            service.refuse("InternalError")
            error = Refused("InternalError", "Something went wrong inside.").as_error()
            self._send(200, _envelope(action, error), fault)
        elif fault == "no_result":
            service.refuse("no_result")
            self._send(200, _envelope(action), fault)
        else:
            self._send(200, _envelope(action)[:-1] + b',"Result":' + result + b"}", fault)

    def _send(self, status: int, body: bytes, fault: FaultKind | None) -> None:
        """One answer in one piece, unless the fault is about that."""
        service = self.server.service
        if fault == "garbled":
            middle = len(body) // 2
            body = body[:middle] + b"\xff\x00{{" + body[middle + 4 :]
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if fault == "throttle" and service.chooser.faults.retry_after_s is not None:
            self.send_header("Retry-After", str(service.chooser.faults.retry_after_s))
        self.end_headers()
        if fault == "cut":
            self.close_connection = True
            body = body[: len(body) // 2]
        if fault in ("cut", "garbled"):
            service.refuse(fault)
        if fault != "drip":
            self.wfile.write(body)
            return
        size = max(1, len(body) // 10)
        for first in range(0, len(body), size):
            self.wfile.write(body[first : first + size])
            service.closing.wait(service.chooser.faults.drip_s)

    def _break(self, fault: FaultKind) -> None:
        """A fault below or in front of the API: no envelope comes back."""
        service = self.server.service
        service.refuse(fault)
        if fault in ("gateway", "html"):
            self.send_response(502 if fault == "gateway" else 200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(_HTML)))
            self.end_headers()
            self.wfile.write(_HTML)
            return
        if fault == "stall":
            service.closing.wait(service.chooser.faults.stall_s)
        else:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Silent: `Simulator.calls` and `Simulator.refused` tell what happened."""


def _envelope(action: str, error: Mapping[str, object] | None = None) -> bytes:
    metadata: dict[str, object] = {
        "RequestId": uuid.uuid4().hex.upper(),
        "Action": action,
        "Version": API_VERSION,
        "Service": auth.SERVICE,
        "Region": auth.REGION,
    }
    if error is not None:
        metadata["Error"] = error
    return json.dumps({"ResponseMetadata": metadata}, ensure_ascii=False).encode()
