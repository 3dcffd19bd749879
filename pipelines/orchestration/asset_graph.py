"""The whole graph: every dataset's capture and table, and the served copy."""

from __future__ import annotations

import dagster as dg

from assets import lake, log_files, warehouse
from assets.partitions import partitions_of
from resources.archive import Archive


def all_assets(archive: Archive) -> list[dg.AssetsDefinition]:
    """All assets, for the days of `archive`; settings that switch datasets off leave them out."""
    names, language = archive.settings.datasets, archive.settings.language
    return [
        *lake.capture_assets(partitions_of(archive), names, language),
        *log_files.log_assets(archive),
        *warehouse.table_assets(names, language),
    ]
