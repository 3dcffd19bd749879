"""What the client makes of all that a server can do to it; the server is here, on loopback."""

import base64
import gzip
import hashlib
import json
import logging
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import urllib3

from resources.api.client import Client
from resources.api.credentials import Credentials
from resources.api.envelope import read_json
from resources.api.errors import (
    ApiError,
    FixAction,
    FixRequest,
    FixSetup,
    IncompleteAnswer,
    TryLater,
    WrongAnswer,
    WrongClock,
)
from resources.api.hosts import Host
from resources.api.rate_limiter import RateLimiter
from resources.api.retry import RetryPolicy
from resources.api.signing import sign
from resources.api.transport import CHUNK_BYTES, Timeouts

ACTION = "DescribeLiveISPData"
NOW = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
CREDENTIALS = Credentials("AKTEST", "the-secret-key-of-this-test", "the-session-token-of-it")
SELF_SIGNED = OSError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed")
RESULT = b'{"ResponseMetadata": {"RequestId": "r"}, "Result": {"ISPs": [1.25]}}'


def error_body(code, message="", **more):
    error = {"Code": code, "Message": message, **more}
    return json.dumps({"ResponseMetadata": {"RequestId": "r", "Error": error}}).encode()


def actions(server):
    """The actions that the server was asked for, in order."""
    return [path.partition("Action=")[2].partition("&")[0] for path, *_ in server.requests]


class Reply:
    """One answer of the server, as bytes on the wire."""

    def __init__(self, body=RESULT, status=200, *, length=None, **headers):
        self.body = body
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.headers["Content-Length"] = str(len(body) if length is None else length)

    def write(self, handler):
        handler.send_response(self.status)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(self.body)
        if len(self.body) < int(self.headers["Content-Length"]):
            handler.close_connection = True


class HangUp(Reply):
    def write(self, handler):
        handler.close_connection = True


class CutChunks(Reply):
    """Announces a chunk, sends half of it and hangs up."""

    def write(self, handler):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"1000\r\n" + self.body)
        handler.close_connection = True


class Silence(Reply):
    """Sends what it has of the body, then nothing until the server is closed."""

    def write(self, handler):
        if self.body:
            super().write(handler)
        handler.server.closing.wait()
        handler.close_connection = True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((self.path, dict(self.headers), body))
        self.server.connections.add(self.client_address)
        replies = self.server.scripts.get(actions(self.server)[-1], self.server.replies)
        (replies.pop(0) if len(replies) > 1 else replies[0]).write(self)

    do_GET = do_POST  # noqa: N815 - names of the base class

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    """Answers with `replies` in turn, with the last one for ever; keeps what it was asked.

    An action in `scripts` has replies of its own.
    """
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.replies, http.scripts = [Reply()], {}
        http.requests, http.connections, http.closing = [], set(), threading.Event()
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield http
        http.closing.set()
        http.shutdown()
        thread.join()


class Counted(RateLimiter):
    """A rate limiter that never waits, and notes its calls."""

    def __init__(self, directory):
        super().__init__(directory, "acc", lambda _: None, sleep=lambda _: None)
        self.taken = []
        self.backed_off = []

    def acquire(self, action):
        self.taken.append(action)
        super().acquire(action)

    def back_off(self, action, seconds):
        self.backed_off.append((action, seconds))


class World:
    """A client whose time passes only when it sleeps, and whose dice always show the maximum."""

    def __init__(self, server, directory):
        self.host = Host(f"http://127.0.0.1:{server.server_address[1]}")
        self.rate_limiter = Counted(directory)
        self.slept = []
        self.passed_s = 0.0

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.passed_s += seconds

    def client(self, host=None, **changes):
        settings = {
            "clock": lambda: NOW + timedelta(seconds=self.passed_s),
            "monotonic": lambda: self.passed_s,
            "sleep": self.sleep,
            "chance": lambda: 1.0,
            "retries": RetryPolicy(fault_attempts=3, throttled_attempts=5, total_s=100),
            "timeouts": Timeouts(connect_s=5, read_s=5),
        }
        return Client(CREDENTIALS, self.rate_limiter, host or self.host, **settings | changes)


