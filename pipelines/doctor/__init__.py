"""Checks of `livestats doctor`: each gives a Finding with advice; nothing is changed or captured.

Output is in cli/doctor.py. Read next: findings.py, machine.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pipelines.doctor import api, machine, schedule
from pipelines.doctor import home as of_home
from pipelines.doctor.findings import problem
from resources.archive import Archive
from resources.config import resolve
from resources.findings import Finding, Severity
from resources.fs import access
from resources.fs.scratch import NoScratch

__all__ = ["Finding", "Severity", "examine", "problem"]


def examine(archive: Archive, folder: Path) -> Iterator[Finding]:
    """Run all checks, the fast local ones first.

    A check that the system does not let look is a finding, and the others go on.
    """
    yield from machine.versions()
    yield from machine.settings_found(resolve(archive.environ, folder))
    yield machine.clock_set(archive)
    home = machine.home_found(archive)
    yield home
    is_usable = home.severity is Severity.OK
    yield from _looked("disk", lambda: [machine.space(archive)])
    if is_usable:
        yield from _looked("folders", lambda: of_home.folders_found(archive))
        yield from _looked("erasures", lambda: of_home.erasures_found(archive))
        yield from _looked("gone", lambda: of_home.gone_found(archive))
    yield from _looked("locks", lambda: [of_home.locks_found(archive)])
    yield from _looked("budget", lambda: [of_home.budget_found(archive)])
    yield from _looked("warehouse", lambda: [machine.warehouse_free(archive)])
    yield from _looked("dagster home", lambda: [machine.dagster_found(archive)])
    if is_usable:
        yield from _looked("freshness", lambda: [of_home.freshness_found(archive)])
        yield from _looked("suspicion", lambda: [of_home.suspicion_found(archive)])
        yield from _looked("captures", lambda: [of_home.captures_in_place(archive)])
        yield from _looked("cold answers", lambda: of_home.cold_found(archive))
        yield from _looked("daemon", lambda: schedule.daemon_found(archive))
        yield schedule.webhook_found(archive)
        yield from _looked("alarms", lambda: [schedule.alarms_found(archive)])
    credentials, finding = api.key_found(archive.environ)
    yield finding
    reached, finding = api.clock_offset(archive.settings)
    yield finding
    if credentials is not None and reached:
        yield from _looked("access", lambda: api.access_found(archive, credentials))


def _looked(check: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """The findings of a check; one that cannot look at something is a problem of its own."""
    try:
        yield from look()
    except (OSError, NoScratch) as error:
        yield problem(
            check,
            f"cannot be looked at: {access.reason(error)}",
            "Mend the permissions or the disk; nothing says that something is damaged.",
        )
