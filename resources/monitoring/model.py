"""What an alarm is, and which kinds there are.

When an alarm is active is in checks; what was already sent is in notify.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from resources.findings import Finding


class AlarmKind(StrEnum):
    """The kinds of alarms, the most urgent first. Each has its section in docs/recovery.md."""

    DISK = "disk"  # the disk will soon be full
    EXPIRING = "expiring"  # a day is missing, and the API will soon drop it
    LOST = "lost"  # the API has recently dropped a day that is missing
    FAILED = "failed"  # a run failed; sent at once by its own sensor
    SILENT = "silent"  # the daemon has stopped, and days are missing
    GAP = "gap"  # a day that should be captured is missing
    CUT = "cut"  # a cut of the settings cannot be, and is left out
    SUSPECT = "suspect"  # other datasets or the answer itself contradict a day
    DAMAGE = "damage"  # the last verification found changed or missing files
    OUTDATED = "outdated"  # rows were made by an earlier normaliser
    SCHEMA = "schema"  # responses have a field that the catalog lacks
    DISAGREEMENT = "disagreement"  # endpoints contradict each other beyond the tolerance
    BEHIND = "behind"  # the served copy lacks captured rows, or another place what is here


@dataclass(frozen=True, kw_only=True)
class Alarm(Finding):
    """A finding that is reported once, and once more when it is over."""

    kind: AlarmKind
    subject: str  # a dataset, a rule, a part of the home, a run
    mark: str = ""  # grows when it gets worse: then it is reported again

    @property
    def key(self) -> str:
        """Identifies the alarm across checks, although its text may change."""
        return f"{self.kind} {self.subject}"


def grouped(alarms: Iterable[Alarm]) -> list[Alarm]:
    """Alarms for display: those with equal kind, text and remedy are merged, subjects joined."""
    found: dict[tuple[AlarmKind, str, str], Alarm] = {}
    for alarm in alarms:
        about = (alarm.kind, alarm.text, alarm.remedy)
        before = found.get(about)
        subject = f"{before.subject}, {alarm.subject}" if before else alarm.subject
        found[about] = replace(alarm, subject=subject)
    return [*found.values()]