@pytest.fixture
def world(server, tmp_path):
    return World(server, tmp_path)


@pytest.fixture
def client(world):
    with world.client() as client:
        yield client


def test_an_answer_says_what_was_sent_what_came_back_and_when(client, server):
    answer = client.call(ACTION, {"名": "é", "Aggregation": 300})
    assert answer.action == ACTION
    assert answer.request == server.requests[0][2] == rb'{"\u540d":"\u00e9","Aggregation":300}'
    assert answer.body == RESULT
    assert answer.fetched_at == NOW
    assert answer.fetched_at.tzinfo is UTC
    assert (answer.http_status, answer.attempts) == (200, 1)
    assert answer.value["Result"] == {"ISPs": [1.25]}


def test_what_is_sent_is_what_was_signed(client, server, world):
    client.call(ACTION, {"DomainList": ["pull.example.com"]})
    path, headers, body = server.requests[0]
    assert path == f"/?Action={ACTION}&Version=2023-01-01"
    assert headers["X-Content-Sha256"] == hashlib.sha256(body).hexdigest()
    expected = sign(
        method="POST",
        host=headers["Host"],
        path="/",
        query={"Action": ACTION, "Version": "2023-01-01"},
        body=body,
        credentials=CREDENTIALS,
        region=world.host.region,
        service="live",
        now=NOW,
    )
    assert {name: headers[name] for name in expected} == expected


def test_parameters_of_a_get_travel_in_the_query_and_are_signed_with_it(client, server):
    action = "DescribeClosedStreamInfoByPage"
    answer = client.call(action, {"Stream": "a b+c/é", "PageNum": 1})
    path, headers, body = server.requests[0]
    assert path == f"/?Action={action}&PageNum=1&Stream=a%20b%2Bc%2F%C3%A9&Version=2023-01-01"
    assert body == b""
    assert headers["X-Content-Sha256"] == hashlib.sha256(b"").hexdigest()
    assert "Content-Type" not in headers
    assert answer.request == rb'{"Stream":"a b+c/\u00e9","PageNum":1}'


def test_the_reader_makes_the_value(client):
    assert client.call(ACTION, {}, read=len).value == len(RESULT)


def test_compressed_answers_are_kept_decompressed_and_counted_compressed(client, server):
    body = RESULT + b" " * 5 * CHUNK_BYTES
    packed = gzip.compress(body)
    server.replies = [Reply(packed, Content_Encoding="gzip")]
    assert client.call(ACTION, {}).body == body
    assert client.bytes_received == len(packed)


def test_a_long_answer_comes_whole(client, server):
    body = RESULT + b" " * 5 * CHUNK_BYTES
    server.replies = [Reply(body)]
    assert client.call(ACTION, {}).body == body


@pytest.mark.parametrize(
    "fault",
    [
        HangUp(),
        Reply(RESULT[:-9], length=len(RESULT)),
        Reply(b"", length=5),
        CutChunks(),
        Reply(b"\x1f\x8b no gzip", Content_Encoding="gzip"),
        Reply(gzip.compress(RESULT)[:-20], Content_Encoding="gzip"),
        Reply(b""),
        Reply(b"<html>busy</html>"),
        Reply(RESULT[:-2]),
        Reply(b"[" * 100_000),
        Reply(b"[]"),
        Reply(b"{}"),
        Reply(b'{"ResponseMetadata": {}}'),
        Reply(error_body("InternalError")),
        Reply(error_body("SomethingNew")),
        Reply(error_body("InternalError"), 500),
        Reply(b"<html>\r\nBad Gateway</html>", 502),
        Reply(b"", 503),
        Reply(b'{"ResponseMetadata": {"Error": {}}}', 504),
        Reply(b"\xff\xfe\x00", 500),
    ],
    ids=[
        "hangs up",
        "cut by length",
        "nothing of the length",
        "cut chunk",
        "broken compression",
        "cut compression",
        "empty",
        "page with 200",
        "cut JSON",
        "endless nesting",
        "a list",
        "an empty object",
        "neither error nor result",
        "error with 200",
        "unknown error with 200",
        "error with 500",
        "page with 502",
        "empty with 503",
        "empty error with 504",
        "bytes with 500",
    ],
)
def test_a_passing_fault_costs_one_more_attempt(client, server, fault):
    server.replies = [fault, Reply()]
    answer = client.call(ACTION, {})
    assert (answer.attempts, answer.body) == (2, RESULT)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(error_body("InvalidParam.BindError"), 400), FixRequest),
        (Reply(error_body("InvalidParam")), FixRequest),
        (Reply(error_body("AccessDenied"), 403), FixAction),
        (Reply(b"<html>Not Found</html>", 404), FixRequest),
        (Reply(error_body("OperationDenied.ServiceNotOpen"), 403), FixAction),
        (Reply(error_body("SomethingNew"), 403), FixRequest),
        (Reply(b"<html>Forbidden</html>", 403), FixRequest),
        (Reply(b"", 400), FixRequest),
        (Reply(b"", 407), FixSetup),
    ],
)
def test_what_no_attempt_can_mend_is_asked_once(client, server, world, reply, error):
    server.replies = [reply]
    with pytest.raises(error) as caught:
        client.call(ACTION, {})
    assert caught.value.action == ACTION
    assert len(server.requests) == 1
    assert world.slept == []


