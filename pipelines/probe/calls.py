"""Calls of a probe: counted, each question asked once; a call that fails is an answer as well.

What is asked is in questions.py, what an answer means in the of_*.py.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from resources.api.catalog import ENDPOINTS
from resources.api.catalog.model import Endpoint
from resources.api.client import Client
from resources.api.envelope import read_json
from resources.api.errors import AnswerTooLarge, ApiError, FixAction, FixSetup, TryLater
from resources.api.rate_limiter import RateLimiter
from resources.api.redaction import MASK
from resources.errors import LivestatsError

MOST_CALLS = 60
"""Of one probe, repeated attempts included."""

FAILURES_AT_FIRST = 4
"""If so many questions fail before one is answered, nothing can be told."""

ENOUGH = 2
"""Questions of an action that fail before it is given up; a refused one may be a matter of its question."""

NOT_OFFERED = ("InvalidActionOrVersion", "MethodNotAllowed", "ServiceNotFound")


class BudgetSpent(LivestatsError):
    """The calls of a probe are used up."""


class CountedLimiter(RateLimiter):
    """The call budget of the home, which ends after MOST_CALLS."""

    left = MOST_CALLS

    def acquire(self, action: str) -> None:
        if self.left <= 0:
            raise BudgetSpent(f"The {MOST_CALLS} calls of a probe are used up.")
        self.left -= 1
        super().acquire(action)


@dataclass(frozen=True)
class Failure:
    """Why there is no answer: a kind of KINDS. What the API said may quote names: it is not kept."""

    kind: str
    code: str | None = None
    status: int | None = None


KINDS = (
    "denied",
    "not offered",
    "refused",
    "key refused",
    "throttled",
    "server fault",
    "page of a gateway",
    "timed out",
    "no JSON",
    "no Result",
    "connection broken",
    "too large",
    "not asked",
)


def failure_of(error: ApiError) -> Failure:
    """The failure that an error of the client is."""
    return Failure(_kind(error), error.code, error.http_status)


def _kind(error: ApiError) -> str:
    if isinstance(error, FixSetup):
        return "key refused"
    if isinstance(error, FixAction):
        is_absent = (error.code or "").partition(".")[0] in NOT_OFFERED
        return "not offered" if is_absent else "denied"
    if isinstance(error, AnswerTooLarge):
        return "too large"
    if not isinstance(error, TryLater):
        return "refused"
    if error.throttled:
        return "throttled"
    if error.code is not None:
        return "server fault"
    if "not whole JSON" in error.what:
        return "no JSON"
    if "neither a Result" in error.what:
        return "no Result"
    if error.http_status is not None:
        return "page of a gateway"
    return "timed out" if error.timed_out else "connection broken"


@dataclass(frozen=True)
class Reply:
    """What came back for one question."""

    action: str
    payload: Mapping[str, Any]
    document: Mapping[str, Any] = field(default_factory=dict)
    failure: Failure | None = None
    attempts: int = 1
    seconds: float = 0.0  # with all attempts and waits
    size: int = 0  # bytes of the body

    @property
    def endpoint(self) -> Endpoint:
        """The catalog's entry of its action."""
        return ENDPOINTS[self.action]

    @property
    def is_good(self) -> bool:
        """True for an answer with a Result, which may be null."""
        return self.failure is None

    @property
    def result(self) -> Mapping[str, Any]:
        """The Result; {} if it is null or there is none."""
        found = self.document.get("Result")
        return found if isinstance(found, dict) else {}

    @property
    def quotes_request(self) -> bool:
        """True if its metadata held a secret of the request, which was masked as it came in."""
        return MASK in json.dumps(self.document.get("ResponseMetadata") or {})


class Caller:
    """Asks, and remembers all replies. A refusal of the key or a spent budget ends the asking."""

    def __init__(self, client: Client, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._monotonic = monotonic
        self._replies: dict[str, Reply] = {}
        self._first_error: ApiError | None = None
        self.ended: LivestatsError | None = None

    @property
    def replies(self) -> list[Reply]:
        """Of all questions that were asked, in their order."""
        return [r for r in self._replies.values() if not r.failure or r.failure.kind != "not asked"]

    @property
    def calls(self) -> int:
        """Calls that were made, each attempt counted."""
        return sum(self._client.calls.values())

    def ask(self, action: str, payload: Mapping[str, Any], again: int = 0) -> Reply:
        """The reply to a question; `again` tells apart a question that is put a second time.

        Raises ApiError if none of the first questions was answered.
        """
        key = f"{action} {again} {json.dumps(payload, sort_keys=True)}"
        if key not in self._replies:
            self._replies[key] = self._asked(action, payload)
        return self._replies[key]

    def _asked(self, action: str, payload: Mapping[str, Any]) -> Reply:
        if self.ended is not None:
            return Reply(action, payload, failure=Failure("not asked"))
        given_up = self._given_up(action)
        if given_up is not None:
            return Reply(action, payload, failure=given_up)
        try:
            began_s = self._monotonic()
            found = self._client.call(action, payload, read_json)
            took_s = self._monotonic() - began_s
            return Reply(
                action, payload, found.value, None, found.attempts, took_s, len(found.body)
            )
        except BudgetSpent as error:
            self.ended = error
            return Reply(action, payload, failure=Failure("not asked"))
        except ApiError as error:
            self._first_error = self._first_error or error
            is_known = any(reply.is_good for reply in self._replies.values())
            if not is_known and (
                isinstance(error, FixSetup) or len(self._replies) + 1 >= FAILURES_AT_FIRST
            ):
                raise self._first_error from None
            if isinstance(error, FixSetup):
                self.ended = error
            return Reply(action, payload, failure=failure_of(error))

    def _given_up(self, action: str) -> Failure | None:
        """The failure of an action that none of its questions has been answered for."""
        replies = [reply for reply in self._replies.values() if reply.action == action]
        if len(replies) < ENOUGH or any(reply.is_good for reply in replies):
            return None
        last = replies[-1].failure
        return None if last is None or last.kind == "refused" else last
