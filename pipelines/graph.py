"""The whole graph: every dataset's capture and table, and the served copy."""

from __future__ import annotations

import dagster as dg

from assets import captures, tables
from assets.partitions import daily
from resources.archive import Archive


def all_assets(archive: Archive) -> list[dg.AssetsDefinition]:
    """All assets, for the days of `archive`; settings that switch datasets off leave them out."""
    partitions = daily(archive.first_day, archive.settings.time_zone)
    return [
        *captures.capture_assets(partitions, archive.settings.datasets),
        *tables.table_assets(archive.settings.datasets),
    ]
