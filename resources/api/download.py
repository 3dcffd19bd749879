"""Downloads of files that an answer of the API links to: a plain GET without the account's key.

The query of a link is its signature, so it stands in no message. Not here: where a file is stored,
and which links there are (resources/logs). Read next: transport.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http.cookiejar import DefaultCookiePolicy
from typing import BinaryIO
from urllib.parse import urlsplit

import requests
import urllib3

from resources.api import header_deadline, redaction
from resources.api.errors import AnswerTooLarge, ApiError, FixRequest, TryLater, printable
from resources.api.hosts import is_loopback
from resources.api.retry import Failures, RetryPolicy, Timing, read_retry_after
from resources.api.transport import CHUNK_BYTES, Timeouts

_SLOWEST_BYTES_PER_S = 50_000
"""A file that comes in more slowly is given up, so that a server that drips holds nothing up."""

_PIECE_S = 0.2

log = logging.getLogger("livestats.api")


class LinkRefused(ApiError):
    """The link is not valid any more, or never was: a fresh one may be."""


@dataclass(frozen=True)
class Link:
    """A signed address of a file. It is kept in memory only, and never shown."""

    url: str = field(repr=False)

    def __str__(self) -> str:
        return "a signed link"


@dataclass(frozen=True)
class Received:
    """What came for a link."""

    bytes: int
    sha256: str


class Downloader:
    """Downloads files, with retries as the client has them. Safe to share among threads."""

    def __init__(self, retries: RetryPolicy, timeouts: Timeouts, timing: Timing) -> None:
        self._retries = retries
        self._timeouts = timeouts
        self._timing = timing

    def fetch(
        self, link: Link, target: BinaryIO, most_bytes: int, check: Callable[[], None]
    ) -> Received:
        """Write the bytes behind `link` into `target`, exactly as they are sent.

        `check` is called after each piece and in each wait, and may raise to end it. Each attempt writes `target` anew.

        Raises LinkRefused, FixRequest for what no attempt mends, AnswerTooLarge above `most_bytes`, and
        the last TryLater when the retries are used up. No message has the link.
        """
        failures = Failures(self._retries, self._timing)
        while True:
            try:
                return self._attempt(link, target, most_bytes, check)
            except TryLater as error:
                wait_s = failures.wait_s(error, failures.number + 1)
                log.debug("A download: %s; again in %.1f s", error.what, wait_s)
            self._wait(wait_s, check)
            failures.slept_s += wait_s

    def _wait(self, seconds: float, check: Callable[[], None]) -> None:
        """Sleep in pieces, so that `check` can end it."""
        while seconds > 0:
            check()
            self._timing.sleep(min(seconds, _PIECE_S))
            seconds -= _PIECE_S
        check()

    def _attempt(
        self, link: Link, target: BinaryIO, most_bytes: int, check: Callable[[], None]
    ) -> Received:
        target.seek(0)
        target.truncate()
        host = _host_of(link)
        redaction.requested(link.url)
        digest, received = hashlib.sha256(), 0
        deadline_s = (
            self._timing.monotonic() + self._timeouts.body_s + most_bytes / _SLOWEST_BYTES_PER_S
        )
        with _session(link) as session, self._opened(session, link, host) as response:
            _check(response, host, self._timing.clock())
            promised = _length(response)
            if promised is not None and promised > most_bytes:
                raise _too_large(host, promised, most_bytes)
            for piece in _pieces(response):
                received += len(piece)
                if received > most_bytes:
                    raise _too_large(host, received, most_bytes)
                target.write(piece)
                digest.update(piece)
                check()
                if self._timing.monotonic() > deadline_s:
                    raise TryLater(f"{host} sent {received} bytes and was too slow", timed_out=True)
        if promised is not None and received != promised:
            raise TryLater(f"{host} promised {promised} bytes, and {received} came")
        return Received(received, digest.hexdigest())

    def _opened(self, session: requests.Session, link: Link, host: str) -> requests.Response:
        try:
            return session.get(
                link.url,
                headers={"Accept-Encoding": "identity"},  # the bytes as they lie there
                timeout=(self._timeouts.connect_s, self._timeouts.read_s),
                allow_redirects=False,
                stream=True,
            )
        except requests.exceptions.Timeout:
            failure: ApiError = TryLater(
                f"{host} did not answer in time", timed_out=True, no_answer=True
            )
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema):
            failure = FixRequest("the link is no usable address")
        except (OSError, urllib3.exceptions.HTTPError) as error:
            failure = TryLater(f"{host} did not answer ({type(error).__name__})", no_answer=True)
        raise failure  # out here, without the library's error, which quotes the link


def _host_of(link: Link) -> str:
    """The host of a link, for messages. Raises FixRequest for a link that is not to be opened."""
    try:
        parts = urlsplit(link.url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        host = printable(parts.hostname or "", longest=100)
    except ValueError:
        is_usable, host = False, ""
    if not is_usable:
        raise FixRequest("the link is not of http or https")
    return host


def _session(link: Link) -> requests.Session:
    """A session with the proxy and certificates of the environment, and nothing of the account."""
    session = requests.Session()
    header_deadline.mount(session)
    session.headers["User-Agent"] = "livestats"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    if not is_loopback(link.url):
        bare = link.url.partition("?")[0]
        found = session.merge_environment_settings(bare, {}, None, None, None)
        session.proxies, session.verify = found["proxies"], found["verify"]
        for url in session.proxies.values():
            redaction.hold_url(url)
    session.trust_env = False  # else a password of ~/.netrc would be sent
    return session


def _check(response: requests.Response, host: str, now: datetime) -> None:
    """Raise the error of an unsuccessful response. Its body is not quoted: it may have the link."""
    status = response.status_code
    if status == 200:
        return
    what = f"{host} answered {status}"
    if status in (401, 403):
        raise LinkRefused(f"{what}: the link is not valid, or not any more", http_status=status)
    if 300 <= status <= 399:
        raise FixRequest(f"{what}, a redirect, which is not followed", http_status=status)
    if status in (408, 425, 429) or status >= 500:
        wait_s = read_retry_after(response.headers.get("Retry-After"), now)
        raise TryLater(what, throttled=status == 429, retry_after_s=wait_s, http_status=status)
    raise FixRequest(what, http_status=status)


def _length(response: requests.Response) -> int | None:
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """The body as it is sent: never decompressed. Raises TryLater if it breaks off."""
    failure, received = None, 0
    try:
        while piece := response.raw.read1(CHUNK_BYTES, decode_content=False):
            received += len(piece)
            yield piece
    except (OSError, urllib3.exceptions.HTTPError) as error:
        failure = TryLater(f"the file broke off after {received} bytes ({type(error).__name__})")
    if failure is not None:
        raise failure


def _too_large(host: str, size: int, most_bytes: int) -> AnswerTooLarge:
    return AnswerTooLarge(
        f"{host} sends {size} bytes or more, and at most {most_bytes} were expected",
        "Nothing of it is kept.",
    )
