"""The documented calls per second of each action, counted exactly."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable

from resources.simulator.refusals import Refused

WINDOW_S = 1.0


class Limiter:
    """At most `rate` calls of one action in any second; further ones are refused, not delayed."""

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._admitted: defaultdict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def admit(self, action: str, rate: float) -> None:
        """Count one call; raises `Refused` if the last second has had its `rate` already."""
        with self._lock:
            now, recent = self._timer(), self._admitted[action]
            while recent and recent[0] <= now - WINDOW_S:
                recent.popleft()
            if len(recent) >= rate:
                raise Refused(
                    "FlowLimitExceeded",
                    f"{action} was called {len(recent)} times within a second: "
                    f"the limit is {rate:g} per second.",
                )
            recent.append(now)
