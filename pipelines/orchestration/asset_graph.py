"""The whole graph: every dataset's capture and table, and the served copy."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import dagster as dg

from assets import lake, warehouse
from assets.partitions import daily
from resources.archive import Archive


def all_assets(archive: Archive) -> list[dg.AssetsDefinition]:
    """All assets, for the days of `archive`; settings that switch datasets off leave them out."""
    # Rounded up: a clock that is set may pass midnight before the machine's does.
    ahead = (archive.now() - datetime.now(UTC)) / timedelta(days=1)
    partitions = daily(
        archive.first_day, archive.settings.time_zone, days_ahead=math.ceil(round(ahead, 3))
    )
    names, language = archive.settings.datasets, archive.settings.language
    return [
        *lake.capture_assets(partitions, names, language),
        *warehouse.table_assets(names, language),
    ]
