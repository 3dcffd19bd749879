"""Everything about a request but its HTTP: counts, signature, rate, faults, memory of answers."""

from __future__ import annotations

import json
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from resources.api.catalog import API_VERSION
from resources.api.credentials import Credentials
from resources.simulator import auth
from resources.simulator.api import Api
from resources.simulator.faults import FaultPicker
from resources.simulator.limits import Limiter
from resources.simulator.refusals import Refused

_MOST_BYTES_KEPT = 128_000_000


def real_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


@dataclass
class Service:
    """What all connections share. Thread-safe."""

    api: Api
    clock: Callable[[], datetime]  # history and future are judged by this one
    credentials: Credentials
    rate: Literal["documented"] | float | None
    chooser: FaultPicker
    latency_s: float = 0.0
    withdrawn: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()
    calls: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    closing: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._limiter = Limiter()
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, bytes], bytes] = OrderedDict()
        self._bytes_kept = 0

    def count(self, action: str) -> None:
        """One more request, whatever becomes of it."""
        with self._lock:
            self.calls[action] += 1

    def refuse(self, code: str) -> None:
        """One more refusal."""
        with self._lock:
            self.refused[code] += 1

    def admit(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, action: str
    ) -> None:
        """Raise `Refused` unless the request may be looked at; header names in lower case.

        The signature's age is judged by the real clock: clients sign with theirs.
        """
        parts = urlsplit(target)
        auth.verify(
            method=method,
            path=parts.path,
            query=parts.query,
            headers=headers,
            body=body,
            credentials=self.credentials,
            now=real_clock(),
        )
        if parse_qs(parts.query).get("Version") != [API_VERSION]:
            raise Refused("InvalidActionOrVersion", f"Version must be {API_VERSION}.")
        if action in self.withdrawn:
            raise Refused("InvalidActionOrVersion", f"There is no action {action}.")
        endpoint = self.api.endpoint(action)
        if action in self.denied:
            raise Refused("AccessDenied", f"The user has no permission for live:{action}.")
        if method != "POST":
            raise Refused("MethodNotAllowed", f"{action} takes POST.")
        if self.rate is not None:
            limit = endpoint.rate_per_s if self.rate == "documented" else self.rate
            self._limiter.admit(action, limit)

    def result(self, action: str, body: bytes, page_fault: str = "") -> bytes:
        """The Result as JSON; raises `Refused`. A question repeated is answered from memory."""
        now = self.clock()
        try:
            asked = json.loads(body or b"{}")
        except ValueError:
            raise Refused("InvalidParam.BindError", "The body is not JSON.") from None
        # A question is not the same a day later: history and late data move with the clock.
        key = (f"{action}|{now:%Y%m%d%H%M}|{page_fault}", body)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        answer = self.api.answer(action, asked, now, page_fault)
        made = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
        with self._lock:
            self._bytes_kept += len(made) - len(self._kept.get(key, b""))
            self._kept[key] = made
            while self._bytes_kept > _MOST_BYTES_KEPT:
                self._bytes_kept -= len(self._kept.popitem(last=False)[1])
        return made
