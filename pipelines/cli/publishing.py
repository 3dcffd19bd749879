"""The part of `livestats publish` that publishes beside the served copy; used by rebuild.py.

Not here: the publication itself (resources/publish_to), which is imported only if it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipelines.cli import screen

if TYPE_CHECKING:
    from resources.archive import Archive
    from resources.publish_to.result import Result


def problem_of(target: str | None) -> str:
    """Why nothing can be published to `target`; "" if it can be, or if there is none."""
    if target is None:
        return ""
    from resources.config import publish_settings

    return publish_settings.fault_of(target)


def publish_to(archive: Archive, target: str, datasets: Sequence[str]) -> Result:
    """Publish the served copy to `target`. Raises NotPublished."""
    from resources.publish_to import run

    screen.note(f"Publishing to {run.place_of(target)} ...")
    return run.publish(archive.home, archive.settings, target, datasets, archive.now())


def tell(done: Result) -> None:
    """Say what was published."""
    what = (
        f"Published to {done.where}, schema {done.schema}: {screen.counted(done.tables, 'table')}"
    )
    if not done.is_new:
        screen.say(f"{what}, unchanged.")
        return
    screen.say(
        f"{what}, {screen.counted(done.rows, 'row')} written into {len(done.changed)} of them."
    )
    if done.removed:
        screen.say(f"Not published any more: {', '.join(done.removed)}.")


def as_json(done: Result) -> dict[str, Any]:
    """The same for programs."""
    return {
        "place": done.where,
        "schema": done.schema,
        "tables": done.tables,
        "changed": [*done.changed],
        "removed": [*done.removed],
        "rows": done.rows,
        "is_new": done.is_new,
    }
