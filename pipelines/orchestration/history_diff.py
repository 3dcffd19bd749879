"""Which facts of the ledger Dagster's run history does not show yet: pure comparisons, no Dagster.

Reading the history and reporting to it belongs in ledger_sensor.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from resources.ledger.states import Entry


class Shown(StrEnum):
    """What Dagster shows of a partition."""

    MATERIALIZED = "materialized"
    FAILED = "failed"
    IN_PROGRESS = "in progress"


@dataclass(frozen=True, kw_only=True)
class History:
    """What Dagster shows of a dataset."""

    statuses: Mapping[date, Shown] = field(default_factory=dict)
    captures: Mapping[date, str] = field(default_factory=dict)
    """Name of the capture in the newest materialisation of each day."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What is to be reported of a dataset."""

    days: Sequence[Entry]  # complete, and not shown as such
    is_final: bool
    """False if captured days had to be left out because their lake file is not made yet."""


def difference(lines: Iterable[Entry], made: Mapping[date, str], history: History) -> Difference:
    """The complete days of `lines` that Dagster does not show as materialised from their capture.

    Suspect days are left out: a green partition cannot be taken back.

    `made` is the capture that each lake file was made from. A day without a lake file of its newest
    capture is left for a later look, and so is one that a run of Dagster's is working on: when it
    ends, everything is compared anyway.
    """
    days: list[Entry] = []
    is_final = True
    for line in lines:
        if not line.state.is_complete or line.is_suspect or line.capture is None:
            continue
        status = history.statuses.get(line.day)
        if status is Shown.MATERIALIZED and history.captures.get(line.day) == line.capture:
            continue
        if made.get(line.day) != line.capture:
            is_final = False
        elif status is not Shown.IN_PROGRESS:
            days.append(line)
    return Difference(days=days, is_final=is_final)


def fingerprint(lines: Iterable[Entry]) -> str:
    """A text that changes with the captures and states of a dataset's days."""
    facts = "\n".join(
        f"{line.day} {line.state} {line.capture}{' suspect' * line.is_suspect}" for line in lines
    )
    return hashlib.sha256(facts.encode()).hexdigest()[:16]
