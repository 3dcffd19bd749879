"""What became of a day in one run: told to assets, command line and tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from resources.api.catalog.datasets import Dataset
from resources.lake import parquet
from resources.ledger.states import Entry, State


class Outcome(StrEnum):
    """What became of one day in one run."""

    CAPTURED = "captured"  # new, or a revision
    UNCHANGED = "unchanged"  # asked again, the same rows
    KEPT = "kept"  # complete already, not asked
    SETTLING = "settling"
    LOST = "lost"
    BUSY = "busy"  # another run is at it
    FAILED = "failed"

    @property
    def is_complete(self) -> bool:
        """True if the day is in the archive after the run."""
        return self in (Outcome.CAPTURED, Outcome.UNCHANGED, Outcome.KEPT)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one run did for one day of a dataset."""

    dataset: str
    day: date
    outcome: Outcome
    rows: int = 0
    requests: int = 0
    bytes: int = 0  # of the answers
    message: str = ""
    origin: parquet.Provenance | None = None
    error: Exception | None = None


Progress = Callable[[Dataset, date, int, int], None]
"""Told after each question: dataset, day, questions done with so far, questions of the day."""


def reason_not_captured(line: Entry) -> str:
    """Why a day that is lost or settling is not asked."""
    if line.state is State.LOST:
        return f"lost: the API has forgotten it since {line.askable_until:%Y-%m-%d %H:%M %Z}"
    return f"settling: complete from {line.askable_from:%Y-%m-%d %H:%M %Z} on"
