"""What a manner is: something that the API does to some requests, before or behind its answer.

The manners themselves are in the modules beside this one; a fault by chance is in faults.py.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar

from resources.simulator.exchange import Answer, Request
from resources.simulator.noise import uniform

Options = Mapping[str, tuple[str, ...]]


@dataclass
class Manner:
    """Base class: a subclass overrides `before`, `behind` or both, and `is_about` where it can.

    The fields here are limits that every manner takes; a request outside of them is not touched.
    """

    name: ClassVar[str] = ""
    example: ClassVar[str] = ""
    options: ClassVar[Options] = {}  # field -> its values
    takes_actions: ClassVar[bool] = False  # its value is a list of actions
    of_files: ClassVar[bool] = False  # may be about downloads of log files, which no action is
    in_front: ClassVar[bool] = False  # acts as a proxy would: before signature and rate are checked

    action: tuple[str, ...] = field(default=(), kw_only=True)
    domain: tuple[str, ...] = field(default=(), kw_only=True)  # requests that name one of these
    stream: str = field(default="", kw_only=True)  # part of the name of a stream in the request
    days: tuple[date, date] | None = field(default=None, kw_only=True)  # that the window touches
    from_call: int = field(default=1, kw_only=True)  # of those that are not outside of the above
    until_call: int = field(default=0, kw_only=True)  # 0: for ever
    since: datetime | None = field(default=None, kw_only=True)  # by the simulator's clock
    until: datetime | None = field(default=None, kw_only=True)
    odds: float = field(default=1.0, kw_only=True)
    seed: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()

    def before(self, request: Request) -> Answer | None:
        """An answer instead of the API's, or None. May change the request."""
        return None

    def behind(self, request: Request, answer: Answer) -> Answer:
        """The answer that the client gets instead of `answer`, which may be a refusal."""
        return answer

    def is_about(self, request: Request) -> bool:
        """Whether the manner has anything to do with the request."""
        return True

    def concerns(self, request: Request) -> bool:
        """Whether the hooks are called for the request, which is counted. Ask once for each."""
        if not (self._is_within(request) and self.is_about(request)):
            return False
        with self._lock:
            self._calls[request.action] += 1
            of_action, of_all = self._calls[request.action], self._calls.total()
        if of_all < self.from_call or (self.until_call and of_all > self.until_call):
            return False
        return (
            self.odds >= 1 or uniform(self.seed, self.name, request.action, of_action) < self.odds
        )

    @property
    def calls(self) -> int:
        """The requests that it was about by now, those outside of its calls and odds too."""
        return self._calls.total()

    @property
    def actions(self) -> frozenset[str]:
        """The actions of these requests."""
        with self._lock:
            return frozenset(self._calls)

    def _is_within(self, request: Request) -> bool:
        if self.action and request.action not in self.action:
            return False
        if self.domain and not same_names(self.domain, request.domains):
            return False
        if self.stream and not any(self.stream in name for name in request.streams):
            return False
        if self.days is not None:
            window = request.days
            if window is None or window[1] < self.days[0] or window[0] > self.days[1]:
                return False
        is_early = self.since is not None and request.at < self.since
        is_late = self.until is not None and request.at >= self.until
        return not (is_early or is_late)


def same_names(some: tuple[str, ...] | list[str], others: list[str]) -> set[str]:
    """The domain names that both have, in lower case: compared as DNS does."""
    return {name.lower() for name in some} & {name.lower() for name in others}
