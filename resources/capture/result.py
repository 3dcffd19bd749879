"""The result of one day in a run, for assets and commands.

Not here: the state of a day over all runs (ledger/states.py). Read next: capturer.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from resources.api.catalog.datasets import Dataset
from resources.api.errors import ApiError, printable
from resources.lake import parquet
from resources.ledger.states import Entry, State


class Outcome(StrEnum):
    """Outcome of one day in one run."""

    CAPTURED = "captured"  # new, or a revision
    UNCHANGED = "unchanged"  # captured again, same rows
    INCOMPLETE = "incomplete"  # captured, and some items have no answer
    KEPT = "kept"  # complete already, no request
    SETTLING = "settling"
    LOST = "lost"
    FAILED = "failed"

    @property
    def is_complete(self) -> bool:
        """True if the day is captured after the run, and nothing of it is known to lack."""
        return self in (Outcome.CAPTURED, Outcome.UNCHANGED, Outcome.KEPT)


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result of one day of a dataset in one run."""

    dataset: str
    day: date
    outcome: Outcome
    rows: int = 0
    requests: int = 0
    bytes: int = 0  # of the answers
    message: str = ""
    lacking: tuple[str, ...] = ()  # items without an answer
    origin: parquet.Provenance | None = None
    error: Exception | None = None


Progress = Callable[[Dataset, date, int, int], None]
"""Called after each request with dataset, day, finished requests and all requests of the day."""


_MAX_NAMED = 3  # items in a message


def named_items(items: Sequence[str]) -> str:
    """The first items, printable, and how many more there are."""
    more = f" and {len(items) - _MAX_NAMED} more" if len(items) > _MAX_NAMED else ""
    return printable(", ".join(items[:_MAX_NAMED])) + more


def reason_incomplete(lacking: Sequence[str], error: ApiError | None) -> str:
    """Message for a captured day that lacks items; `error` is that of the first of them.

    The vendor's code says enough, and is the same for all datasets; the log has the whole error.
    """
    why = f": {printable(error.code or error.what)}" if error else ""
    return f"incomplete, without an answer for {named_items(lacking)}{why}"


def reason_not_captured(line: Entry) -> str:
    """Message for a day that is lost or settling."""
    if line.state is State.LOST:
        return f"lost: not in the API's history since {line.askable_until:%Y-%m-%d %H:%M %Z}"
    return f"settling: complete from {line.askable_from:%Y-%m-%d %H:%M %Z} on"
