"""Which request goes wrong, and how.

A fault is chosen by chance and ends with the request; what the API does always is in manners/.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace

from resources.simulator.exchange import Answer, page_of_a_proxy, refusal
from resources.simulator.noise import uniform
from resources.simulator.refusals import Refused
from resources.simulator.settings import FaultKind, Faults

REFUSALS: dict[FaultKind, tuple[str, str]] = {
    "throttle": ("FlowLimitExceeded", "Request was rejected because of the flow limit."),
    "internal": ("InternalError", "Something went wrong, try again later."),
    "unavailable": ("ServiceUnavailableTemp", "The service is unavailable for the moment."),
    "timeout": ("InternalServiceTimeout", "The service took too long."),
    "token": ("InvalidSecretToken", "The session token has expired."),
}

PAGE_FAULTS: frozenset[FaultKind] = frozenset({"shift", "repeat", "shrink"})


class FaultPicker:
    """Counts the requests and says what happens to each; equal runs get equal faults."""

    def __init__(self, faults: Faults | None) -> None:
        self.faults = faults or Faults()
        self._calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def choose(self, action: str) -> FaultKind | None:
        """The fault of the next request of `action`, or None."""
        with self._lock:
            self._calls[action] += 1
            self._calls["*"] += 1
            of_action, of_all = self._calls[action], self._calls["*"]
        for name, number in ((action, of_action), ("*", of_all)):
            count, kind = self.faults.first.get(name, (0, None))
            if kind is not None and number <= count:
                return kind
        # Numbered by action: with several at a time, their order among each other is chance.
        drawn = uniform(self.faults.seed, "fault", action, of_action)
        for kind, odds in self.faults.odds.items():
            if drawn < odds:
                return kind
            drawn -= odds
        return None


def in_front(kind: FaultKind | None, action: str, faults: Faults) -> Answer | None:
    """What comes from below or in front of the API, which never sees the request."""
    match kind:
        case "gateway" | "html":
            return page_of_a_proxy(action, 502 if kind == "gateway" else 200, kind)
        case "stall":
            return Answer(action, delivery="close", delay_s=faults.stall_s, counted_as=kind)
        case "reset":
            return Answer(action, delivery="reset", counted_as=kind)
    return None


def refused(kind: FaultKind | None, action: str, faults: Faults) -> Answer | None:
    """The refusal that a fault is, if it is one."""
    if kind not in REFUSALS:
        return None
    answer = refusal(action, Refused(*REFUSALS[kind]))
    if kind == "throttle" and faults.retry_after_s is not None:
        answer.headers["Retry-After"] = str(faults.retry_after_s)
    return answer


def spoiled(kind: FaultKind | None, answer: Answer, faults: Faults) -> Answer:
    """The API's answer after the fault."""
    match kind:
        case "error200" if answer.is_good:
            error = Refused("InternalError", "Something went wrong inside.")
            return replace(refusal(answer.action, error), status=200)
        case "no_result" if answer.is_good:
            return replace(answer, result_json=None, counted_as=kind)
        case "garbled":
            body = answer.body()
            middle = len(body) // 2
            body = body[:middle] + b"\xff\x00{{" + body[middle + 4 :]
            return replace(answer, raw=body, counted_as=kind)
        case "cut":
            return replace(answer, delivery="cut", counted_as=kind)
        case "drip":
            return replace(answer, delivery="drip", pause_s=faults.drip_s)
    return answer
