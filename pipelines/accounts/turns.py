"""Whose turn it is: when this host takes each account, and which it leaves to another host.

Not here: starting what is done for an account (cli/work_host.py).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from resources.home.lease_server import Holder

AGAIN_S = 600.0
"""An account that could not be taken, or was left to another host, is looked at again after so long."""

_DONE = (0, 1)
"""Exit codes of a backfill that went through; with 1 the next one asks for what lacks."""


@dataclass
class Turns:
    """When each account is due. Times are seconds of a clock that only goes on."""

    every_s: float
    _due_s: dict[str, float] = field(default_factory=dict)

    def set_accounts(self, names: Collection[str], now_s: float) -> None:
        """These accounts there are: new ones are due now, what is gone is not any more."""
        self._due_s = {name: self._due_s.get(name, now_s) for name in names}

    def due(self, now_s: float, busy: Collection[str]) -> str | None:
        """The account that has waited longest of those that are due and not busy."""
        waiting = [
            (due_s, name)
            for name, due_s in self._due_s.items()
            if due_s <= now_s and name not in busy
        ]
        return min(waiting)[1] if waiting else None

    def ended(self, name: str, code: int, now_s: float) -> float:
        """Note how the turn of an account ended; the seconds until its next."""
        left_s = self.every_s if code in _DONE else min(AGAIN_S, self.every_s)
        if name in self._due_s:
            self._due_s[name] = now_s + left_s
        return left_s

    def is_anothers(self, last: Holder | None) -> bool:
        """True if another host has taken the account and is not overdue.

        So an account stays where its copy is. A host is overdue when it has missed its next turn by as
        much again.
        """
        return last is not None and not last.is_here and last.age_s < 2 * self.every_s
