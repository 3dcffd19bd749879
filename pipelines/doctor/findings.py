"""What the doctor says of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How it stands."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    text: str
    advice: str = ""  # what to do; "" if nothing


def ok(name: str, text: str) -> Finding:
    """Nothing to do."""
    return Finding(name=name, verdict=Verdict.OK, text=text)


def warning(name: str, text: str, advice: str) -> Finding:
    """It works, and may not for long."""
    return Finding(name=name, verdict=Verdict.WARNING, text=text, advice=advice)


def problem(name: str, text: str, advice: str) -> Finding:
    """It does not work."""
    return Finding(name=name, verdict=Verdict.PROBLEM, text=text, advice=advice)
