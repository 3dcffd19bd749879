"""Connections on which the headers of an answer have to be there within a time.

Timeouts of the libraries hold between two bytes: a server that sends one a second, or `100 Continue`
without an end, is read for ever. Not here: the time for a body (client.py, download.py).
"""

from __future__ import annotations

import http.client
import io
import time
from typing import Any, cast

import requests
import requests.adapters
import urllib3.connection
import urllib3.connectionpool

HEADERS_S = 90.0
"""From the end of the request to the end of the headers."""


class _Bounded(io.RawIOBase):
    """A socket's stream that raises TimeoutError once a deadline has passed, if there is one."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self.deadline_s: float | None = time.monotonic() + HEADERS_S

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self.deadline_s is not None and time.monotonic() > self.deadline_s:
            raise TimeoutError(f"the headers were not complete after {HEADERS_S:g} s")
        return cast("int | None", self._raw.readinto(buffer))

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """A response whose headers, and those of a proxy before it, have a deadline."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._bounded = _Bounded(self.fp.detach())  # else the reader would close it when it goes
        self.fp = io.BufferedReader(self._bounded)

    def begin(self) -> None:
        super().begin()
        self._bounded.deadline_s = None


# Named as those of the library, for messages quote the names.


class HTTPConnection(urllib3.connection.HTTPConnection):
    """A connection without TLS."""

    response_class = _Response


class HTTPSConnection(urllib3.connection.HTTPSConnection):
    """One with TLS."""

    response_class = _Response


class HTTPConnectionPool(urllib3.connectionpool.HTTPConnectionPool):
    """Connections without TLS to one host."""

    ConnectionCls = HTTPConnection


class HTTPSConnectionPool(urllib3.connectionpool.HTTPSConnectionPool):
    """Those with TLS."""

    ConnectionCls = HTTPSConnection


_POOLS = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}


class Adapter(requests.adapters.HTTPAdapter):
    """What `requests` sends through: connections of this module, with a proxy or without."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager


def mount(session: requests.Session, connections: int = 10) -> None:
    """Let a session send through such connections, of which so many stay open."""
    adapter = Adapter(pool_maxsize=connections)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
