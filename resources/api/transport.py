"""Sending a request over HTTP: one `requests` session for each client.

Proxy, certificates, timeouts and what a request without an answer means are here; signatures,
attempts and the meaning of an answer are not. Next: `client`, which sends through it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy

import requests
import urllib3

from resources.api import header_deadline, redaction
from resources.api.errors import PROXY_LOGIN, ApiError, FixSetup, TryLater, printable
from resources.api.hosts import Host

CHUNK_BYTES = 1 << 18
"""At most read at a time."""

_MAX_CONNECTIONS = 1024
"""Idle connections that are kept. More than there are worker threads, each of which uses one."""


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """How long to wait for the network, in seconds."""

    connect_s: float = 10.0
    read_s: float = 60.0  # between two pieces of an answer, and before the first
    body_s: float = 180.0  # for all pieces together: a body that drips never pauses for read_s


DEFAULT_TIMEOUTS = Timeouts()


class Transport:
    """Connections to one host. Safe to share among threads; each uses one at a time."""

    def __init__(self, host: Host, timeouts: Timeouts) -> None:
        """Nothing is opened, and no environment read, before the first request."""
        self._host = host
        self._timeout = (timeouts.connect_s, timeouts.read_s)
        self._lock = threading.Lock()  # guards what follows
        self._session: requests.Session | None = None
        self._is_closed = False
        self._has_answered = False  # the name was right, and resolved

    def post(
        self, query: Mapping[str, str], body: bytes, headers: Mapping[str, str]
    ) -> requests.Response:
        """Send `body`. The caller reads the body of the response (`chunks`), and closes it.

        Raises TryLater or FixSetup if there is no response, RuntimeError after `close`.
        """
        return self._send("POST", query, body, headers)

    def get(self, query: Mapping[str, str], headers: Mapping[str, str]) -> requests.Response:
        """Send a request without a body. All else is as in `post`."""
        return self._send("GET", query, None, headers)

    def _send(
        self, method: str, query: Mapping[str, str], body: bytes | None, headers: Mapping[str, str]
    ) -> requests.Response:
        try:
            response = self._opened().request(
                method,
                self._host.url_of(query),
                data=body,
                headers=dict(headers),
                timeout=self._timeout,
                allow_redirects=False,  # the signature covers the host: it would be refused there
                stream=True,
            )
        except (OSError, urllib3.exceptions.HTTPError) as error:  # requests' errors are OSErrors
            failure = _unreachable(error, self._has_answered)
        else:
            self._has_answered = True
            return response
        # Raised out here, without the library's error: that of a bad proxy URL quotes its password.
        raise failure

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            self._is_closed = True
            if self._session is not None:
                self._session.close()

    def _opened(self) -> requests.Session:
        with self._lock:
            if self._is_closed:
                raise RuntimeError("this client is closed: make a new one")
            if self._session is None:
                self._session = _new_session(self._host)
            return self._session


def _new_session(host: Host) -> requests.Session:
    session = requests.Session()
    header_deadline.mount(session, _MAX_CONNECTIONS)
    session.headers["User-Agent"] = "livestats"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # Proxy and certificates come from the environment, read once. Requests to this machine need
    # neither. `trust_env` would also put a password of ~/.netrc in the place of the signature.
    if not host.is_loopback:
        found = session.merge_environment_settings(host.url_of({}), {}, None, None, None)
        session.proxies, session.verify = found["proxies"], found["verify"]
        for url in session.proxies.values():
            redaction.hold_url(url)
    session.trust_env = False
    return session


def chunks(response: requests.Response) -> Iterator[bytes]:
    """The body as it comes in, decompressed. Raises TryLater if it breaks off."""
    received, failure = 0, None
    try:
        # read1 returns whatever there is. iter_content would wait for a full chunk, and the caller
        # could not enforce its deadline on a server that sends a byte a minute.
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
            received += len(chunk)
            yield chunk
    except (OSError, urllib3.exceptions.HTTPError) as error:
        failure = TryLater(
            f"the answer broke off after {received} bytes ({_innermost(error)})",
            timed_out=isinstance(error, urllib3.exceptions.ReadTimeoutError),
        )
    if failure is not None:
        raise failure  # without the library's error, which quotes what came


_CHECK_ADDRESS = "Check the API URL (LIVESTATS_API_URL) and the proxy settings (HTTPS_PROXY)."


def _unreachable(error: Exception, has_answered: bool) -> ApiError:
    """The error for a request that got no response.

    What waiting does not mend is FixSetup. A name that does not resolve is that until the first
    answer; later the name is right, and the name server is not to be reached for the moment.
    """
    unusable = requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema
    if isinstance(error, unusable):
        return FixSetup("no usable address", _CHECK_ADDRESS)
    core = _core(error)
    reason = _told(core)
    wrapped = isinstance(error, requests.RequestException | urllib3.exceptions.HTTPError)
    # A bare OSError comes before any connection: the file with the certificates is not there.
    if "CERTIFICATE_VERIFY_FAILED" in reason or not wrapped:
        return FixSetup(
            f"no trusted connection ({reason})",
            "If a proxy of your company opens connections, name the file with its certificate in "
            "REQUESTS_CA_BUNDLE; otherwise check the API URL (LIVESTATS_API_URL) and the clock.",
        )
    if re.search(r"[Tt]unnel connection failed: 407\b", reason):
        return FixSetup(f"the proxy wants a login ({reason})", PROXY_LOGIN, http_status=407)
    if isinstance(core, urllib3.exceptions.NameResolutionError) and not has_answered:
        return FixSetup(
            f"a name does not resolve ({reason})",
            f"{_CHECK_ADDRESS} If they are right, check the name server.",
        )
    if isinstance(error, requests.exceptions.ReadTimeout):
        return TryLater(f"no answer in time ({reason})", timed_out=True, no_answer=True)
    return TryLater(
        f"no answer ({reason})",
        "If it lasts, check the network, the name server, the proxy (HTTPS_PROXY) and the API "
        "URL (LIVESTATS_API_URL).",
        no_answer=True,
    )


def _core(error: BaseException) -> BaseException:
    """The error at the core of one: the libraries wrap it in layers that repeat each other."""
    candidates = (getattr(error, "reason", None), *error.args)
    inner = next((part for part in candidates if isinstance(part, BaseException)), None)
    return error if inner is None else _core(inner)


def _told(error: BaseException) -> str:
    return printable(f"{type(error).__name__}: {error}", longest=200)


def _innermost(error: BaseException) -> str:
    """What the error at the core of one says."""
    return _told(_core(error))
