"""Checks of `livestats doctor`: each gives a Finding with advice; nothing is changed or captured.

Output is in cli/doctor.py. Read next: findings.py, machine.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipelines.doctor import api, machine, schedule
from pipelines.doctor import home as of_home
from pipelines.doctor.findings import problem
from resources.archive import Archive
from resources.config import resolve
from resources.findings import Finding, Severity

__all__ = ["Finding", "Severity", "examine", "problem"]


def examine(archive: Archive, folder: Path) -> Iterator[Finding]:
    """Run all checks, the fast local ones first."""
    yield from machine.versions()
    yield from machine.settings_found(resolve(archive.environ, folder))
    yield machine.clock_set(archive)
    home = machine.home_found(archive)
    yield home
    yield machine.space(archive)
    yield of_home.locks_found(archive)
    yield of_home.budget_found(archive)
    yield machine.warehouse_free(archive)
    yield machine.dagster_found(archive)
    if home.severity is Severity.OK:
        yield of_home.freshness_found(archive)
        yield of_home.suspicion_found(archive)
        yield of_home.captures_in_place(archive)
        yield from schedule.daemon_found(archive)
        yield schedule.webhook_found(archive)
        yield schedule.alarms_found(archive)
    credentials, finding = api.key_found(archive.environ)
    yield finding
    reached, finding = api.clock_offset(archive.settings)
    yield finding
    if credentials is not None and reached:
        yield from api.access_found(archive, credentials)
