"""Calls of the API: rate-limited, signed, retried where that helps, and read completely.

Connections are in `transport`, the parsing of bodies is in `parsing`, what ends a run is decided in
`breaker` and `witness`. Request and body are archived byte for byte, so nothing here may change
either. Next: `pagination`.
"""

import json
import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType, TracebackType
from typing import Any, Generic, Self, TypeVar, overload

import requests

from resources.api import redaction
from resources.api.body import Body, Incoming
from resources.api.breaker import Breaker
from resources.api.catalog import ENDPOINTS
from resources.api.catalog.model import Method
from resources.api.credentials import Credentials
from resources.api.download import Downloader
from resources.api.envelope import read_json, refused
from resources.api.errors import ApiError, FixSetup, TryLater, WrongClock
from resources.api.hosts import VOLCENGINE, Host
from resources.api.key_ring import KeyRing, Reread
from resources.api.rate_limiter import RateLimiter
from resources.api.retry import (
    DEFAULT_RETRIES,
    Failures,
    RetryPolicy,
    Timing,
    read_retry_after,
)
from resources.api.server_clock import ServerClock
from resources.api.signing import sign
from resources.api.transport import DEFAULT_TIMEOUTS, Timeouts, Transport, chunks
from resources.api.withheld import without_secrets
from resources.api.witness import QUESTIONS, Witness

VERSION = "2023-01-01"

log = logging.getLogger("livestats.api")
T = TypeVar("T")


@dataclass(frozen=True)
class ApiResponse(Generic[T]):
    """A successful answer: the request, the body, and what `read` made of it."""

    action: str
    request: bytes  # the parameters as JSON: the exact body sent, unless they travel in the query
    body: Body  # the exact body received, decompressed
    fetched_at: datetime  # UTC, when the request was signed: the answer holds nothing later
    http_status: int
    attempts: int  # 1: answered at once
    value: T


