"""The alarms that there are, the most urgent first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from resources.findings import Finding


class AlarmKind(StrEnum):
    """What is the matter, the most urgent first. Each has its paragraph in docs/recovery.md."""

    DISK = "disk"  # it will soon be full
    EXPIRING = "expiring"  # a day is not here, and will soon be forgotten by the API
    LOST = "lost"  # it has just been forgotten
    FAILED = "failed"  # a run ended without all that it was asked for; told when it happens
    SILENT = "silent"  # the daemon does not work any more, and days wait for it
    GAP = "gap"  # a day that should be here is not
    DAMAGE = "damage"  # the last verification found files that are not as they were written
    OUTDATED = "outdated"  # rows of an earlier normaliser, after an upgrade
    SCHEMA = "schema"  # the vendor sends a field that the catalogue does not know
    DISAGREEMENT = "disagreement"  # endpoints contradict each other
    BEHIND = "behind"  # readers see less than what is captured


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
    """The same, for people: what says the same of several subjects is said once."""
    found: dict[tuple[AlarmKind, str, str], Alarm] = {}
    for alarm in alarms:
        about = (alarm.kind, alarm.text, alarm.remedy)
        before = found.get(about)
        subject = f"{before.subject}, {alarm.subject}" if before else alarm.subject
        found[about] = replace(alarm, subject=subject)
    return [*found.values()]
