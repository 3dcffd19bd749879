"""The way to the API: connections that stay open, and what a request without an answer means.

`requests` says once which proxy, certificates and headers a request takes; the calls then go
straight to the connection pool that it made. All that it would look up anew for each call (the
environment, .netrc, cookies, redirects) is the same for all of them or not wanted, and took more
CPU than a small answer does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import requests
import requests.adapters
import urllib3
import urllib3.connection

from resources.api.errors import ApiError, FixSetup, TryLater, printable
from resources.api.hosts import Host
from resources.api.signing import canonical_query

CHUNK_BYTES = 1 << 18
"""At most read at a time."""

_MOST_IDLE = 1024
"""Connections that are kept when nothing is asked by them: no bound, each worker has one at most."""


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """How long to wait for the network, in seconds."""

    connect_s: float = 10.0
    read_s: float = 60.0  # between two pieces of an answer, and before the first
    body_s: float = 180.0  # for all pieces together: a body that drips never pauses for read_s


DEFAULT_TIMEOUTS = Timeouts()


@dataclass(frozen=True)
class _Pool:
    """What all requests share."""

    connections: urllib3.HTTPConnectionPool
    target: str  # of a request line, without the query: a path, or a URL for a proxy
    headers: Mapping[str, str]


_HERE = threading.local()
"""The moment of the request that this thread is about to send."""


class _InOnePiece(urllib3.connection.HTTPConnection):
    """Sends a request, head and body, when its moment has come."""

    _held: list[bytes] | None = None

    def request(self, *args: Any, **options: Any) -> None:
        if self.is_closed:
            self.connect()
        held: list[bytes] = []
        self._held = held
        try:
            super().request(*args, **options)
        finally:
            self._held = None
        whole = b"".join(held)
        with _HERE.moment():
            super().send(whole)

    def send(self, data: Any) -> None:
        if self._held is None:
            super().send(data)  # to a proxy, for a tunnel
        else:
            self._held.append(data)


class Wire:
    """Connections to one host. Safe to share among threads; each uses one at a time."""

    def __init__(self, host: Host, timeouts: Timeouts) -> None:
        """Nothing is opened, and no environment read, before the first request."""
        self._host = host
        self._timeout = urllib3.Timeout(connect=timeouts.connect_s, read=timeouts.read_s)
        self._adapter = requests.adapters.HTTPAdapter(pool_maxsize=_MOST_IDLE)
        self._lock = threading.Lock()  # guards what follows
        self._pool: _Pool | None = None
        self._is_closed = False

    def post(
        self,
        query: Mapping[str, str],
        body: bytes,
        headers: Mapping[str, str],
        moment: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> urllib3.BaseHTTPResponse:
        """Send `body`; the answer with its own still to be read, and to be closed by the caller.

        Everything is ready, the connection as well, before `moment` is entered, and the request is
        sent in one piece inside of it: what could delay it has happened.

        Raises what `moment` raises, TryLater or FixSetup if there is none, RuntimeError after `close`.
        """
        _HERE.moment = moment
        try:
            pool = self._opened()
            return pool.connections.urlopen(
                "POST",
                f"{pool.target}?{canonical_query(query)}",
                body,
                {**pool.headers, **headers},
                retries=False,
                redirect=False,  # the signature covers the host: it would be refused there
                assert_same_host=False,
                timeout=self._timeout,
                preload_content=False,
                decode_content=False,
            )
        except (OSError, urllib3.exceptions.HTTPError) as error:  # requests' errors are OSErrors
            failure = _unreachable(error)
        finally:
            del _HERE.moment
        # Raised out here, without the library's error: that of a bad proxy URL quotes its password.
        raise failure

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            self._is_closed = True
        self._adapter.close()

    def _opened(self) -> _Pool:
        with self._lock:
            if self._is_closed:
                raise RuntimeError("this client is closed: make a new one")
            if self._pool is None:
                self._pool = self._open()
            return self._pool

    def _open(self) -> _Pool:
        """The pool that `requests` takes for this host, with proxy and certificates."""
        with requests.Session() as session:
            # Proxies from the environment; but what goes to this machine needs none.
            session.trust_env = not self._host.is_loopback
            # Not prepared by the session, which would put in what ~/.netrc has.
            request = requests.Request("POST", self._host.url_of({})).prepare()
            found = session.merge_environment_settings(request.url or "", {}, None, None, None)
            verify, cert, proxies = found["verify"], found["cert"], found["proxies"]
            # The public steps of HTTPAdapter.send, which would take them for each call.
            adapter: Any = self._adapter  # the stubs lack one of them, and the pool's class
            connections = adapter.get_connection_with_tls_context(request, verify, proxies, cert)
            adapter.cert_verify(connections, request.url, verify, cert)
            target = adapter.request_url(request, proxies).partition("?")[0]
            accepted = session.headers["Accept-Encoding"]
        kind = connections.ConnectionCls
        connections.ConnectionCls = type(kind.__name__, (_InOnePiece, kind), {})
        headers = {"User-Agent": "livestats", "Accept": "*/*", "Accept-Encoding": str(accepted)}
        return _Pool(connections, target, headers)


def chunks(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """What comes of the body, decompressed. Raises TryLater if it breaks off."""
    received = 0
    try:
        # read1 comes back with whatever there is; read would wait for a full chunk, and a server
        # that drips a byte a minute would never let us look at the deadline.
        while chunk := response.read1(CHUNK_BYTES, decode_content=True):
            received += len(chunk)
            yield chunk
    except (OSError, urllib3.exceptions.HTTPError) as error:
        raise TryLater(
            f"the answer broke off after {received} bytes ({_innermost(error)})",
            timed_out=isinstance(error, urllib3.exceptions.ReadTimeoutError),
        ) from error


def _unreachable(error: Exception) -> ApiError:
    """The error for a request that got no answer."""
    unusable = (requests.exceptions.InvalidURL, urllib3.exceptions.LocationValueError)
    if isinstance(error, unusable):
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
    if isinstance(error, urllib3.exceptions.ReadTimeoutError):
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