@pytest.mark.parametrize("code", ["InternalError", "InvalidParam", "AccessDenied"])
def test_an_error_inside_a_success_names_the_action_that_was_called(client, server, code):
    server.replies = [Reply(error_body(code))]
    with pytest.raises(ApiError, match=rf"^{ACTION}: refused with {code} \(HTTP 200, request r\)"):
        client.call(ACTION, {})


def test_patience_with_faults_ends(client, server, world):
    server.replies = [Reply(b"", 500)]
    with pytest.raises(TryLater, match="gave up at attempt 3 after 3 s") as caught:
        client.call(ACTION, {})
    assert caught.value.http_status == 500
    assert world.slept == [1, 2]


def test_patience_with_throttling_ends_later(client, server, world):
    server.replies = [Reply(error_body("FlowLimitExceeded"), 429)]
    with pytest.raises(TryLater, match="gave up at attempt 5"):
        client.call(ACTION, {})
    assert world.slept == [1, 2, 4, 8]


def test_faults_and_throttling_are_counted_apart(client, server, world):
    throttled, fault = Reply(b"", 429), Reply(b"", 500)
    server.replies = [throttled, fault, throttled, fault, throttled, Reply()]
    assert client.call(ACTION, {}).attempts == 6
    assert world.slept == [1, 1, 2, 2, 4]


def test_throttling_slows_every_process_down(client, server, world):
    server.replies = [Reply(b"", 500), Reply(b"", 429, Retry_After="7"), Reply()]
    client.call(ACTION, {})
    assert world.rate_limiter.backed_off == [(ACTION, 7)]


def test_every_attempt_passes_the_rate_limiter(client, server, world):
    server.replies = [Reply(b"", 500), Reply(error_body("InvalidTimestamp"), 403), Reply()]
    client.call(ACTION, {})
    assert world.rate_limiter.taken == [ACTION] * 3
    assert client.calls == {ACTION: 3}


@pytest.mark.parametrize(
    ("asked", "wait_s"),
    [("20", 20), ("Thu, 02 Jan 2025 03:04:35 GMT", 30), ("nonsense", 1)],
)
@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 503), (error_body("FlowLimitExceeded"), 429), (error_body("FlowLimitExceeded"), 200)],
)
def test_a_server_that_says_when_to_come_back_is_heard(
    client, server, world, asked, wait_s, body, status
):
    server.replies = [Reply(body, status, Retry_After=asked), Reply()]
    client.call(ACTION, {})
    assert world.slept == [wait_s]


def test_a_server_that_wants_a_rest_longer_than_our_patience_gets_it_at_once(client, server, world):
    server.replies = [Reply(b"", 429, Retry_After="3600")]
    with pytest.raises(TryLater, match="asked to wait 3600 s more"):
        client.call(ACTION, {})
    assert world.slept == []


