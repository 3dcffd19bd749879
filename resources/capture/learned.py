"""What the API has refused or limited: kept so that it is not asked for each day again.

Here: list limits by action, refused items by question (a dataset and its variant), and the count of
calls spent on finding them.
Not here: finding them (isolation.py, read it next).
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from resources.api.errors import ApiError, FixRequest
from resources.capture.isolation import PROBES, probes
from resources.fs import atomic, sealed

MAX_FURTHER_CALLS = 200
"""Calls that one action may spend in a run on taking refused lists apart."""

MAX_FAILURES = 8
"""Requests of an action in a row that a failing server left without an answer."""

LONGEST_FAILURE_S = 300.0
"""An action that failed for so long, MAX_FAILURES times in a row, for FAILED_DAYS days and not for a
single item alone, is not asked again in a run."""

FAILED_DAYS = 3
"""One day that the server cannot answer, asked in ever shorter windows, takes minutes by itself."""

MAX_FRUITLESS = 2
"""Refused lists of an action of which each item was asked by itself, without an answer to any."""

ENOUGH_DAYS = 3
"""Days for which an item must be refused before it is held against earlier days."""

ENOUGH_ITEMS = 3
"""Single items that must be denied before the whole action counts as denied."""

LIMIT_DAYS = 7
"""Days after which one list longer than the learnt limit is tried again."""

_MAX_REMEMBERED = 20_000  # refused items of a question in the file


@dataclass(frozen=True)
class Refusal:
    """An item that was refused, and for which days."""

    days: frozenset[date]
    what: str
    advice: str
    code: str | None

    def holds_for(self, day: date) -> bool:
        """True for a day that was refused, and for days before ENOUGH_DAYS that were."""
        return day in self.days or sum(day < one for one in self.days) >= ENOUGH_DAYS

    def error(self, action: str) -> ApiError:
        """The error of a request that is not sent because of this refusal."""
        what = f"{self.what}; not asked again in this run"
        return FixRequest(what, self.advice, action=action, code=self.code)


@dataclass
class Learned:
    """Refusals and limits of all actions. Thread-safe; a missing or damaged file is an empty one.

    A refusal is held against the question that was refused, which another dataset of the action may
    ask with success, and against its day and, after some, earlier days: an item may be refused for
    days before it existed and answered for a later one. What an earlier run of today was refused is
    asked once more, by itself: a permission may have been given since, and the oldest day is gone
    tomorrow. Refusals are forgotten when `today` changes. Limits of lists are kept, and tried again
    after LIMIT_DAYS.
    """

    path: Path
    today: date
    max_further_calls: int = MAX_FURTHER_CALLS
    clock_s: Callable[[], float] = time.monotonic
    _limits: dict[str, tuple[int, date]] = field(default_factory=dict)  # with the day of learning
    _refused: dict[str, dict[str, Refusal]] = field(default_factory=dict)
    _confirmed: set[tuple[str, str]] = field(default_factory=set)  # refused in this run
    _spent: Counter[str] = field(default_factory=Counter)
    _fruitless: Counter[str] = field(default_factory=Counter)
    _failures: Counter[str] = field(default_factory=Counter)
    _failed_days: dict[str, list[date]] = field(default_factory=dict)  # in a row, the last one last
    _failed_items: dict[str, set[str]] = field(default_factory=dict)  # likewise; "": of no item
    _failing_since_s: dict[str, float] = field(default_factory=dict)
    _answered: set[str] = field(default_factory=set)  # actions with an answer in this run
    _denied: dict[str, set[str]] = field(default_factory=dict)  # action -> items, before any answer
    _expected: dict[str, dict[str, None]] = field(default_factory=dict)  # action -> items
    _steady: set[str] = field(default_factory=set)  # actions whose totals differ again and again
    _told: set[tuple[str, str]] = field(default_factory=set)  # actions and items, in this run
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_changed: bool = False

    @classmethod
    def load(cls, path: Path, today: date, max_further_calls: int = MAX_FURTHER_CALLS) -> Learned:
        """What is stored in `path`."""
        learned = cls(path, today, max_further_calls)
        try:
            facts = sealed.unseal(path.read_bytes())
            learned._limits = {k: _limit(v) for k, v in facts["list_limits"].items()}
            if facts["day"] == today.isoformat():
                learned._refused = {
                    question: {item: _refusal(one) for item, one in items.items()}
                    for question, items in facts["refused"].items()
                }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls(path, today, max_further_calls)  # costs some calls
        return learned

    def save(self) -> None:
        """Write what was learnt to the file, if anything was."""
        with self._lock:
            if not self._is_changed:
                return
            refused = {
                question: {
                    item: [sorted(map(str, one.days)), one.what, one.advice, one.code]
                    for item, one in [*items.items()][-_MAX_REMEMBERED:]
                }
                for question, items in self._refused.items()
            }
            facts = {
                "day": self.today.isoformat(),
                "list_limits": {k: [n, str(day)] for k, (n, day) in self._limits.items()},
                "refused": refused,
            }
            self._is_changed = False
        self.path.parent.mkdir(exist_ok=True)
        atomic.write_atomically(self.path, sealed.seal(facts))

    def list_limit(self, action: str) -> int | None:
        """The longest list that the action is known to take; None if no list was too long.

        None also once after LIMIT_DAYS: the API may take longer lists by now.
        """
        with self._lock:
            items, day = self._limits.get(action, (None, self.today))
            if (self.today - day).days < LIMIT_DAYS:
                return items
            self._limits[action] = items or 0, self.today
            self._is_changed = True
            return None

    def learn_list_limit(self, action: str, items: int) -> None:
        """Lists of `items` were answered, and a longer one was refused without a bad item in it."""
        with self._lock:
            self._limits[action] = items, self.today
            self._is_changed = True

    def refusal(self, question: str, item: str, day: date) -> Refusal | None:
        """A refusal of `item` to this question, in this run, that holds for `day`."""
        with self._lock:
            is_confirmed = (question, item) in self._confirmed
            known = self._refused.get(question, {}).get(item) if is_confirmed else None
        return known if known is not None and known.holds_for(day) else None

    def was_refused(self, item: str) -> bool:
        """True if the API refused `item` today, whatever was asked: it is then asked by itself."""
        with self._lock:
            return any(item in items for items in self._refused.values())

    def is_first_report(self, action: str, item: str) -> bool:
        """True for the first call in a run about an item without an answer; never if it was refused today."""
        if self.was_refused(item):
            return False
        with self._lock:
            is_first = (action, item) not in self._told
            self._told.add((action, item))
            return is_first

    def refuse(self, question: str, item: str, day: date, error: ApiError) -> None:
        """The API refused `item` for `day`."""
        with self._lock:
            items = self._refused.setdefault(question, {})
            is_known = (question, item) in self._confirmed
            days = items[item].days if is_known else frozenset()
            items[item] = Refusal(days | {day}, error.what, error.advice, error.code)
            self._confirmed.add((question, item))
            self._is_changed = True

    def note_item_answered(self, question: str, item: str) -> None:
        """What an earlier run was refused was answered: nothing of it holds any more."""
        with self._lock:
            if (question, item) not in self._confirmed:
                self._is_changed |= self._refused.get(question, {}).pop(item, None) is not None

    def note_failure(self, action: str, day: date, items: Sequence[str] = ()) -> None:
        """A request for `day` about `items` found the server failing, all attempts included."""
        with self._lock:
            self._failures[action] += 1
            if self._failures[action] == 1:
                self._failing_since_s[action] = self.clock_s()
                self._failed_days[action], self._failed_items[action] = [], set()
            self._failed_items[action].update(items or [""])
            earlier = [one for one in self._failed_days[action] if one != day]
            self._failed_days[action] = [*earlier, day]

    def note_reply(self, action: str) -> None:
        """The API replied, if only with a refusal: the server does not fail the action."""
        with self._lock:
            self._failures.pop(action, None)

    def note_answer(self, action: str, items: int = 0) -> None:
        """A request for so many items was answered with data: the action is permitted.

        A list longer than its limit shows that the limit is gone.
        """
        with self._lock:
            if action in self._limits and items > self._limits[action][0]:
                del self._limits[action]
                self._is_changed = True
            self._failures.pop(action, None)
            self._answered.add(action)

    def was_answered(self, action: str) -> bool:
        """True if a request of the action was answered with data in this run."""
        with self._lock:
            return action in self._answered

    def note_steady(self, action: str) -> None:
        """Totals of an answer differed from its rows, and did so when it was asked again."""
        with self._lock:
            self._steady.add(action)

    def is_steady(self, action: str) -> bool:
        """True if asking again does not mend totals of the action that differ from the rows."""
        with self._lock:
            return action in self._steady

    def is_denied(self, action: str, items: Sequence[str]) -> bool:
        """Whether a lack of permission, met when asking for `items`, is one for the whole action.

        It is not once the action was answered in this run, or while fewer than ENOUGH_ITEMS single
        items met it: the key may be allowed for some domains (projects) only.
        """
        with self._lock:
            if action in self._answered:
                return False
            return not items or len(self._denied.get(action, ())) >= ENOUGH_ITEMS

    def note_denied(self, action: str, item: str) -> None:
        """A request for this item alone met a lack of permission."""
        with self._lock:
            self._denied.setdefault(action, set()).add(item)

    def expect(self, action: str, items: Iterable[str]) -> None:
        """Requests of the action will ask about these items, in lists or one by one."""
        with self._lock:
            self._expected.setdefault(action, {}).update(dict.fromkeys(items))

    def witnesses(self, action: str) -> list[str]:
        """Some items of all that the action will be asked about, which were not denied by themselves.

        Empty once as many were: the items of one list, or the first ones, may belong to a project
        that the key may not see, and those of another list not.
        """
        with self._lock:
            denied = self._denied.get(action, set())
            untried = [item for item in self._expected.get(action, ()) if item not in denied]
            return probes(untried) if len(denied) < ENOUGH_ITEMS + PROBES else []

    def is_failing(self, action: str, day: date) -> bool:
        """True if MAX_FAILURES requests in a row found the server failing, the last for `day`.

        The other requests of that day are then not sent; the next day is tried with one, until the
        action has failed for FAILED_DAYS days and LONGEST_FAILURE_S. A single item that the server
        cannot answer, on whatever days, is no failing action: the others are asked.
        """
        with self._lock:
            if self._failures[action] < MAX_FAILURES:
                return False
            days = self._failed_days[action]
            lasted_s = self.clock_s() - self._failing_since_s[action]
            is_long = len(days) >= FAILED_DAYS and lasted_s >= LONGEST_FAILURE_S
            items = self._failed_items[action]
            return days[-1] == day or (is_long and (len(items) > 1 or "" in items))

    def note_fruitless(self, action: str) -> None:
        """No single item of a refused list was answered."""
        with self._lock:
            self._fruitless[action] += 1

    def is_worth_a_search(self, action: str) -> bool:
        """True if every item of a refused list may be asked: most may be bad, and a few not.

        Not once that was fruitless for some lists: then it is the action that is refused.
        """
        with self._lock:
            return self._fruitless[action] < MAX_FRUITLESS

    def spend_call(self, action: str) -> bool:
        """Count a call for taking a list apart; False if the action has had its share of this run."""
        with self._lock:
            if self._spent[action] >= self.max_further_calls:
                return False
            self._spent[action] += 1
            return True


def _limit(stored: Any) -> tuple[int, date]:
    """A limit and the day on which it was learnt or tried; earlier versions kept no day."""
    items, day = (stored, date.min) if isinstance(stored, int) else stored
    return int(items), day if isinstance(day, date) else date.fromisoformat(day)


def _refusal(stored: list[Any]) -> Refusal:
    days, what, advice, code = stored
    return Refusal(frozenset(map(date.fromisoformat, days)), str(what), str(advice), code)
