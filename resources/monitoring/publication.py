"""The alarm of a place beside the served copy that could not be published to.

Not here: the publication and its note (resources/publish_to/run.py), imported only if a place is set.
"""

from __future__ import annotations

from resources.archive import Archive
from resources.monitoring.model import Alarm, AlarmKind


def alarms(archive: Archive) -> list[Alarm]:
    """Alarm of the place of the settings, if the last publication to it failed."""
    if not archive.settings.publish_to:
        return []
    from resources.publish_to import run

    last = run.last_outcome(archive.home, archive.settings)
    if last is None or not last.problem:
        return []
    return [
        Alarm(
            kind=AlarmKind.BEHIND,
            subject=last.place,
            text=f"the last publication to it failed: {last.problem}",
            remedy="Mend that; the next run publishes again, or `livestats publish` does it now.",
        )
    ]
