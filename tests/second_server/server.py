"""The HTTP side: signature, envelope, errors, rates. `running` serves on a free loopback port."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from tests.second_server import answers_lists, answers_series, signing
from tests.second_server.choices import Choices
from tests.second_server.errors import CODES, ApiError, wrong
from tests.second_server.limits import ACTIONS
from tests.second_server.request import Params, Request, read
from tests.second_server.traffic import Row

VERSION = "2023-01-01"
_OPTIONAL_RESULT = (
    "DescribeLivePushStreamMetrics",
    "DescribeLiveSourceTrafficData",
    "DescribeLivePushStreamInfoData",
    "DescribeLiveTranscodeInfoData",
    "DescribeIpInfo",
)


@dataclass(frozen=True)
class Asked:
    """One request that the server got, and the code of its error ("" when it was answered)."""

    action: str
    params: Params
    error: str


@dataclass
class SecondServer:
    """The server's state. now: the clock of the data; signatures are checked by the real clock."""

    key: str = "AKTEST"
    secret: str = "SKTEST"
    token: str | None = None
    region: str = "cn-north-1"
    choices: Choices = field(default_factory=Choices)
    now: Callable[[], float] = time.time
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _recent: dict[str, deque[float]] = field(default_factory=dict)

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        """The reply to one signed request."""
        parts = urlsplit(target)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        query = dict(pairs)
        action = query.get("Action", "")
        params: Params = {}
        try:
            signing.check(
                method, parts.path, pairs, headers, body,
                self.key, self.secret, self.token, self.region, time.time(),
            )  # fmt: skip
            self._check_action(method, action, query.get("Version", ""))
            params = _params(method, query, body)
            request = read(action, params, self.choices, int(self.now()))
            result = self._result(request)
            self._note(Asked(action, params, ""))
            return self._reply(200, action, result=result)
        except ApiError as error:
            self._note(Asked(action, params, error.code))
            return self._error(action, error)

    def _note(self, asked: Asked) -> None:
        with self._lock:
            self.asked.append(asked)

    def _check_action(self, method: str, action: str, version: str) -> None:
        limits = ACTIONS.get(action)
        if limits is None or version != VERSION or self.choices.edition not in limits.editions:
            raise ApiError("InvalidActionOrVersion", f"no such action: {action} {version}")
        if method != limits.method:
            raise ApiError("MethodNotAllowed", f"{action} is sent by {limits.method}")
        if not self.choices.rate_limits:
            return
        now = time.monotonic()
        with self._lock:
            recent = self._recent.setdefault(action, deque())
            while recent and recent[0] <= now - 1:
                recent.popleft()
            if len(recent) >= limits.rate:
                raise ApiError("FlowLimitExceeded", f"{action}: {limits.rate} requests a second")
            recent.append(now)

    def _result(self, request: Request) -> Row:
        action = request.action
        if action in answers_series.SHAPES:
            return answers_series.series(request)
        if action in answers_lists.PAGED:
            return answers_lists.PAGED[action](request)
        if action in answers_lists.PRESENT:
            return answers_lists.PRESENT[action](request, self.choices)
        if action == "DescribeLivePlayStatusCodeData":
            return answers_series.status_codes(request)
        if action == "DescribeLiveP95PeakBandwidthData":
            return answers_series.percentile(request)
        if action == "DescribeLiveStreamInfoByPage":
            return answers_lists.present_streams(request, self.choices, int(self.now()))
        if action in ("DescribeLiveLogData", "DescribeLiveCustomizedLogData"):
            return answers_lists.log_files(request, self.url)
        if "Batch" in action:
            return answers_series.batch_metrics(request)
        return answers_series.metrics(request)

    def _metadata(self, action: str) -> Row:
        return {
            self.choices.request_id_key: f"2026{len(self.asked):020d}",
            "Action": action,
            "Version": VERSION,
            "Service": "live",
            "Region": self.region,
        }

    def _reply(self, status: int, action: str, result: Row) -> Reply:
        content: Row = {"ResponseMetadata": self._metadata(action), "Result": result}
        if action in _OPTIONAL_RESULT and _has_no_rows(result):
            if self.choices.empty_result == "null":
                content["Result"] = None
            elif self.choices.empty_result == "absent":
                del content["Result"]
        return Reply(status, "application/json", json.dumps(content).encode())

    def _error(self, action: str, error: ApiError) -> Reply:
        code = self.choices.invalid_code if error.code == "wrong" else error.code
        number, status = CODES[code]
        told: Row = {"Code": code, "Message": error.message}
        if number is not None:
            told["CodeN"] = number
        content = {"ResponseMetadata": {**self._metadata(action), "Error": told}}
        if self.choices.error_status_200:
            status = 200
        return Reply(status, "application/json", json.dumps(content).encode())

    def file(self, target: str) -> Reply:
        """A log file by its link."""
        parts = urlsplit(target)
        _, _, kind, name = parts.path.split("/", 3)
        query = dict(parse_qsl(parts.query))
        content = answers_lists.file_of_url(
            kind, name, query.get("expires", ""), query.get("sign", ""), int(self.now())
        )
        if content is None:
            return Reply(403, "text/plain", b"the link has expired")
        return Reply(200, "application/gzip", content)


@dataclass(frozen=True)
class Reply:
    """What goes back over HTTP."""

    status: int
    content_type: str
    body: bytes


def _has_no_rows(result: Row) -> bool:
    lists = ("MetricList", "TrafficDataList", "List")
    return not any(
        value for name, value in result.items() if name in lists or name.endswith("InfoDataList")
    )


def _params(method: str, query: dict[str, str], body: bytes) -> Params:
    if method == "GET":
        return {k: v for k, v in query.items() if k not in ("Action", "Version")}
    try:
        params = json.loads(body)
    except ValueError as error:
        raise ApiError("InvalidParam.BindError", f"the body is not JSON: {error}") from error
    if not isinstance(params, dict):
        raise wrong("the body is not a JSON object")
    return params


def _handler(server: SecondServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self._send(self._answered())

        def do_GET(self) -> None:
            if self.path.startswith("/files/"):
                self._send(server.file(self.path))
            else:
                self._send(self._answered())

        def _answered(self) -> Reply:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            return server.answer(self.command, self.path, headers, body)

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            """Nothing is logged; `asked` has what came in."""

    return Handler


@contextmanager
def running(server: SecondServer) -> Iterator[SecondServer]:
    """Serve on a free loopback port while the block runs; `url` is where."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
