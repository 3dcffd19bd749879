"""One call of the API: signed, paced, repeated where that helps, and read to the last byte.

    client = Client(credentials, Budget(...), VOLCENGINE)
    answer = client.call("DescribeLiveISPData", {})
    answer.value["Result"]["ISPs"]

What is archived is `answer.request` and `answer.body`, byte for byte as they went over the wire
(before compression), so nothing here changes either.
"""

import json
import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Generic, Self, TypeVar, overload
from weakref import WeakSet

import requests
import urllib3

from resources.api.bodies import Body, Incoming, whole
from resources.api.budget import Budget
from resources.api.credentials import Credentials
from resources.api.door import Door
from resources.api.errors import (
    ApiError,
    FixSetup,
    Refusal,
    TryLater,
    WrongClock,
    from_answer,
    printable,
    read_refusal,
)
from resources.api.hosts import VOLCENGINE, Host
from resources.api.retries import DEFAULT_RETRIES, RetryPolicy, read_retry_after
from resources.api.signing import sign

VERSION = "2023-01-01"
CHUNK_BYTES = 1 << 16

log = logging.getLogger("livestats.api")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """How long to wait for the network, in seconds."""

    connect_s: float = 10.0
    read_s: float = 60.0  # between two pieces of an answer, and before the first
    body_s: float = 180.0  # for all pieces together: a body that drips never pauses for read_s


@dataclass(frozen=True)
class Answer(Generic[T]):
    """A successful answer: what was sent, what came back, and what `read` made of it."""

    action: str
    request: bytes  # the exact body sent
    body: Body  # the exact body received, decompressed
    fetched_at: datetime  # UTC, when the request was signed: the answer knows no later moment
    http_status: int
    attempts: int  # 1: answered at once
    value: T


def read_json(body: Body) -> dict[str, Any]:
    """The envelope of a successful answer, with `Result` in it (which may be null).

    Raises TryLater if the body is not JSON, cut off, or holds neither Error nor Result, and the
    error of `from_answer` if it holds an Error: the API sends those with HTTP 200, too.
    """
    text = whole(body)
    document = _parsed(text)
    if document is None:
        start = printable(text[:200].decode("utf-8", errors="replace"), longest=80)
        raise TryLater(f'the answer of {len(body)} bytes is not whole JSON: "{start}"')
    refusal = read_refusal(document)
    if refusal is not None:
        raise from_answer(None, 200, refusal)
    if not isinstance(document, dict) or "Result" not in document:
        raise TryLater("the answer has neither a Result nor an Error")
    return document