def test_a_refused_clock_is_read_anew_once(server, world):
    def one_hour_off_the_first_time():
        return NOW if server.requests else NOW - timedelta(hours=1)

    server.replies = [Reply(error_body("InvalidTimestamp"), 403), Reply()]
    with world.client(clock=one_hour_off_the_first_time) as other:
        assert other.call(ACTION, {}).attempts == 2
    dates = [headers["X-Date"] for _, headers, _ in server.requests]
    assert dates == ["20250102T020405Z", "20250102T030405Z"]
    assert world.slept == []


def test_a_clock_refused_twice_is_for_a_person(client, server):
    server.replies = [Reply(error_body("InvalidTimestamp"), 403)]
    with pytest.raises(WrongClock, match="Check the clock"):
        client.call(ACTION, {})
    assert actions(server) == [ACTION, ACTION, "ListDomainDetail"]


def test_a_reader_can_ask_for_another_attempt(client):
    verdicts = [TryLater("page 2 repeats page 1"), None]

    def read(body):
        verdict = verdicts.pop(0)
        if verdict:
            raise verdict
        return body

    assert client.call(ACTION, {}, read).attempts == 2


@pytest.mark.parametrize(
    "error",
    [IncompleteAnswer("1 of 2 rows"), WrongAnswer(ACTION, "Result", 1, "an object"), KeyError("x")],
)
def test_any_other_error_of_the_reader_is_the_callers(client, server, error):
    def read(_):
        raise error

    with pytest.raises(type(error)) as caught:
        client.call(ACTION, {}, read)
    assert caught.value is error
    assert getattr(error, "action", ACTION) == ACTION
    assert len(server.requests) == 1


def test_a_redirect_is_not_followed(client, server):
    server.replies = [Reply(b"", 302, Location="https://login.example.com/\x1b[31m")]
    with pytest.raises(
        FixRequest, match=r"redirected to https://login\.example\.com/\\x1b"
    ) as caught:
        client.call(ACTION, {})
    assert caught.value.http_status == 302


def test_a_server_that_never_answers_is_given_up(server, world):
    server.replies = [Silence(b"")]
    once = RetryPolicy(fault_attempts=1)
    with (
        world.client(timeouts=Timeouts(read_s=0.01), retries=once) as client,
        pytest.raises(TryLater, match="no answer in time") as caught,
    ):
        client.call(ACTION, {})
    assert caught.value.timed_out


def test_a_body_that_stops_coming_is_given_up(server, world):
    server.replies = [Silence(RESULT[:5], length=len(RESULT))]
    once = RetryPolicy(fault_attempts=1)
    with (
        world.client(timeouts=Timeouts(read_s=0.5), retries=once) as client,
        pytest.raises(TryLater, match="broke off after 5 bytes") as caught,
    ):
        client.call(ACTION, {})
    assert caught.value.timed_out


def test_a_body_that_drips_is_given_up_at_its_deadline(server, world):
    """The first byte is looked at when it comes, without waiting for more of them."""
    server.replies = [Silence(RESULT[:1], length=len(RESULT))]

    def ten_seconds_at_each_look():
        world.passed_s += 10
        return world.passed_s

    once = RetryPolicy(fault_attempts=1)
    limits = Timeouts(read_s=5, body_s=9)
    with (
        world.client(monotonic=ten_seconds_at_each_look, timeouts=limits, retries=once) as client,
        pytest.raises(TryLater, match="still coming in after 9 s, 1 bytes so far") as caught,
    ):
        client.call(ACTION, {})
    assert caught.value.timed_out


def test_nobody_listening_is_worth_another_attempt(world):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = Host(f"http://127.0.0.1:{unused.getsockname()[1]}")
        with world.client(nobody) as client, pytest.raises(TryLater, match="refused") as caught:
            client.call(ACTION, {})
    assert not caught.value.timed_out
    assert len(world.slept) == 2


