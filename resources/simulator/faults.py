"""Which request goes wrong, and how."""

from __future__ import annotations

import threading
from collections import Counter

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


def refusal_of(kind: FaultKind | None) -> Refused | None:
    """The refusal that a fault is, if it is one."""
    return Refused(*REFUSALS[kind]) if kind in REFUSALS else None
