"""Finding: what was looked at, how bad it is, and what to do. For doctor, verify and alarms alike.

Who looks is elsewhere: pipelines/doctor, resources/verify, resources/monitoring. They extend the
class by what only they know, such as the repair of a damaged file.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Severity(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"  # works now, or is harmless
    PROBLEM = "problem"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    severity: Severity = Severity.PROBLEM
    kind: str = ""  # the class of fault, one of an enumeration of who looks; "" for a mere check
    subject: str | Path  # a check, a dataset, a rule, a run, a file
    text: str
    remedy: str = ""  # what to do; "" if nothing
