"""The asset of the vendor's log files: downloads what lacks, as `livestats backfill` does.

Not here: the downloads (resources/logs). Read next: resources/logs/keep.py.
"""

# No `from __future__ import annotations` here: Dagster reads the annotations of asset functions.

import dagster as dg

from assets import asset_keys, lake
from resources.archive import Archive
from resources.config.log_settings import PARSE
from resources.logs import keep, notes, parse, states

KEY = asset_keys.of("logs", "log_files")

_NAMED = 5  # days that a failure names


def log_assets(archive: Archive) -> list[dg.AssetsDefinition]:
    """The asset, if the settings ask for the files."""
    if not states.is_wanted(archive.settings):
        return []

    @dg.asset(
        key=KEY,
        deps=[lake.key(states.DATASET)],
        description="The log files of all days that are final: downloaded, and kept byte for byte.",
        group_name="events",
        kinds={"file"},
        owners=lake.OWNERS,
    )
    def log_files(
        context: dg.AssetExecutionContext, archive: dg.ResourceParam[Archive]
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster knows the bare name only
        files = size = 0
        if due := states.due(_days(archive)):
            with archive.capturing() as capturer:
                for done in keep.keep(capturer, due):
                    files, size = files + done.files, size + done.bytes
                    context.log.info("%s: %d files", done.day, done.files)
        days = _days(archive)
        if archive.settings.log_files == PARSE:
            for parsed in parse.sync(archive.home, notes.days_of(archive.home)):
                context.log.info("%s: %d lines %s", parsed.day, parsed.lines, parsed.unreadable)
        lacking = [one for one in days if one.can_be_asked]
        if lacking:
            first = "; ".join(f"{one.day}: {one.reason}" for one in lacking[:_NAMED])
            raise dg.Failure(f"Log files of {len(lacking)} days lack: {first}", allow_retries=False)
        kept = sum(one.files - len(one.lacking) for one in days)
        facts = {"files": kept, "downloaded": files, "downloaded_bytes": size}
        return dg.MaterializeResult(metadata=facts)

    return [log_files]


def _days(archive: Archive) -> list[states.LogDay]:
    first, last = archive.first_day, archive.today
    return states.of_young_days(archive.home, archive.settings, archive.now(), first, last)