@pytest.mark.parametrize(
    ("raised", "error", "text"),
    [
        (urllib3.exceptions.SSLError(SELF_SIGNED), FixSetup, "REQUESTS_CA_BUNDLE"),
        (urllib3.exceptions.ProxyError("tunnel", SELF_SIGNED), FixSetup, "REQUESTS_CA_BUNDLE"),
        (urllib3.exceptions.SSLError(OSError("EOF in handshake")), TryLater, "EOF in handshake"),
        (urllib3.exceptions.ConnectTimeoutError("10 s"), TryLater, "check the network"),
        (urllib3.exceptions.ProxyError("tunnel", OSError("502")), TryLater, "HTTPS_PROXY"),
        (urllib3.exceptions.ProtocolError("aborted", OSError("reset")), TryLater, "reset"),
    ],
)
def test_why_there_is_no_connection(client, monkeypatch, raised, error, text):
    def urlopen(*_, **__):
        raise raised

    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", urlopen)
    with pytest.raises(error) as caught:
        client.call(ACTION, {})
    assert text in str(caught.value)
    assert not getattr(caught.value, "timed_out", False)


ELSEWHERE = Host("https://api.example.com")


def test_a_bundle_of_certificates_that_is_not_there_is_for_a_person(world, monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "company.pem"))
    with (
        world.client(ELSEWHERE) as client,
        pytest.raises(FixSetup, match=r"no trusted connection \(.*company\.pem"),
    ):
        client.call(ACTION, {})


class Proxy(BaseHTTPRequestHandler):
    """Keeps what it is asked to connect to, and refuses."""

    def do_CONNECT(self):
        self.server.asked.append((self.path, self.headers.get("Proxy-Authorization")))
        self.send_error(self.server.status)

    def log_message(self, *_):
        pass


@pytest.fixture
def proxy():
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as http:
        http.asked, http.status = [], 502
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield http
        http.shutdown()
        thread.join()


def test_a_proxy_that_wants_a_login_is_told_at_once(world, proxy, monkeypatch):
    proxy.status = 407
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.server_port}")
    monkeypatch.setenv("NO_PROXY", "")
    with (
        world.client(ELSEWHERE) as client,
        pytest.raises(FixSetup, match="407.*HTTPS_PROXY=http://user:password@host") as caught,
    ):
        client.call(ACTION, {})
    assert caught.value.http_status == 407
    assert len(proxy.asked) == 1
    assert world.slept == []


@pytest.mark.parametrize(
    ("url", "proxy_url"),
    [
        ("https://no-such-host.invalid", ""),
        ("https://api.example.com", "http://no-such-proxy.invalid:3128"),
        ("https://api.example.com", "socks5://127.0.0.1:1"),
        ("https://api.example.com", "ftp://127.0.0.1:1"),
    ],
    ids=["name of the API", "name of the proxy", "a SOCKS proxy", "no proxy"],
)
def test_an_address_that_cannot_be_used_is_told_at_once(world, monkeypatch, url, proxy_url):
    def no_address(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_address)
    monkeypatch.setenv("HTTPS_PROXY", proxy_url)
    monkeypatch.setenv("NO_PROXY", "")
    with (
        world.client(Host(url)) as client,
        pytest.raises(FixSetup, match=r"LIVESTATS_API_URL.*HTTPS_PROXY"),
    ):
        client.call(ACTION, {})
    assert world.slept == []


def test_a_name_that_did_resolve_before_is_worth_another_attempt(client, world, monkeypatch):
    client.call(ACTION, {})
    usual, failures = urllib3.HTTPConnectionPool.urlopen, [1]

    def urlopen(*args, **kwargs):
        if failures:
            failures.pop()
            raise urllib3.exceptions.NameResolutionError("api", None, socket.gaierror(-3, "again"))
        return usual(*args, **kwargs)

    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", urlopen)
    assert client.call(ACTION, {}).attempts == 2
    assert len(world.slept) == 1