class Client:
    """Calls actions of one account at one host. Safe to share among threads.

        client = Client(credentials, RateLimiter(...), VOLCENGINE)
        client.call("DescribeLiveISPData", {}).value["Result"]["ISPs"]

    Connections stay open for later calls; `close()`, or leaving a `with`, closes them. `clock`
    gives an aware UTC time for signatures, `monotonic` seconds for deadlines; both, `sleep` and
    `chance` (random numbers in [0, 1)) are parameters for tests. `reread` gives the
    credentials anew when the vendor refuses them (None: they do not change).
    """

    def __init__(
        self,
        credentials: Credentials,
        rate_limiter: RateLimiter,
        host: Host = VOLCENGINE,
        *,
        retries: RetryPolicy = DEFAULT_RETRIES,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        reread: Reread | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._keys = KeyRing(credentials, reread)
        self._rate_limiter = rate_limiter
        self._host = host
        self._retries = retries
        self._timeouts = timeouts
        self._timing = Timing(clock=clock, monotonic=monotonic, sleep=sleep, chance=chance)
        self._transport = Transport(host, timeouts)
        self._breaker = Breaker(host.netloc, self._probe, monotonic)
        self._witness = Witness(self._ask, monotonic)
        self._server_clock = ServerClock()
        self._lock = threading.Lock()  # guards what follows
        self._calls: Counter[str] = Counter()
        self._bytes_received = 0

    @property
    def calls(self) -> Mapping[str, int]:
        """How many calls were made so far, per action, each attempt counted."""
        with self._lock:
            return MappingProxyType(dict(self._calls))

    @property
    def bytes_received(self) -> int:
        """Bytes of bodies received so far, before decompression."""
        with self._lock:
            return self._bytes_received

    @property
    def clock_lead(self) -> timedelta:
        """How far this machine's clock is ahead of the vendor's, by the newest answer; zero if it is not."""
        return self._server_clock.lead

    @overload
    def call(self, action: str, payload: Mapping[str, object]) -> ApiResponse[dict[str, Any]]: ...

    @overload
    def call(
        self,
        action: str,
        payload: Mapping[str, object],
        read: Callable[[Body], T],
        *,
        with_secrets: bool = False,
    ) -> ApiResponse[T]: ...

    def call(
        self,
        action: str,
        payload: Mapping[str, object],
        read: Callable[[Body], Any] = read_json,
        *,
        with_secrets: bool = False,
    ) -> ApiResponse[Any]:
        """Call `action` with `payload`, and pass the body of the answer to `read`.

        The payload is the JSON body, or the query of an action whose method is GET. `read` gets what
        the catalog calls secret only `with_secrets`, and must neither keep nor quote it; the body of
        the ApiResponse is without it in any case.

        Faults, throttling and a TryLater from `read` are retried by the retry policy, a refused
        clock once, a refused key once if there is another by now. Blocks for the rate limiter, the
        retry waits and the network.

        Raises the last TryLater when the retries are used up, FixRequest or FixAction at once, and
        whatever else `read` raises. FixSetup is final: a second action was refused as well, or
        nothing can be reached. An ApiError always has its action set.
        """
        # ASCII, as the official SDK sends it; compact, because bodies are archived by the million.
        request = json.dumps(payload, separators=(",", ":"), allow_nan=False).encode("ascii")
        try:
            return self._persist(action, request, read, with_secrets)
        except ApiError as error:
            error.action = error.action or action
            raise

    def _persist(
        self, action: str, request: bytes, read: Callable[[Body], T], with_secrets: bool
    ) -> ApiResponse[T]:
        """Attempt a call until it succeeds or another attempt is of no use."""
        failures = Failures(self._retries, self._timing)
        clock_refused = key_refused = False
        while True:
            attempts = failures.number + clock_refused + key_refused + 1
            self._breaker.admit()
            self._rate_limiter.acquire(action)
            credentials, began_s = self._keys.current, self._timing.monotonic()
            try:
                response = self._attempt(action, request, read, attempts, credentials, with_secrets)
                self._breaker.answered()
                self._witness.accepted(action, began_s)
                return response
            except FixSetup as error:
                if not error.is_of_vendor:
                    raise
                self._breaker.answered()
                if isinstance(error, WrongClock) and not clock_refused:
                    clock_refused = True  # at once: the time is read anew for each signature
                elif not key_refused and self._keys.renew(credentials):
                    key_refused = True
                else:
                    raise self._witness.judge(action, error) from None
                log.warning("%s: %s; signing again", action, error.what, extra={"error": error})
            except TryLater as error:
                self._wait_for_retry(action, error, failures, began_s, attempts)
            except ApiError:
                self._breaker.answered()
                raise

    def _wait_for_retry(
        self, action: str, error: TryLater, failures: Failures, began_s: float, attempts: int
    ) -> None:
        """Sleep before another attempt.

        Raises `error` if there is no other, FixSetup if network or service is dead.
        """
        is_first = self._breaker.failed(error, began_s)
        level = logging.WARNING if is_first else logging.DEBUG  # one of many in a row is told
        wait_s = failures.wait_s(error, attempts)
        if error.no_answer:
            wait_s = self._breaker.shortened(wait_s)
        error.action = error.action or action
        words = (action, error.what, attempts + 1, wait_s)
        log.log(level, "%s: %s; attempt %d in %.1f s", *words, extra={"error": error})
        if error.throttled:
            self._rate_limiter.back_off(action, wait_s)
        self._timing.sleep(wait_s)
        failures.slept_s += wait_s

    def _ask(self, action: str, payload: Mapping[str, object]) -> None:
        """One attempt at a call, to see what comes back. Raises ApiError."""
        self._rate_limiter.acquire(action)
        self._attempt(action, json.dumps(payload).encode("ascii"), read_json, 1, self._keys.current)

    def _probe(self) -> None:
        """Whether anything is answered: returns if it is, raises ApiError if not.

        One action of the API may be broken behind a gateway that stands, so a second one is asked.
        """
        failures: list[TryLater] = []
        for action, payload in QUESTIONS:
            try:
                self._ask(action, payload)
                return
            except TryLater as error:
                failures.append(error)
                if error.no_answer and error.http_status is None:  # for all actions alike
                    break
        raise min(failures, key=lambda error: error.no_answer)

    def downloader(self) -> Downloader:
        """Downloads of links that answers give, with the same retries, waits and timeouts."""
        return Downloader(self._retries, self._timeouts, self._timing)

    def close(self) -> None:
        """Close all connections. A call after this raises RuntimeError."""
        self._transport.close()

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
        self,
        action: str,
        request: bytes,
        read: Callable[[Body], T],
        attempts: int,
        credentials: Credentials,
        with_secrets: bool = False,
    ) -> ApiResponse[T]:
        retry_after_s: float | None = None
        try:
            now = self._timing.clock()
            response = self._send(action, request, now, credentials)
            with response:
                retry_after_s = read_retry_after(response.headers.get("Retry-After"), now)
                body = self._body(response)
            status = response.status_code
            if not 200 <= status <= 299:
                location = response.headers.get("Location")
                raise refused(action, status, location, body, retry_after_s)
            self._server_clock.note(now, response.headers.get("Date"))
            kept = without_secrets(ENDPOINTS.get(action), body)
            value = read(body if with_secrets else kept)
            return ApiResponse(action, request, kept, now, status, attempts, value)
        except ApiError as error:
            error.action = error.action or action
            # Once more than the body: decoded escapes may have brought a secret back, and headers
            # are quoted as well.
            redaction.redact_error(error)
            if isinstance(error, TryLater):
                error.retry_after_s = error.retry_after_s or retry_after_s
            raise

    def _send(
        self, action: str, request: bytes, now: datetime, credentials: Credentials
    ) -> requests.Response:
        query, body = {"Action": action, "Version": VERSION}, request
        endpoint = ENDPOINTS.get(action)
        method = Method.POST if endpoint is None else endpoint.method
        if method is Method.GET:
            query |= {name: str(value) for name, value in json.loads(request).items()}
            body = b""
        headers = sign(
            method=method.value,
            host=self._host.netloc,
            path=self._host.path,
            query=query,
            body=body,
            credentials=credentials,
            region=self._host.region,
            service=self._host.service,
            now=now,
        )
        redaction.sent(headers)
        with self._lock:
            self._calls[action] += 1
        if method is Method.GET:
            return self._transport.get(query, headers)
        return self._transport.post(query, body, headers)

    def _body(self, response: requests.Response) -> Body:
        """The whole body, decompressed; secrets that a server echoes are replaced in it.

        Raises TryLater if it breaks off or takes longer than `body_s`, AnswerTooLarge.
        """
        deadline_s = self._timing.monotonic() + self._timeouts.body_s
        incoming = Incoming(redaction.redact_body, redaction.longest())
        try:
            for chunk in chunks(response):
                incoming.write(chunk)
                if self._timing.monotonic() > deadline_s:
                    raise TryLater(
                        f"the answer was still coming in after {self._timeouts.body_s:g} s, "
                        f"{incoming.received} bytes so far",
                        timed_out=True,
                    )
        finally:
            with self._lock:
                self._bytes_received += response.raw.tell()
        return incoming.body()