class Client:
    """Calls actions of one account at one host. Safe to share among threads.

    Every thread keeps a connection of its own open; `close()`, or leaving a `with`, closes all.
    `clock` gives an aware UTC time for signatures, `monotonic` seconds for deadlines; both,
    `sleep` and `chance` (random numbers in [0, 1)) are there to be replaced in tests. Answers that
    are too large to be held wait in files without names in `spill` (None: where the system has its
    temporary files).
    """

    def __init__(
        self,
        credentials: Credentials,
        budget: Budget,
        host: Host = VOLCENGINE,
        *,
        retries: RetryPolicy = DEFAULT_RETRIES,
        timeouts: Timeouts = Timeouts(),
        spill: Path | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._credentials = credentials
        self._budget = budget
        self._host = host
        self._retries = retries
        self._timeouts = timeouts
        self.spill = spill
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._chance = chance
        self._local = threading.local()
        self._sessions: WeakSet[requests.Session] = WeakSet()  # those of ended threads go away
        self._door = Door()
        self._lock = threading.Lock()  # guards what follows, and the set above
        self._calls: Counter[str] = Counter()
        self._bytes_received = 0
        self._closed = False

    @property
    def calls(self) -> Mapping[str, int]:
        """How many calls were made by now, per action, each attempt counted."""
        with self._lock:
            return MappingProxyType(dict(self._calls))

    @property
    def bytes_received(self) -> int:
        """Bytes of bodies that came over the wire by now, compressed as they came."""
        with self._lock:
            return self._bytes_received

    @overload
    def call(self, action: str, payload: Mapping[str, object]) -> Answer[dict[str, Any]]: ...

    @overload
    def call(
        self, action: str, payload: Mapping[str, object], read: Callable[[Body], T]
    ) -> Answer[T]: ...

    def call(
        self,
        action: str,
        payload: Mapping[str, object],
        read: Callable[[Body], Any] = read_json,
    ) -> Answer[Any]:
        """Ask `action` with `payload` as its JSON body, and hand the answer's body to `read`.

        Faults, throttling and a TryLater from `read` are tried again as the retry policy says, a
        refused clock once. Blocks for the call budget, the waits and the network.

        Raises the last TryLater when patience runs out, FixRequest or FixSetup at once, and
        whatever else `read` raises. An ApiError always knows its action.
        """
        # ASCII, as the official SDK sends it; compact, because bodies are archived by the million.
        request = json.dumps(payload, separators=(",", ":"), allow_nan=False).encode("ascii")
        failures: Counter[bool] = Counter()
        clock_refused = False
        started_s = self._monotonic()
        while True:
            self._budget.take(action)
            attempts = failures.total() + clock_refused + 1
            try:
                with self._door.passed():
                    return self._attempt(action, request, read, attempts)
            except WrongClock as error:
                if clock_refused:
                    raise
                clock_refused = True  # once more at once: the time is read anew for each signature
                log.warning("%s: %s; signing again", action, error.what)
            except TryLater as error:
                failures[error.throttled] += 1
                elapsed_s = self._monotonic() - started_s
                wait_s = self._retries.wait_s(
                    error,
                    nth=failures[error.throttled],
                    elapsed_s=elapsed_s,
                    chance=self._chance(),
                )
                if wait_s is None:
                    error.what += f"; gave up at attempt {attempts} after {elapsed_s:.0f} s"
                    if error.retry_after_s is not None:
                        error.what += f", asked to wait {error.retry_after_s:.0f} s more"
                    raise
                log.warning(
                    "%s: %s; attempt %d in %.1f s", action, error.what, attempts + 1, wait_s
                )
                if error.throttled:
                    self._budget.back_off(action, wait_s)
                self._sleep(wait_s)

    def close(self) -> None:
        """Close the connections of all threads. A call after this raises RuntimeError."""
        with self._lock:
            self._closed = True
            sessions = list(self._sessions)
        for session in sessions:
            session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _attempt(
        self, action: str, request: bytes, read: Callable[[Body], T], attempts: int
    ) -> Answer[T]:
        retry_after_s: float | None = None
        try:
            now = self._clock()
            response = self._post(action, request, now)
            with response:
                retry_after_s = read_retry_after(response.headers.get("Retry-After"), now)
                body = self._body(response)
            status = response.status_code
            if not 200 <= status <= 299:
                raise _refused(action, response, body, retry_after_s)
            return Answer(action, request, body, now, status, attempts, read(body))
        except TryLater as error:
            error.action = error.action or action
            error.retry_after_s = error.retry_after_s or retry_after_s
            raise
        except ApiError as error:
            error.action = error.action or action
            raise

    def _post(self, action: str, request: bytes, now: datetime) -> requests.Response:
        query = {"Action": action, "Version": VERSION}
        headers = sign(
            method="POST",
            host=self._host.netloc,
            path=self._host.path,
            query=query,
            body=request,
            credentials=self._credentials,
            region=self._host.region,
            service=self._host.service,
            now=now,
        )
        session = self._session()
        with self._lock:
            self._calls[action] += 1
        try:
            return session.post(
                self._host.url_of(query),
                data=request,
                headers=headers,
                timeout=(self._timeouts.connect_s, self._timeouts.read_s),
                allow_redirects=False,  # the signature covers the host: it would be refused there
                stream=True,
            )
        except (OSError, urllib3.exceptions.HTTPError) as error:  # requests' errors are OSErrors
            failure = _unreachable(error)
        # Raised out here, without the library's error: that of a bad proxy URL quotes its password.
        raise failure

    def _body(self, response: requests.Response) -> Body:
        """The whole body, decompressed; secrets that a server echoes are cut out of it.

        Raises TryLater if it breaks off or takes longer than `body_s`.
        """
        deadline_s = self._monotonic() + self._timeouts.body_s
        incoming = Incoming(self.spill, self._credentials.redact, self._credentials.longest_secret)
        try:
            for chunk in _chunks(response, incoming):
                incoming.write(chunk)
                if self._monotonic() > deadline_s:
                    raise TryLater(
                        f"the answer was still coming in after {self._timeouts.body_s:g} s, "
                        f"{incoming.received} bytes so far",
                        timed_out=True,
                    )
        finally:
            with self._lock:
                self._bytes_received += response.raw.tell()
        return incoming.body()

    def _session(self) -> requests.Session:
        """The session of this thread."""
        session: requests.Session | None = getattr(self._local, "session", None)
        with self._lock:
            if self._closed:
                raise RuntimeError("this client is closed: make a new one")
            if session is None:
                session = requests.Session()
                session.headers["User-Agent"] = "livestats"
                session.auth = _signed_already
                # Proxies from the environment; but what goes to this machine needs none.
                session.trust_env = not self._host.is_loopback
                self._local.session = session
                self._sessions.add(session)
        return session


def _signed_already(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Authentication that adds nothing; without any, requests puts in what ~/.netrc has."""
    return request


def _chunks(response: requests.Response, incoming: Incoming) -> Iterator[bytes]:
    """What comes of the body, decompressed. Raises TryLater if it breaks off."""
    try:
        # read1 comes back with whatever there is; read would wait for a full chunk, and a server
        # that drips a byte a minute would never let us look at the deadline.
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
            yield chunk
    except (OSError, urllib3.exceptions.HTTPError) as error:
        raise TryLater(
            f"the answer broke off after {incoming.received} bytes ({_innermost(error)})",
            timed_out=isinstance(error, urllib3.exceptions.ReadTimeoutError),
        ) from error


def _parsed(body: bytes) -> object:
    """The JSON document, None if it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _refused(
    action: str, response: requests.Response, body: Body, retry_after_s: float | None
) -> ApiError:
    """The error for an answer that is no success, whoever on the way wrote it."""
    if 300 <= response.status_code <= 399:
        target = printable(response.headers.get("Location", "nowhere"))
        return FixSetup(
            f"redirected to {target} (HTTP {response.status_code})",
            "Redirects are not followed. If that is the API, set it as the API URL "
            "(LIVESTATS_API_URL); if it is a login page, this network wants a login.",
            action=action,
            http_status=response.status_code,
        )
    start = body if isinstance(body, bytes) else next(body.pieces())
    page = start.decode("utf-8", errors="replace").strip()
    refusal = read_refusal(_parsed(start)) or Refusal(message=page)
    return from_answer(action, response.status_code, refusal, retry_after_s)


def _unreachable(error: Exception) -> ApiError:
    """The error for a request that got no answer."""
    if isinstance(error, requests.exceptions.InvalidURL):
        return FixSetup(
            "no usable address",
            "Check the API URL (LIVESTATS_API_URL) and the proxy settings (HTTPS_PROXY).",
        )
    reason = _innermost(error)
    wrapped = isinstance(error, requests.RequestException | urllib3.exceptions.HTTPError)
    # A bare OSError comes before any connection: the file with the certificates is not there.
    if "CERTIFICATE_VERIFY_FAILED" in reason or not wrapped:
        return FixSetup(
            f"no trusted connection ({reason})",
            "If a proxy of your company opens connections, name the file with its certificate in "
            "REQUESTS_CA_BUNDLE; otherwise check the API URL (LIVESTATS_API_URL) and the clock.",
        )
    if isinstance(error, requests.exceptions.ReadTimeout):
        return TryLater(f"no answer in time ({reason})", timed_out=True)
    return TryLater(
        f"no answer ({reason})",
        "If it lasts, check the network, the name server, the proxy (HTTPS_PROXY) and the API "
        "URL (LIVESTATS_API_URL).",
    )


def _innermost(error: BaseException) -> str:
    """The error at the core of one: the libraries put it into layers that repeat each other."""
    candidates = (getattr(error, "reason", None), *error.args)
    inner = next((part for part in candidates if isinstance(part, BaseException)), None)
    if inner is not None:
        return _innermost(inner)
    return printable(f"{type(error).__name__}: {error}", longest=200)
