"""Short constructors for what the doctor finds. The class itself: resources/findings."""

from __future__ import annotations

from resources.findings import Finding, Severity


def ok(check: str, text: str) -> Finding:
    """Nothing to do."""
    return Finding(severity=Severity.OK, subject=check, text=text)


def warning(check: str, text: str, remedy: str) -> Finding:
    """Works now, and may soon fail."""
    return Finding(severity=Severity.WARNING, subject=check, text=text, remedy=remedy)


def problem(check: str, text: str, remedy: str) -> Finding:
    """Does not work."""
    return Finding(severity=Severity.PROBLEM, subject=check, text=text, remedy=remedy)
