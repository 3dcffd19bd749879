"""The alarm of a home whose last work is not in the store that has the account's archive.

Not here: the store (resources/shared), imported only if one is set.
"""

from __future__ import annotations

from resources.archive import Archive
from resources.monitoring.model import Alarm, AlarmKind


def alarms(archive: Archive) -> list[Alarm]:
    """Alarm of the place of the settings, if the last push to it failed."""
    if not archive.settings.scale_home:
        return []
    from resources.shared import session

    problem = session.problem_of(archive.home, archive.settings)
    if not problem:
        return []
    return [
        Alarm(
            kind=AlarmKind.BEHIND,
            subject="shared home",
            text=f"what this host did last is not in the store: {problem}",
            remedy="Mend that; the next run puts it there, or `livestats sync` does it now.",
        )
    ]
