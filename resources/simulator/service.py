"""Everything about a request but its HTTP: counts, signature, rate, faults, manners, memory of answers.

The numbers come from api.py; a fault is in faults.py, a manner in manners/.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from resources.api.catalog import API_VERSION
from resources.api.credentials import Credentials
from resources.simulator import auth, faults, log_files
from resources.simulator.api import Api
from resources.simulator.exchange import Answer, Request, parameters_of, refusal
from resources.simulator.faults import FaultPicker
from resources.simulator.limits import Limiter
from resources.simulator.manners.manner import Manner
from resources.simulator.refusals import Refused
from resources.simulator.render import Result
from resources.simulator.settings import FaultKind

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
    manners: Sequence[Manner] = ()
    calls: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    closing: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._limiter = Limiter()
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, bytes], bytes] = OrderedDict()
        self._bytes_kept = 0

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """What the client gets; header names in lower case."""
        if target.startswith(log_files.FOLDER):
            return self._file(method, target, headers)
        action = parse_qs(urlsplit(target).query).get("Action", [""])[0]
        with self._lock:
            self.calls[action] += 1
            number = self.calls[action]
        if self.latency_s:
            self.closing.wait(self.latency_s)
        kind = self.chooser.choose(action)
        endpoint = self.api.endpoints.get(action)
        broken = faults.in_front(kind, action, self.chooser.faults)
        if broken is not None:
            return self._counted(broken)
        request = Request(
            action,
            target,
            method,
            headers,
            parameters_of(endpoint, method, target, body),
            number=number,
            at=self.clock(),
            credentials=self.credentials,
            endpoint=endpoint,
            ask=self.ask,
            page_fault=kind if kind in faults.PAGE_FAULTS else "",
            sent=body,
        )
        manners = [manner for manner in self.manners if manner.concerns(request)]
        answer = _first([m for m in manners if m.in_front], request)
        if answer is not None:
            self._counted(answer)
        else:
            behind_the_gate = [m for m in manners if not m.in_front]
            answer = self._counted(self._answer(request, kind, behind_the_gate))
            answer = self._counted(faults.spoiled(kind, answer, self.chooser.faults), answer)
        for manner in manners:
            answer = self._counted(manner.behind(request, answer), answer)
        return answer

    def _file(self, method: str, target: str, headers: Mapping[str, str]) -> Answer:
        """What a download of a log file gets: no signature of the account, no rate."""
        with self._lock:
            self.calls[log_files.ACTION] += 1
            number = self.calls[log_files.ACTION]
        now = self.clock()
        request = log_files.request(target, method, headers, number, now, self.credentials)
        manners = [one for one in self.manners if one.of_files and one.concerns(request)]
        answer = _first(manners, request) or log_files.answer(self.api.world, target, headers, now)
        self._counted(answer)
        for manner in manners:
            answer = self._counted(manner.behind(request, answer), answer)
        return answer

    def _answer(self, request: Request, kind: FaultKind | None, manners: list[Manner]) -> Answer:
        """The API's own answer, or what a fault or a manner gives instead of it."""
        try:
            self.admit(request)
            answer = faults.refused(kind, request.action, self.chooser.faults)
            answer = answer or _first(manners, request)
            if answer is None:
                result = self.result(request.action, request.body, request.page_fault)
                answer = Answer(request.action, result_json=result)
        except Refused as refused:
            answer = refusal(request.action, refused)
        return answer

    def _counted(self, answer: Answer, before: Answer | None = None) -> Answer:
        """Count a refusal or a spoiled answer under its name, unless it was `before` already."""
        name = answer.counted_as
        if name and (before is None or before.counted_as != name):
            with self._lock:
                self.refused[name] += 1
        return answer

    def admit(self, request: Request) -> None:
        """Raise `Refused` unless the request may be looked at.

        The signature's age is judged by the real clock: clients sign with theirs.
        """
        parts, action = urlsplit(request.target), request.action
        auth.verify(
            method=request.method,
            path=parts.path,
            query=parts.query,
            headers=request.headers,
            body=request.body if request.sent is None else request.sent,
            credentials=request.credentials,
            now=real_clock(),
        )
        if parse_qs(parts.query).get("Version") != [API_VERSION]:
            raise Refused("InvalidActionOrVersion", f"Version must be {API_VERSION}.")
        if action in self.withdrawn:
            raise Refused("InvalidActionOrVersion", f"There is no action {action}.")
        endpoint = self.api.endpoint(action)
        if action in self.denied:
            raise Refused("AccessDenied", f"The user has no permission for live:{action}.")
        if request.method != endpoint.method:
            raise Refused("MethodNotAllowed", f"{action} takes {endpoint.method}.")
        if self.rate is not None:
            limit = endpoint.rate_per_s if self.rate == "documented" else self.rate
            self._limiter.admit(action, limit)

    def ask(self, action: str, parameters: Mapping[str, Any]) -> Result:
        """The Result of another request, without manners; raises `Refused`."""
        found: Result = json.loads(self.result(action, json.dumps(parameters).encode()))
        return found

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


def _first(manners: Sequence[Manner], request: Request) -> Answer | None:
    """The answer of the first manner that gives one."""
    for manner in manners:
        answer = manner.before(request)
        if answer is not None:
            return answer
    return None
