"""The simulated API on a loopback port: HTTP around `api.Api`, with faults if wanted."""

from __future__ import annotations

import json
import socket
import struct
import threading
import uuid
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

from resources.api.catalogue import API_VERSION, ENDPOINTS
from resources.api.catalogue.model import Endpoint
from resources.api.credentials import Credentials
from resources.api.simulator import auth
from resources.api.simulator.api import Api
from resources.api.simulator.faults import PAGE_FAULTS, Chooser, refusal_of
from resources.api.simulator.limits import Limiter
from resources.api.simulator.refusals import Refused
from resources.api.simulator.settings import (
    DEFAULT_CREDENTIALS,
    Account,
    Answers,
    FaultKind,
    Faults,
    Late,
)
from resources.api.simulator.world import World

KEPT_ANSWERS = 64
_HTML = b"<html><head><title>Sign in</title></head><body>Please sign in.</body></html>"


def real_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


class Simulator:
    """A simulated API; `with Simulator(Account()) as sim:` serves it at `sim.url`.

    `clock` is the time that history and future are judged by; signatures are always judged by the
    real clock. `rate` is "documented" (each action's own limit), a number for all, or None.
    """

    def __init__(
        self,
        account: Account | None = None,
        *,
        clock: Callable[[], datetime] = real_clock,
        credentials: Credentials = DEFAULT_CREDENTIALS,
        latency_s: float = 0.0,
        rate: Literal["documented"] | float | None = "documented",
        faults: Faults | None = None,
        late: Late | None = None,
        options: Answers | None = None,
        endpoints: Mapping[str, Endpoint] = ENDPOINTS,
        port: int = 0,
    ) -> None:
        self.clock = clock
        self.credentials = credentials
        self.latency_s = latency_s
        self.rate = rate
        self.world = World(account or Account(), late)
        self.api = Api(self.world, options or Answers(), endpoints)
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.closing = threading.Event()
        self.chooser = Chooser(faults)
        self._limiter = Limiter()
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, bytes], bytes] = OrderedDict()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.simulator = self
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def serve_forever(self) -> None:
        """Serve in this thread until `close` or an interrupt."""
        self._server.serve_forever()

    def close(self) -> None:
        """Stop listening; requests that are stalled are let go."""
        self.closing.set()
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def count(self, action: str) -> None:
        """One more request, whatever becomes of it."""
        with self._lock:
            self.calls[action] += 1

    def refuse(self, code: str) -> None:
        """One more refusal."""
        with self._lock:
            self.refused[code] += 1

    def admit(self, action: str) -> None:
        """Raise `Refused` if the action was called too often."""
        if self.rate is not None:
            endpoint = self.api.endpoint(action)
            limit = endpoint.rate_per_s if self.rate == "documented" else self.rate
            self._limiter.admit(action, limit)

    def result(self, action: str, body: bytes, page_fault: str) -> bytes:
        """The Result as JSON; raises `Refused`. Repeated questions are answered from memory."""
        now = self.clock()
        try:
            asked = json.loads(body or b"{}")
        except ValueError:
            raise Refused("InvalidParam.BindError", "The body is not JSON.") from None
        # A question is not the same a day later: history and late data move with the clock.
        key = (f"{action}|{now:%Y%m%d%H%M}|{page_fault}", body)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = json.dumps(
            self.api.answer(action, asked, now, page_fault), ensure_ascii=False
        ).encode()
        with self._lock:
            self._kept[key] = made
            if len(self._kept) > KEPT_ANSWERS:
                self._kept.popitem(last=False)
        return made


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    simulator: Simulator

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is."""
        import sys

        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keep-alive
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def _serve(self) -> None:
        simulator = self.server.simulator
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = urlsplit(self.path).query
        action = parse_qs(query).get("Action", [""])[0]
        simulator.count(action)
        if simulator.latency_s:
            simulator.closing.wait(simulator.latency_s)
        fault = simulator.chooser.choose(action)
        if fault in ("reset", "stall", "gateway", "html"):
            self._break(fault)
            return
        try:
            self._check(action, query, body)
            refusal = refusal_of(fault) if fault else None
            if refusal is not None:
                raise refusal
            page_fault = fault if fault in PAGE_FAULTS else None
            result = simulator.result(action, body, page_fault or "")
        except Refused as refused:
            simulator.refuse(refused.code)
            self._send(refused.http_status, self._envelope(action, refused.as_error()), fault)
            return
        if fault == "error200":
            simulator.refuse("InternalError")
            error = Refused("InternalError", "Something went wrong inside.").as_error()
            self._send(200, self._envelope(action, error))
        elif fault == "no_result":
            self._send(200, self._envelope(action))
        else:
            self._send(200, self._envelope(action)[:-1] + b', "Result": ' + result + b"}", fault)

    def _check(self, action: str, query: str, body: bytes) -> None:
        simulator = self.server.simulator
        auth.verify(
            method=self.command,
            path=urlsplit(self.path).path,
            query=query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            credentials=simulator.credentials,
            now=real_clock(),
        )
        if parse_qs(query).get("Version") != [API_VERSION]:
            raise Refused("InvalidActionOrVersion", f"Version must be {API_VERSION}.")
        simulator.api.endpoint(action)
        if self.command != "POST":
            raise Refused("MethodNotAllowed", f"{action} takes POST.")
        simulator.admit(action)

    def _envelope(self, action: str, error: Mapping[str, object] | None = None) -> bytes:
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

    def _send(self, status: int, body: bytes, fault: FaultKind | None = None) -> None:
        """One answer in one piece, unless the fault is about that."""
        faults = self.server.simulator.chooser.faults
        if fault == "garbled":
            middle = len(body) // 2
            body = body[:middle] + b"\xff\x00{{" + body[middle + 4 :]
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if fault == "throttle" and faults.retry_after_s is not None:
            self.send_header("Retry-After", str(faults.retry_after_s))
        if fault == "cut":
            self.close_connection = True
            body = body[: len(body) // 2]
        self.end_headers()
        if fault == "drip":
            size = max(1, len(body) // 10)
            for first in range(0, len(body), size):
                self.wfile.write(body[first : first + size])
                self.wfile.flush()
                self.server.simulator.closing.wait(faults.drip_s)
        else:
            self.wfile.write(body)

    def _break(self, fault: FaultKind) -> None:
        """A fault below or in front of the API: no envelope comes back."""
        simulator = self.server.simulator
        simulator.refuse(fault)
        if fault in ("gateway", "html"):
            self.send_response(502 if fault == "gateway" else 200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(_HTML)))
            self.end_headers()
            self.wfile.write(_HTML)
            return
        if fault == "stall":
            simulator.closing.wait(simulator.chooser.faults.stall_s)
        else:  # lingering for no time makes the close a reset
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silent: `Simulator.calls` and `Simulator.refused` tell what happened."""


def serve(
    account: Account | None = None,
    *,
    announce: Callable[[str], None] = lambda _: None,
    **options: Any,
) -> None:
    """Serve until interrupted; `announce` is told the URL. `options` are those of `Simulator`."""
    simulator = Simulator(account, **options)
    announce(simulator.url)
    try:
        simulator.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        simulator.close()
