"""One request and one answer, as values that can be looked at and changed before they are sent.

What decides about them is in service.py and manners/; what writes them to a socket is in handler.py.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from resources.api.catalog import API_VERSION
from resources.api.catalog.model import Endpoint, Method
from resources.api.catalog.parameters import WireType
from resources.api.credentials import Credentials
from resources.simulator import auth
from resources.simulator.refusals import Refused
from resources.simulator.render import Result

SHANGHAI = timezone(timedelta(hours=8))
DOMAIN_PARAMETERS = ("Domain", "DomainList", "DomainNameList")
STREAM_PARAMETERS = ("Stream", "StreamList")
LOGIN_PAGE = b"<html><head><title>Sign in</title></head><body>Please sign in.</body></html>"

Delivery = Literal["whole", "cut", "drip", "reset", "close"]


@dataclass
class Request:
    """What came in. Whoever sees it before the answer is made may change `body`."""

    action: str
    target: str  # path and query
    method: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    number: int  # of this action, from 1
    at: datetime  # of the simulator's clock
    credentials: Credentials  # that its signature must be of
    endpoint: Endpoint | None  # None: the action does not exist
    ask: Callable[[str, Mapping[str, Any]], Result]  # an answer as it would be without manners
    page_fault: str = ""
    notes: dict[str, Any] = field(default_factory=dict)  # from one hook to another
    sent: bytes | None = None  # the body as it was signed; None: `body`

    @property
    def parameters(self) -> dict[str, Any]:
        """The body; {} if it is no JSON object."""
        try:
            found = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def change(self, **parameters: Any) -> None:
        """Set parameters as if the client had sent them."""
        self.body = json.dumps({**self.parameters, **parameters}, ensure_ascii=False).encode()

    def names(self, *parameters: str) -> list[str]:
        """All texts that these parameters hold, alone or in a list."""
        found = self.parameters
        values = (found.get(name) for name in parameters)
        return [
            text
            for value in values
            for text in (value if isinstance(value, list) else [value])
            if isinstance(text, str)
        ]

    @property
    def domains(self) -> list[str]:
        """The domains that it names."""
        return self.names(*DOMAIN_PARAMETERS)

    @property
    def streams(self) -> list[str]:
        """The streams that it names."""
        return self.names(*STREAM_PARAMETERS)

    @property
    def times(self) -> tuple[str, str]:
        """Names of the parameters of its window."""
        return ("StartTime", "EndTime") if self.endpoint is None else self.endpoint.times

    @property
    def days(self) -> tuple[date, date] | None:
        """First and last day of its window in Asia/Shanghai; None without a window."""
        found = self.parameters
        try:
            start, end = (datetime.fromisoformat(found[n]) for n in self.times)
        except (KeyError, TypeError, ValueError):
            return None
        last = max(start, end - timedelta(seconds=1))
        return start.astimezone(SHANGHAI).date(), last.astimezone(SHANGHAI).date()


@dataclass
class Answer:
    """What goes out: an envelope with a Result or an Error, or any bytes instead of it."""

    action: str
    status: int = 200
    result_json: bytes | None = None
    error: Mapping[str, object] | None = None
    raw: bytes | None = None  # the body; None: an envelope of the above
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    delivery: Delivery = "whole"
    delay_s: float = 0.0  # before the first byte
    pause_s: float = 0.0  # between the pieces of a drip
    counted_as: str = ""  # in `Simulator.refused`; "": a good answer

    @property
    def is_good(self) -> bool:
        """True for a Result that nothing has spoiled."""
        return self.result_json is not None and self.raw is None

    @property
    def has_nothing(self) -> bool:
        """True if there is no Result that could be changed: it is null, missing or spoiled."""
        return not self.is_good or self.result_json == b"null"

    @property
    def result(self) -> Result:
        """A copy of the Result; {} if there is none."""
        found = json.loads(self.result_json or b"{}")
        return found if isinstance(found, dict) else {}

    def with_result(self, result: Result | None) -> Answer:
        """The same answer with another Result."""
        text = json.dumps(result, ensure_ascii=False, separators=(",", ":"))
        return replace(self, result_json=text.encode())

    def body(self) -> bytes:
        """All bytes of the body."""
        if self.raw is not None:
            return self.raw
        metadata: dict[str, object] = {
            "RequestId": uuid.uuid4().hex.upper(),
            "Action": self.action,
            "Version": API_VERSION,
            "Service": auth.SERVICE,
            "Region": auth.REGION,
        }
        if self.error is not None:
            metadata["Error"] = self.error
        envelope = json.dumps({"ResponseMetadata": metadata}, ensure_ascii=False).encode()
        if self.result_json is None:
            return envelope
        return envelope[:-1] + b',"Result":' + self.result_json + b"}"


def parameters_of(endpoint: Endpoint | None, method: str, target: str, body: bytes) -> bytes:
    """The parameters of a request as a JSON object: its body, or what its query says.

    A number in a query has no type of its own: it is one where the action takes one.
    """
    if endpoint is None or not endpoint.method == method == Method.GET:
        return body
    found: dict[str, str | int] = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
    for name in ("Action", "Version"):
        found.pop(name, None)
    for name, text in found.items():
        known = endpoint.parameter.get(name)
        is_number = known is not None and known.wire_type is WireType.INTEGER
        if is_number and str(text).lstrip("-").isdecimal():
            found[name] = int(text)
    return json.dumps(found, ensure_ascii=False).encode()


def refusal(action: str, refused: Refused) -> Answer:
    """The API's own refusal."""
    return Answer(action, refused.http_status, error=refused.as_error(), counted_as=refused.code)


def page_of_a_proxy(action: str, status: int, counted_as: str, page: bytes = LOGIN_PAGE) -> Answer:
    """An HTML page from something in front of the API."""
    return Answer(action, status, raw=page, content_type="text/html", counted_as=counted_as)


def moment(text: str) -> datetime:
    """A time with its offset; Asia/Shanghai if it names none. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=SHANGHAI)).astimezone(UTC)
