"""Manners that refuse: the API's own envelopes, and what a proxy in front of it says.

What changes a good answer is in listing.py and figures.py; bytes and waiting are in wire.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from resources.simulator.exchange import Answer, Request, page_of_a_proxy
from resources.simulator.manners.manner import Manner, Options, same_names

LISTS = ("DomainList", "DomainNameList", "StreamList", "AppList", "ISPList", "VhostList", "Ips")
FORBIDDEN_PAGE = b"<html><head><title>403</title></head><body>Request forbidden.</body></html>"


def refused(request: Request, status: int, code: str, message: str) -> Answer:
    """A refusal with any code."""
    error = {"Code": code, "Message": message}
    return Answer(request.action, status, error=error, counted_as=code)


@dataclass
class RefuseDomain(Manner):
    """Refuses every request that names the domain, alone or in a list."""

    name = "refuse-domain"
    example = "refuse-domain=pull-1.sim.example"

    which: tuple[str, ...]
    status: int = 403
    code: str = "RequestForbidden"

    def is_about(self, request: Request) -> bool:
        return bool(same_names(self.which, request.domains))

    def before(self, request: Request) -> Answer | None:
        return refused(request, self.status, self.code, "The request is forbidden.")


@dataclass
class RefuseStream(Manner):
    """Refuses every request that names a stream with this text in its name."""

    name = "refuse-stream"
    example = "refuse-stream=room-101"

    part: str
    status: int = 400
    code: str = "InvalidParam"

    def is_about(self, request: Request) -> bool:
        return any(self.part in name for name in request.streams)

    def before(self, request: Request) -> Answer | None:
        return refused(request, self.status, self.code, "Invalid parameter: Stream.")


@dataclass
class RefuseAction(Manner):
    """Refuses an action, with any status and code, as JSON or as an HTML page."""

    name = "refuse-action"
    example = "refuse-action=DescribeLiveTopPlayData@status=403@code=OperationDenied.ServiceNotOpen"
    takes_actions = True

    which: tuple[str, ...]
    status: int = 403
    code: str = "OperationDenied.ServiceNotOpen"
    body: str = "json"
    options: ClassVar[Options] = {"body": ("json", "html")}

    def is_about(self, request: Request) -> bool:
        return request.action in self.which

    def before(self, request: Request) -> Answer | None:
        if self.body == "html":
            return page_of_a_proxy(request.action, self.status, "html", FORBIDDEN_PAGE)
        return refused(request, self.status, self.code, f"{request.action} is refused.")


@dataclass
class DenyKey(Manner):
    """Says of one action alone that the key is not known or not allowed."""

    name = "deny-key"
    example = "deny-key=DescribeLiveTopPlayData@code=InvalidAccessKey"
    takes_actions = True

    which: tuple[str, ...]
    code: str = "AccessDenied"
    status: int = 403

    def is_about(self, request: Request) -> bool:
        return request.action in self.which

    def before(self, request: Request) -> Answer | None:
        text = f"The user has no permission for live:{request.action}."
        return refused(request, self.status, self.code, text)


@dataclass
class ListLimit(Manner):
    """Refuses a request with more names in a list than this."""

    name = "list-limit"
    example = "list-limit=20"

    most: int
    parameter: tuple[str, ...] = LISTS
    status: int = 400
    code: str = "InvalidParam"

    def is_about(self, request: Request) -> bool:
        return any(len(request.names(name)) > self.most for name in self.parameter)

    def before(self, request: Request) -> Answer | None:
        return refused(request, self.status, self.code, f"Too many items: at most {self.most}.")


@dataclass
class TokenExpiry(Manner):
    """Accepts this session token only: requests with an older one are refused."""

    name = "token-expiry"
    example = "token-expiry=new-token@from-call=20"
    in_front = True

    token: str

    def before(self, request: Request) -> Answer | None:
        request.credentials = replace(request.credentials, session_token=self.token)
        return None


@dataclass
class ThrottleStorm(Manner):
    """Refuses with 429 and Retry-After, in seconds."""

    name = "throttle-storm"
    example = "throttle-storm=1@until-call=30"

    retry_after: str = "1"

    def before(self, request: Request) -> Answer | None:
        text = "Request was rejected because of the flow limit."
        answer = refused(request, 429, "FlowLimitExceeded", text)
        answer.headers["Retry-After"] = self.retry_after
        return answer


@dataclass
class ProxyLogin(Manner):
    """Answers 407, as a proxy that wants a password."""

    name = "proxy-login"
    example = "proxy-login"
    in_front = True

    def before(self, request: Request) -> Answer | None:
        answer = page_of_a_proxy(request.action, 407, self.name)
        answer.headers["Proxy-Authenticate"] = 'Basic realm="proxy"'
        return answer


@dataclass
class Redirect(Manner):
    """Sends the client to another address, as a gate of a network does."""

    name = "redirect"
    example = "redirect=302@to=http://127.0.0.1:9/login"
    in_front = True

    status: int = 302
    to: str = "http://127.0.0.1:9/login"

    def before(self, request: Request) -> Answer | None:
        answer = page_of_a_proxy(request.action, self.status, self.name)
        answer.headers["Location"] = self.to
        return answer


@dataclass
class LoginPage(Manner):
    """Answers 200 with an HTML page."""

    name = "html-200"
    example = "html-200@from-call=5@until-call=9"
    in_front = True

    def before(self, request: Request) -> Answer | None:
        return page_of_a_proxy(request.action, 200, "html")


MANNERS: tuple[type[Manner], ...] = (
    RefuseDomain,
    RefuseStream,
    RefuseAction,
    DenyKey,
    ListLimit,
    TokenExpiry,
    ThrottleStorm,
    ProxyLogin,
    Redirect,
    LoginPage,
)
