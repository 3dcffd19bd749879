"""The guard in front of Dagster's web server: which requests reach it, and /healthz.

An ASGI wrapper that imports neither Dagster nor a framework. Read next: webserver.py, which uses it.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HEALTH = "/healthz"
GRAPHQL = "/graphql"
PROXY_SECRET = "x-livestats-proxy-secret"  # noqa: S105 - the name of a header
"""Header in which a login proxy sends the shared secret."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_FRAMING = [(b"x-frame-options", b"DENY"), (b"cross-origin-resource-policy", b"same-origin")]


@dataclass(frozen=True)
class Login:
    """A login proxy names the user in a header; whoever can send that header is trusted.

    So it counts only over a Unix socket, or together with a secret that only the proxy knows.
    """

    header: str
    secret: str | None = None  # None: the page is on a Unix socket

    def refusal(self, headers: Mapping[str, str]) -> str | None:
        """Why a request has no login; None if it has one."""
        given = headers.get(PROXY_SECRET, "")
        if self.secret is not None and not hmac.compare_digest(
            given.encode(), self.secret.encode()
        ):
            return "the request did not come through the login proxy"
        return None if headers.get(self.header.lower()) else "there is no login"


class Guard:
    """Lets requests of the page itself through to `app`, and nothing that another page sends."""

    def __init__(
        self,
        app: App,
        hosts: Iterable[str],
        *,
        health: Callable[[], list[str]],
        login: Login | None = None,
    ) -> None:
        """`hosts` are the names under which the page is called, `health` says what is not well."""
        self._app = app
        self._hosts = frozenset(name.lower() for name in (*hosts, *LOOPBACK))
        self._health = health
        self._login = login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(scope, receive, send, *refusal)
        elif scope["type"] == "http" and scope["path"] == HEALTH:
            problems = await asyncio.to_thread(self._health)
            body = json.dumps({"status": "failing" if problems else "ok", "problems": problems})
            await _answer(send, 503 if problems else 200, body, b"application/json")
        else:
            await self._app(scope, receive, _without_frames(send))

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and reason for a request that does not get through."""
        names = [name for name, _ in scope["headers"]]
        if names.count(b"host") != 1 or names.count(b"origin") > 1:
            return 400, "the request must have one Host and at most one Origin"
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        if _name(headers["host"]) not in self._hosts:
            return 421, "the page is not called by this name: see `livestats ui --allow-host`"
        if scope["type"] == "websocket":
            wrong: tuple[int, str] | None = _foreign(headers)
            if scope["path"] != GRAPHQL:
                wrong = 404, "there is no such place"
        else:
            wrong = _wrong(scope["method"], scope["path"], headers)
        if wrong is not None:
            return wrong
        if self._login is not None and scope["path"] != HEALTH:
            missing = self._login.refusal(headers)
            return (401, missing) if missing else None
        return None


def _wrong(method: str, path: str, headers: Mapping[str, str]) -> tuple[int, str] | None:
    """Why an HTTP request is not one of the page itself."""
    if method in ("GET", "HEAD"):
        if path.rstrip("/") == GRAPHQL:
            return 405, "GraphQL is asked by POST"
        site, mode = headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")
        if site in ("cross-site", "same-site") and mode != "navigate":
            return 403, "another page asks"
        return None
    if method != "POST":
        return 405, "the method is not allowed"
    if path != GRAPHQL:
        return 403, "this place takes nothing from outside"  # Dagster's reporting of assets
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return 415, "GraphQL is asked in JSON"
    return _foreign(headers)


def _foreign(headers: Mapping[str, str]) -> tuple[int, str] | None:
    """Why a request is not from a page of this server; a browser says where it is from."""
    try:
        origin = urlsplit(headers.get("origin", ""))
    except ValueError:
        return 403, "the Origin is no address"
    if origin.scheme not in ("http", "https") or origin.netloc.lower() != headers["host"].lower():
        return 403, "another page asks, or the request has no Origin"
    return None


def _name(host: str) -> str:
    """The name in a Host header, without its port; "" if it is not one."""
    try:
        found = urlsplit(f"//{host}")
        is_plain = found.netloc == host and found.username is None
        found.port  # noqa: B018 - raises if it is no number
    except ValueError:
        return ""
    return (found.hostname or "").rstrip(".") if is_plain else ""


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches what listens on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _without_frames(send: Send) -> Send:
    """Sends answers that no other page can show inside of itself or load as its own."""

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *_FRAMING]}
        await send(message)

    return guarded


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, reason: str) -> None:
    if scope["type"] == "websocket":
        await receive()  # the request to connect
        await send({"type": "websocket.close", "code": 1008, "reason": reason})
        return
    await _answer(send, status, f"{reason}\n", b"text/plain; charset=utf-8")


async def _answer(send: Send, status: int, text: str, kind: bytes) -> None:
    body = text.encode()
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *_FRAMING,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