def test_a_proxy_of_the_environment_is_asked_with_its_password(world, proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:hunter2@127.0.0.1:{proxy.server_port}")
    monkeypatch.setenv("NO_PROXY", "")
    once = RetryPolicy(fault_attempts=1)
    with (
        world.client(ELSEWHERE, retries=once) as client,
        pytest.raises(TryLater, match="502.*HTTPS_PROXY") as caught,
    ):
        client.call(ACTION, {})
    password = base64.b64encode(b"user:hunter2").decode()
    assert proxy.asked == [("api.example.com:443", f"Basic {password}")]
    assert "hunter2" not in str(caught.value)


def test_a_host_that_the_environment_excepts_goes_past_the_proxy(world, proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.server_port}")
    monkeypatch.setenv("NO_PROXY", "example.com,127.0.0.1")
    # Loopback reads no environment at all, so this address has to pass for another machine's.
    monkeypatch.setattr(Host, "is_loopback", property(lambda _: False))
    with world.client() as client:
        assert client.call(ACTION, {}).http_status == 200
    assert proxy.asked == []


def test_the_password_of_a_proxy_stays_unseen(world, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hunter2@proxy:port")
    monkeypatch.setenv("NO_PROXY", "")
    with (
        world.client(ELSEWHERE) as client,
        pytest.raises(FixSetup, match="HTTPS_PROXY") as caught,
    ):
        client.call(ACTION, {})
    assert "hunter2" not in str(caught.value)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_what_goes_to_this_machine_goes_past_all_proxies(client, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    assert client.call(ACTION, {}).http_status == 200


def test_a_netrc_file_never_replaces_the_signature(world, server, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    # Loopback reads no environment at all, so this address has to pass for another machine's.
    monkeypatch.setattr(Host, "is_loopback", property(lambda _: False))
    with world.client(world.host) as client:
        client.call(ACTION, {})
    assert server.requests[0][1]["Authorization"].startswith("HMAC-SHA256 Credential=AKTEST/")


def test_secrets_that_a_server_repeats_reach_neither_error_nor_log_nor_archive(
    client, server, caplog
):
    echo = f"{CREDENTIALS.secret_key} {CREDENTIALS.session_token}"
    server.replies = [
        Reply(error_body("InternalError", echo), 500),
        Reply(json.dumps({"Result": echo}).encode()),
        Reply(error_body("SignatureDoesNotMatch", echo), 401),
    ]
    with caplog.at_level(logging.DEBUG):
        answer = client.call(ACTION, {})
        with pytest.raises(FixSetup) as caught:
            client.call(ACTION, {})
    assert answer.body == b'{"Result": "*** ***"}'
    for text in (str(caught.value), caplog.text):
        assert "*** ***" in text
        assert CREDENTIALS.secret_key not in text
        assert CREDENTIALS.session_token not in text


def test_a_retry_is_one_line_in_the_log(client, server, caplog):
    server.replies = [
        Reply(error_body("FlowLimitExceeded", "slow\ndown", CodeN=100018), 429),
        Reply(),
    ]
    client.call(ACTION, {})
    assert [(record.name, record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "livestats.api",
            "WARNING",
            "DescribeLiveISPData: refused with FlowLimitExceeded (CodeN 100018, HTTP 429, "
            'request r), "slow\\ndown"; attempt 2 in 1.0 s',
        )
    ]


def test_a_connection_is_used_again(client, server):
    for _ in range(3):
        client.call(ACTION, {})
    assert len(server.connections) == 1


def test_threads_share_a_client_and_every_call_is_counted(client, server):
    together = threading.Barrier(4)

    def work(nth):
        together.wait()
        return [client.call(f"Action{nth % 2}", {}).body for _ in range(5)]

    with ThreadPoolExecutor(4) as pool:
        bodies = [body for found in pool.map(work, range(4)) for body in found]
    assert bodies == [RESULT] * 20
    assert client.calls == {"Action0": 10, "Action1": 10}
    assert client.bytes_received == 20 * len(RESULT)
    assert len(server.connections) <= 4


def test_a_closed_client_says_so(client):
    client.close()
    with pytest.raises(RuntimeError, match="make a new one"):
        client.call(ACTION, {})


def test_a_payload_that_is_no_json_is_never_sent(client, server):
    with pytest.raises(ValueError, match="not JSON compliant"):
        client.call(ACTION, {"Rate": float("nan")})
    assert server.requests == []


def test_numbers_keep_all_their_digits():
    body = b'{"Result": {"Big": 9007199254740993, "Long": 0.12345678901234567}}'
    result = read_json(body)["Result"]
    assert result == {"Big": 9007199254740993, "Long": 0.12345678901234567}


def test_an_empty_result_is_a_result():
    assert read_json(b'{"Result": {}}') == {"Result": {}}
    assert read_json(b'{"Result": null}') == {"Result": None}
